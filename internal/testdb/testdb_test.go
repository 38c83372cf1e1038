package testdb_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"leat/internal/testdb"
)

// childEnv makes the test binary play a test process that meets a bad end.
const childEnv = "TESTDB_TEST_CHILD"

func TestMain(m *testing.M) {
	testdb.Main(m)
}

func TestDatabasesAreApartAndGoAway(t *testing.T) {
	var name string
	t.Run("inside", func(t *testing.T) {
		s := testdb.Postgres(t)
		name = s.CreateDatabase(t)
		s.Exec(t, name, "CREATE TABLE only_here (id int); INSERT INTO only_here VALUES (1), (2)")
		if got := queryInt(t, s.URL(name), "SELECT count(*) FROM only_here"); got != 2 {
			t.Errorf("rows in the table = %d, want 2", got)
		}
		other := testdb.Database(t)
		if got := queryInt(t, other, "SELECT count(*) FROM pg_class WHERE relname = 'only_here'"); got != 0 {
			t.Error("a second database sees the table of the first")
		}
	})
	s := testdb.Postgres(t)
	left := "SELECT count(*) FROM pg_database WHERE datname = '" + name + "'"
	if got := queryInt(t, s.URL("postgres"), left); got != 0 {
		t.Errorf("the database %s is still there after its test", name)
	}
}

func TestRoleHasItsOwnPasswordAndNoRights(t *testing.T) {
	s := testdb.Postgres(t)
	database := s.CreateDatabase(t)
	role, again := s.CreateRole(t, `odd "name"`), s.CreateRole(t, `odd "name"`)
	if role.Name == again.Name {
		t.Errorf("two roles share the name %s", role.Name)
	}
	conn := testdb.Connect(t, s.URLFor(role, database))
	_, err := conn.Exec(t.Context(), "CREATE TABLE public.t (id int)")
	wantCode(t, err, "42501")

	role.Password += "x"
	_, err = pgx.Connect(t.Context(), s.URLFor(role, database))
	wantCode(t, err, "28P01")
}

func TestSettingsAndHBAReachTheServer(t *testing.T) {
	s := testdb.Start(t, testdb.Options{
		Settings: map[string]string{"wal_level": "logical", "work_mem": "3MB", "search_path": `"it's"`},
		HBA:      []string{"host all all 127.0.0.1/32 reject"},
	})
	conn := testdb.Connect(t, s.URL("postgres"))
	for setting, want := range map[string]string{"wal_level": "logical", "work_mem": "3MB", "search_path": `"it's"`} {
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s = %s, want %s", setting, got, want)
		}
	}
	_, err := pgx.Connect(t.Context(), s.URLFor(s.CreateRole(t, "anybody"), "postgres"))
	wantCode(t, err, "28000")
}

func TestRestartKeepsPortAndData(t *testing.T) {
	s := testdb.Start(t, testdb.Options{})
	database := s.CreateDatabase(t)
	s.Exec(t, database, "CREATE TABLE kept (id int)")
	for _, immediate := range []bool{false, true} {
		s.Exec(t, database, "INSERT INTO kept VALUES (1)")
		s.Restart(t, immediate)
	}
	if got := queryInt(t, s.URL(database), "SELECT count(*) FROM kept"); got != 2 {
		t.Errorf("rows after two restarts = %d, want 2", got)
	}
	s.Stop(t, false)
	if _, err := pgx.Connect(t.Context(), s.URL(database)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("connect to a stopped server: %v, want connection refused", err)
	}
}

func TestTLSCertificateCoversLocalhostOnly(t *testing.T) {
	s := testdb.Start(t, testdb.Options{TLS: true})
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CA) {
		t.Fatal("the authority is not a PEM certificate")
	}
	connect := func(host string) error {
		config, err := pgx.ParseConfig(s.URL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		config.Fallbacks = nil
		config.TLSConfig = &tls.Config{RootCAs: pool, ServerName: host, MinVersion: tls.VersionTLS12}
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			return err
		}
		return conn.Close(t.Context())
	}
	if err := connect("localhost"); err != nil {
		t.Errorf("verify localhost: %v", err)
	}
	if err := connect("127.0.0.1"); !errors.As(err, new(x509.HostnameError)) {
		t.Errorf("verify 127.0.0.1: %v, want a name mismatch", err)
	}
	encrypted := "SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"
	if got := queryInt(t, s.URL("postgres"), encrypted); got != 1 {
		t.Error("the superuser's URL gives a session without TLS")
	}
}

// TestChild is what a child process runs; see startChild.
func TestChild(t *testing.T) {
	end := os.Getenv(childEnv)
	if end == "" {
		return
	}
	s := testdb.Postgres(t)
	conn := testdb.Connect(t, s.URL("postgres"))
	var data string
	if err := conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&data); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\nready %d %s\n", s.Port, data)
	if end == "panic" {
		panic("as asked")
	}
	time.Sleep(time.Minute) // the parent kills this process long before
}

func TestServerEndsWithItsProcess(t *testing.T) {
	for _, end := range []string{"panic", "kill"} {
		t.Run(end, func(t *testing.T) {
			child, port, data := startChild(t, end)
			if end == "kill" {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			if err := child.Wait(); err == nil {
				t.Fatal("the child ended well, so this test proves nothing")
			}
			waitClosed(t, port)
			testdb.Start(t, testdb.Options{})
			if _, err := os.Stat(data); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the files of a dead process are still there: %v", err)
			}
		})
	}
}

// startChild runs this test binary until its server answers.
func startChild(t *testing.T, end string) (child *exec.Cmd, port int, data string) {
	t.Helper()
	child = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	child.Env = append(os.Environ(), childEnv+"="+end)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "ready %d %s", &port, &data); err == nil {
			return child, port, data
		}
	}
	t.Fatalf("the child started no server: %v", child.Wait())
	return nil, 0, ""
}

// waitClosed waits until nobody listens on a loopback port.
func waitClosed(t *testing.T, port int) {
	t.Helper()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var d net.Dialer
		conn, err := d.DialContext(t.Context(), "tcp", address)
		if err != nil {
			return
		}
		_ = conn.Close()
	}
	t.Fatalf("a server still listens on %s after its process ended", address)
}

func TestMissingServerIsOneSentence(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("PG_BIN", empty)
	_, err := testdb.FindBinaries("")
	if err == nil || !strings.HasPrefix(err.Error(), empty+" holds no initdb and postgres") {
		t.Errorf("error = %v, want one that names the folder", err)
	}
}

func TestURLCarriesOddNames(t *testing.T) {
	s := &testdb.Server{Host: "127.0.0.1", Port: 5432}
	got := s.URLFor(testdb.Role{Name: "a@b/c", Password: "p:w?"}, "my db")
	u, err := url.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	if u.User.Username() != "a@b/c" || password != "p:w?" || u.Path != "/my db" {
		t.Errorf("%s reads back as %q, %q, %q", got, u.User.Username(), password, u.Path)
	}
}

func queryInt(t *testing.T, databaseURL, sql string) int {
	t.Helper()
	var n int
	if err := testdb.Connect(t, databaseURL).QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// wantCode fails the test unless the server answered with this SQLSTATE.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var answer *pgconn.PgError
	if !errors.As(err, &answer) || answer.Code != code {
		t.Errorf("error = %v, want SQLSTATE %s", err, code)
	}
}
