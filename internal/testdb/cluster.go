package testdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	initTimeout = 2 * time.Minute
	stopTimeout = 30 * time.Second
	// logTailBytes is how much of the server's log a failed start shows.
	logTailBytes = 2000
)

// defaultSettings trade durability for speed: the data is thrown away. A commit
// still reaches the kernel's cache before it is reported, so nothing committed
// is lost by an immediate stop; only a crash of the machine would lose data.
var defaultSettings = map[string]string{
	"fsync":                   "off",
	"full_page_writes":        "off",
	"autovacuum_naptime":      "1h",
	"shared_buffers":          "64MB",
	"max_connections":         "200",
	"listen_addresses":        "127.0.0.1",
	"unix_socket_directories": "",
	"timezone":                "UTC",
	"log_timezone":            "UTC",
	"log_line_prefix":         "%m [%p] %q%u@%d ",
}

// cluster is the data folder of a server and the process that serves it.
type cluster struct {
	bin  string
	dir  *directory
	user *account
	ca   []byte
	// disk is the size of the small file system in bytes; 0 for none.
	disk int64

	process *os.Process
	exited  chan struct{} // closed when the process has ended and was waited for
}

func newCluster(bin, password string, o Options) (*cluster, error) {
	user, err := serverAccount()
	if err != nil {
		return nil, err
	}
	dir, err := newDirectory(user)
	if err != nil {
		return nil, err
	}
	c := &cluster{bin: bin, dir: dir, user: user, disk: o.SmallDisk, exited: make(chan struct{})}
	close(c.exited)
	if err := c.initialise(password, o); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

// initialise runs initdb and writes the configuration.
func (c *cluster) initialise(password string, o Options) error {
	if err := c.dir.write("password", []byte(password)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), initTimeout)
	defer cancel()
	cmd := c.command(ctx, "initdb", "--pgdata", c.data(), "--username", superuser,
		"--pwfile", c.dir.file("password"), "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--locale", "C", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("create a PostgreSQL cluster in %s: %w: %s", c.data(), err, bytes.TrimSpace(out))
	}
	return c.configure(o)
}

func (c *cluster) configure(o Options) error {
	settings := maps.Clone(defaultSettings)
	if o.TLS {
		if err := c.writeCertificates(settings, o.Expired); err != nil {
			return err
		}
	}
	maps.Copy(settings, o.Settings)
	if err := c.dir.write("data/postgresql.auto.conf", settingLines(settings)); err != nil {
		return err
	}
	if o.HBA == nil {
		return nil
	}
	lines := append([]string{"host all " + superuser + " 127.0.0.1/32 scram-sha-256"}, o.HBA...)
	return c.dir.write("data/pg_hba.conf", []byte(strings.Join(lines, "\n")+"\n"))
}

func (c *cluster) writeCertificates(settings map[string]string, expired bool) error {
	ends := time.Now().Add(certificateLife)
	if expired {
		ends = time.Now().Add(-time.Hour)
	}
	certs, err := newCertificates(ends)
	if err != nil {
		return err
	}
	c.ca = certs.ca
	settings["ssl"] = "on"
	settings["ssl_cert_file"] = c.dir.file("server.crt")
	settings["ssl_key_file"] = c.dir.file("server.key")
	return errors.Join(
		c.dir.write("server.crt", certs.server),
		c.dir.write("server.key", certs.key),
	)
}

func settingLines(settings map[string]string) []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&b, "%s = '%s'\n", name, strings.ReplaceAll(settings[name], "'", "''"))
	}
	return b.Bytes()
}

// launch starts the server and returns at once.
//
// The kernel sends the parent-death signal when the thread that made the child
// ends, not the process. So one goroutine keeps its thread, starts the server
// on it, and waits there until the server is gone.
func (c *cluster) launch(port int) error {
	log, err := os.OpenFile(c.dir.file("server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	cmd := c.command(context.Background(), "postgres", "-D", c.data(), "-p", strconv.Itoa(port))
	cmd.Stdout, cmd.Stderr = log, log
	started, exited := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		if c.disk == 0 {
			defer runtime.UnlockOSThread()
		} // else the thread ends with the goroutine, since it has mounts of its own
		defer close(exited)
		defer log.Close() //nolint:errcheck // the server holds its own handle
		c.mountDisk()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how a server ended is in its log
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("run %s: %w", cmd.Path, err)
	}
	c.process, c.exited = cmd.Process, exited
	return nil
}

// running says whether the server's process is there.
func (c *cluster) running() bool {
	select {
	case <-c.exited:
		return false
	default:
		return true
	}
}

// stop ends the server and waits until it is gone. A stopped one is left alone.
func (c *cluster) stop(immediate bool) error {
	if !c.running() {
		return nil
	}
	signal := syscall.SIGINT
	if immediate {
		signal = syscall.SIGQUIT
	}
	if err := c.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal the server: %w", err)
	}
	select {
	case <-c.exited:
		return nil
	case <-time.After(stopTimeout):
		_ = c.process.Kill() // it did not listen for half a minute
		<-c.exited
		return fmt.Errorf("the server did not stop within %s and was killed", stopTimeout)
	}
}

// remove stops the server and deletes its files.
func (c *cluster) remove() error {
	return errors.Join(c.stop(true), c.dir.remove())
}

// command prepares a server program: as the unprivileged account, in a folder
// that it can enter, without the PG* variables of whoever runs the tests.
func (c *cluster) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, program), args...)
	cmd.Dir = c.dir.path
	cmd.Env = []string{"PATH=" + c.bin + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = processAttributes(c.user)
	return cmd
}

func (c *cluster) data() string { return c.dir.file("data") }

// logTail returns the end of the server's log, for a failed start.
func (c *cluster) logTail() string {
	log, err := os.ReadFile(c.dir.file("server.log"))
	if err != nil || len(log) == 0 {
		return ""
	}
	return "\n" + string(log[max(0, len(log)-logTailBytes):])
}
