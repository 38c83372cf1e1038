package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/internal/testdb"
)

// asLeat makes the test binary behave as leat, so that tests can start and kill real
// processes.
const asLeat = "LEAT_TEST_AS_LEAT"

func TestMain(m *testing.M) {
	if os.Getenv(asLeat) != "" {
		main()
	}
	testdb.Main(m)
}

// program is leat on a data directory of its own.
type program struct {
	t       *testing.T
	dataDir string
	env     map[string]string
}

func newProgram(t *testing.T) *program {
	t.Helper()
	return &program{t: t, dataDir: filepath.Join(t.TempDir(), "data"), env: map[string]string{envRetryAfter: "100ms,100ms"}}
}

// outcome is what a command line gave.
type outcome struct {
	code           int
	stdout, stderr string
}

// try runs a command line in this process.
func (p *program) try(args ...string) outcome {
	p.t.Helper()
	var stdout, stderr bytes.Buffer
	args = append([]string{"--data-dir", p.dataDir}, args...)
	getenv := func(name string) string { return p.env[name] }
	code := run(p.t.Context(), args, getenv, stdio{in: strings.NewReader(""), out: &stdout, err: &stderr})
	return outcome{code, stdout.String(), stderr.String()}
}

// must runs a command line that has to exit 0.
func (p *program) must(args ...string) string {
	p.t.Helper()
	got := p.try(args...)
	if got.code != exitDone {
		p.t.Fatalf("leat %s: exit %d\n%s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	return got.stdout
}

// start begins a command line in a process of its own.
func (p *program) start(ctx context.Context, args ...string) (*exec.Cmd, *bytes.Buffer) {
	p.t.Helper()
	cmd := exec.CommandContext(ctx, os.Args[0], append([]string{"--data-dir", p.dataDir}, args...)...)
	cmd.Env = append(os.Environ(), asLeat+"=1")
	output := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		p.t.Fatalf("start leat: %v", err)
	}
	return cmd, output
}

// write makes a file for the program and returns its path.
func (p *program) write(name, content string) string {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// apply saves a configuration.
func (p *program) apply(yaml string) {
	p.t.Helper()
	p.must("apply", "-f", p.write("leat.yaml", yaml))
}

// runFlow runs a flow and returns its JSON.
func (p *program) runFlow(name string, args ...string) (runResult, outcome) {
	p.t.Helper()
	got := p.try(append([]string{"run", name, "--wait", "--json"}, args...)...)
	var result runResult
	if got.stdout != "" {
		if err := json.Unmarshal([]byte(got.stdout), &result); err != nil {
			p.t.Fatalf("leat run --json printed %q: %v", got.stdout, err)
		}
	}
	return result, got
}

// pair is two empty databases with a connection to each.
type pair struct {
	server         *testdb.Server
	source, target string
	sourceConn     *pgx.Conn
	targetConn     *pgx.Conn
}

func newPair(t *testing.T) pair {
	t.Helper()
	p := pair{server: testdb.Postgres(t)}
	p.source, p.target = p.server.CreateDatabase(t), p.server.CreateDatabase(t)
	p.sourceConn = testdb.Connect(t, p.server.URL(p.source))
	p.targetConn = testdb.Connect(t, p.server.URL(p.target))
	return p
}

// authorizers is the YAML of both databases.
func (p pair) authorizers() string {
	one := `  - name: %s
    connector: postgres
    settings: {host: %q, port: %d, database: %s, username: %q, password: %q}
    tls: {mode: disable}
`
	s := p.server
	return "authorizers:\n" +
		fmt.Sprintf(one, "source", s.Host, s.Port, p.source, s.Superuser, s.Password) +
		fmt.Sprintf(one, "target", s.Host, s.Port, p.target, s.Superuser, s.Password)
}

// exec1 runs SQL that has to work.
func exec1(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// digest is the count and the ordered digest of a table's rows as text.
func digest(t *testing.T, conn *pgx.Conn, table string) string {
	t.Helper()
	var out string
	sql := fmt.Sprintf(`SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM %s t`, table)
	if err := conn.QueryRow(t.Context(), sql).Scan(&out); err != nil {
		t.Fatalf("digest of %s: %v", table, err)
	}
	return out
}
