package testdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// catchUpTime is how long a standby may take to replay what its primary has written.
const catchUpTime = 2 * time.Minute

// Standby starts a server that follows s and can be read. It has the same roles and
// passwords, and ends with the test. The primary is stopped for a moment while its files
// are copied, so ask for the standby before opening sessions.
func (s *Server) Standby(t testing.TB, settings map[string]string) *Server {
	t.Helper()
	s.Stop(t, false)
	standby, err := s.copyServer(settings)
	s.Restart(t, false)
	if err == nil {
		err = standby.follow(s)
	}
	if err != nil {
		t.Fatalf("testdb: start a standby: %v", err)
	}
	t.Cleanup(func() {
		if err := standby.cluster.remove(); err != nil {
			t.Errorf("testdb: %v", err)
		}
	})
	return standby
}

// copyServer copies a stopped server's files to a folder of their own. A standby must
// allow as many connections as its primary, so that it takes over its settings.
func (s *Server) copyServer(settings map[string]string) (*Server, error) {
	dir, err := newDirectory(s.cluster.user)
	if err != nil {
		return nil, err
	}
	copied := *s
	c := &cluster{bin: s.cluster.bin, dir: dir, user: s.cluster.user, exited: make(chan struct{})}
	close(c.exited)
	copied.cluster, copied.admin = c, &admin{}
	err = os.CopyFS(c.data(), os.DirFS(s.cluster.data()))
	if err == nil {
		err = c.ownData()
	}
	if err == nil {
		err = c.set(settings)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("copy the primary's files: %w", err), c.remove())
	}
	return &copied, nil
}

// set adds settings to those that the cluster has; the last one of a name counts.
func (c *cluster) set(settings map[string]string) error {
	had, err := os.ReadFile(filepath.Join(c.data(), "postgresql.auto.conf"))
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	return c.dir.write("data/postgresql.auto.conf", append(had, settingLines(settings)...))
}

// ownData gives the copied files to the server's account; PostgreSQL requires that nobody
// else may enter the folder.
func (c *cluster) ownData() error {
	if err := os.Chmod(c.data(), 0o700); err != nil {
		return err
	}
	return filepath.WalkDir(c.data(), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return c.user.own(path)
	})
}

// sinceSignalFile is the major version from which a file, and no longer recovery.conf,
// makes a server a standby.
const sinceSignalFile = 12

// follow makes a copied server the standby of a running one, and starts it.
func (s *Server) follow(primary *Server) error {
	connection := fmt.Sprintf("host=%s port=%d user=%s password=%s", primary.Host, primary.Port, primary.Superuser, primary.Password)
	version, err := os.ReadFile(filepath.Join(s.cluster.data(), "PG_VERSION"))
	if err != nil {
		return fmt.Errorf("read the server's version: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(version)))
	if err != nil {
		return fmt.Errorf("read the server's version: %w", err)
	}
	settings := map[string]string{"primary_conninfo": connection, "recovery_target_timeline": "latest"}
	if major < sinceSignalFile {
		settings["standby_mode"] = "on"
		err = s.cluster.dir.write("data/recovery.conf", settingLines(settings))
	} else if err = s.cluster.dir.write("data/standby.signal", nil); err == nil {
		err = s.cluster.set(settings)
	}
	if err != nil {
		return err
	}
	if s.Port, err = freePort(); err != nil {
		return err
	}
	return s.launch()
}

// CatchUp waits until the standby has replayed all that the primary has written by now.
func (s *Server) CatchUp(t testing.TB, primary *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), catchUpTime)
	defer cancel()
	var target string
	if err := primary.queryRow(ctx, "SELECT pg_current_wal_insert_lsn()::text", &target); err != nil {
		t.Fatalf("testdb: %v", err)
	}
	for replayed := false; !replayed; time.Sleep(startPoll) {
		err := s.queryRow(ctx, "SELECT coalesce(pg_last_wal_replay_lsn() >= '"+target+"'::pg_lsn, false)", &replayed)
		if err != nil {
			t.Fatalf("testdb: the standby did not catch up with %s: %v", target, err)
		}
	}
}

// Promote makes a standby a primary of its own and returns when it takes changes.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), catchUpTime)
	defer cancel()
	cmd := s.cluster.command(ctx, "pg_ctl", "promote", "--pgdata", s.cluster.data(), "--wait")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("testdb: promote the standby: %v: %s", err, out)
	}
}

func (s *Server) queryRow(ctx context.Context, sql string, into any) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return conn.QueryRow(ctx, sql).Scan(into)
}
