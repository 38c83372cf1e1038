// Package testdb gives tests a real PostgreSQL server.
//
// The first test of a process that asks for [Postgres] or [Database] starts one
// throw-away cluster on a free loopback port; the tests that follow share it,
// each in a database of its own. Tests that need a server of their own, with
// other settings, with TLS, or one that they may stop, call [Start].
//
// The server runs as an unprivileged user even when root runs the tests, since
// PostgreSQL refuses root. A package whose tests use the shared server should
// hand its TestMain to [Main], which stops the server and removes its files. A
// test process that panics or is killed takes the server with it all the same
// (on Linux, by the parent-death signal), and the next process that starts a
// cluster removes the files that were left.
//
// The package needs PostgreSQL 10 or newer. A machine without it fails the
// test; it never skips it.
package testdb

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// superuser is the role that initdb makes.
const superuser = "postgres"

// cleanupTimeout bounds each statement that tidies up after a test.
const cleanupTimeout = 2 * time.Minute

// Options describe a server that differs from the shared one.
type Options struct {
	// BinDir is the folder of initdb and postgres. Empty means: the folder in
	// the variable PG_BIN, else the newest /usr/lib/postgresql/*/bin, else PATH.
	BinDir string
	// Settings are lines for postgresql.conf; they win over this package's own.
	// Values are written as quoted strings, which PostgreSQL takes for every type.
	Settings map[string]string
	// HBA replaces the lines of pg_hba.conf. The superuser may always connect.
	HBA []string
	// TLS makes the server offer TLS with a certificate for the name localhost.
	// The certificate does not cover 127.0.0.1, so a test can see both a name
	// that verifies and one that does not.
	TLS bool
	// Expired makes that certificate one that ended an hour ago.
	Expired bool
	// SmallDisk, when not 0, asks for a file system of that many bytes of its own, for a
	// tablespace that runs full. See [Server.SmallDisk].
	SmallDisk int64
}

// Server is a running cluster that accepts passwords (scram-sha-256) over TCP
// on the IPv4 loopback address only.
type Server struct {
	Host                string
	Port                int
	Superuser, Password string
	// BinDir is the folder of the server programs, for tests that run psql.
	BinDir string
	// CA is the PEM certificate that signed the server's; nil without TLS.
	CA []byte

	// SmallDisk is the folder of the small file system, which only the server sees, and
	// which is empty again after a restart. It is "" where this machine does not let the
	// tests mount one.
	SmallDisk string

	cluster *cluster
	admin   *admin
}

// Role is a login made for one test.
type Role struct {
	Name, Password string
}

// shared is the server that the tests of one process have in common.
var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// sequence numbers databases and roles, so that no two tests meet in one.
var sequence atomic.Int64

// parallelTests is how many tests of a package run at once when nobody says
// -parallel. It is above the processors of a small machine, since tests wait for
// their server more than they compute, and does not grow with those of a large
// one, since each test may hold a dozen of the server's connections.
const parallelTests = "4"

// Main runs the tests of a package, stops the shared server if they started
// it, and exits with their result. Call it as the whole body of TestMain.
func Main(m *testing.M) {
	capParallel()
	code := m.Run()
	shared.once.Do(func() {})
	if shared.server != nil {
		if err := shared.server.cluster.remove(); err != nil {
			fmt.Fprintln(os.Stderr, "testdb:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// capParallel sets how many tests run at once, unless the caller of the tests has.
func capParallel() {
	const name = "test.parallel"
	if !flag.Parsed() {
		flag.Parse()
	}
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	if err := flag.Set(name, parallelTests); err != nil {
		fmt.Fprintln(os.Stderr, "testdb: limit the tests that run at once:", err)
	}
}

// Postgres returns the server that the tests of this process share. Do not
// stop it: use [Start] for tests of faults.
func Postgres(t testing.TB) *Server {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = start(Options{}) })
	if shared.err != nil {
		t.Fatalf("testdb: %v", shared.err)
	}
	return shared.server
}

// Database makes an empty database on the shared server, drops it when the
// test ends, and returns its URL for the superuser.
func Database(t testing.TB) string {
	t.Helper()
	s := Postgres(t)
	return s.URL(s.CreateDatabase(t))
}

// Start starts a server that belongs to one test and ends with it.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := start(o)
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	t.Cleanup(func() {
		if err := s.cluster.remove(); err != nil {
			t.Errorf("testdb: %v", err)
		}
	})
	return s
}

// Connect opens a connection that closes when the test ends.
func Connect(t testing.TB, databaseURL string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatalf("testdb: connect: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
		defer cancel()
		_ = conn.Close(ctx) // the server may be gone by now, which is as good as closed
	})
	return conn
}

// URL returns the address of a database for the superuser.
func (s *Server) URL(database string) string {
	return s.URLFor(Role{Name: s.Superuser, Password: s.Password}, database)
}

// URLFor returns the address of a database for a role.
func (s *Server) URLFor(role Role, database string) string {
	mode := "disable"
	if s.CA != nil {
		mode = "require"
	}
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role.Name, role.Password),
		Host:     net.JoinHostPort(s.Host, strconv.Itoa(s.Port)),
		Path:     "/" + database,
		RawQuery: "sslmode=" + mode,
	}
	return u.String()
}

// CreateDatabase makes an empty database, drops it when the test ends, and
// returns its name.
//
// Options follow the statement, for example "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'".
func (s *Server) CreateDatabase(t testing.TB, options ...string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", sequence.Add(1))
	if err := s.createDatabase(t.Context(), name, strings.Join(options, " ")); err != nil {
		t.Fatalf("testdb: create database %s: %v", name, err)
	}
	t.Cleanup(func() {
		if !s.cluster.running() {
			return // the test stopped the server, and its databases went with it
		}
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
		defer cancel()
		if err := s.dropDatabase(ctx, name); err != nil {
			t.Errorf("testdb: drop database %s: %v", name, err)
		}
	})
	return name
}

// CreateRole makes a login without any rights beyond those of PUBLIC. Its name
// is the given one and a number, so that two tests may ask for the same. Roles
// stay until the cluster goes, since what they own may outlive the test.
func (s *Server) CreateRole(t testing.TB, name string) Role {
	t.Helper()
	role := Role{Name: fmt.Sprintf("%s_%d", name, sequence.Add(1)), Password: newPassword()}
	if err := s.createRole(t.Context(), role); err != nil {
		t.Fatalf("testdb: create role %s: %v", role.Name, err)
	}
	return role
}

// Exec runs SQL as the superuser: several statements, or one with arguments.
func (s *Server) Exec(t testing.TB, database, sql string, args ...any) {
	t.Helper()
	if err := s.exec(t.Context(), database, sql, args...); err != nil {
		t.Fatalf("testdb: %v", err)
	}
}

// Stop stops the server and keeps its data. An immediate stop is a crash:
// sessions are cut and the next start recovers from the log. Otherwise open
// transactions are rolled back and the data is closed in order.
func (s *Server) Stop(t testing.TB, immediate bool) {
	t.Helper()
	if err := s.cluster.stop(immediate); err != nil {
		t.Fatalf("testdb: %v", err)
	}
}

// Restart stops the server if it runs, and starts it again on the same port
// and data. It returns when the server answers.
func (s *Server) Restart(t testing.TB, immediate bool) {
	t.Helper()
	s.Stop(t, immediate)
	if err := s.launch(); err != nil {
		t.Fatalf("testdb: %v", err)
	}
}

func (s *Server) exec(ctx context.Context, database, sql string, args ...any) error {
	conn, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("execute SQL: %w", err)
	}
	return nil
}
