package duck_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leat/internal/duck"
)

// openConn opens a database and a connection for the length of the test.
func openConn(t testing.TB, path string, options duck.Options) *duck.Conn {
	t.Helper()
	db, err := duck.Open(path, options)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	conn, err := db.Connect()
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() {
		conn.Close()
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return conn
}

func mustExec(t testing.TB, conn *duck.Conn, statement string) int64 {
	t.Helper()
	n, err := conn.Exec(context.Background(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return n
}

func kindOf(err error) duck.ErrorKind {
	if found, ok := errors.AsType[*duck.Error](err); ok {
		return found.Kind
	}
	return ""
}

func TestCage(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside.csv")
	if err := os.WriteFile(outside, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	conn := openConn(t, filepath.Join(dir, "main.duckdb"), duck.Options{TempDir: filepath.Join(dir, "spill")})
	mustExec(t, conn, "CREATE TABLE kept AS SELECT 1 AS a")
	for _, statement := range []string{
		"SELECT * FROM read_csv('" + outside + "')",
		"SELECT * FROM read_text('" + outside + "')",
		"SELECT * FROM glob('" + dir + "/*')",
		"SELECT * FROM '" + outside + "'",
		"COPY kept TO '" + filepath.Join(dir, "out.csv") + "'",
		"ATTACH '" + filepath.Join(dir, "other.duckdb") + "'",
		"EXPORT DATABASE '" + filepath.Join(dir, "export") + "'",
		"INSTALL httpfs",
		"LOAD '" + outside + "'",
		"SET memory_limit = '8GB'",
		"SET enable_external_access = true",
		"SET temp_directory = '/tmp'",
		"RESET lock_configuration",
		"PRAGMA temp_directory = '/tmp'",
	} {
		if _, err := conn.Exec(t.Context(), statement); err == nil {
			t.Errorf("%s was not refused", statement)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name != "outside.csv" && !strings.HasPrefix(name, "main.duckdb") {
			t.Errorf("the cage let %s be made", name)
		}
	}
}

func TestTimeZoneIsFixed(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{})
	got, err := conn.Values(t.Context(), "SELECT CAST(TIMESTAMPTZ '2026-01-02 03:04:05+02' AS VARCHAR)")
	if err != nil || got[0][0] != "2026-01-02 01:04:05+00" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestOpenRefusals(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.duckdb")
	if err := os.WriteFile(bad, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path string
		options    duck.Options
		want       duck.ErrorKind
	}{
		{"text file", bad, duck.Options{}, duck.NotDatabase},
		{"missing folder", filepath.Join(dir, "no", "x.duckdb"), duck.Options{}, duck.CannotOpen},
		{"missing file read only", filepath.Join(dir, "none.duckdb"), duck.Options{ReadOnly: true}, duck.CannotOpen},
		{"memory limit", duck.Memory, duck.Options{MemoryLimit: "lots"}, duck.InvalidOption},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			db, err := duck.Open(test.path, test.options)
			if err == nil {
				_ = db.Close()
			}
			if kindOf(err) != test.want {
				t.Errorf("got %v (%s), want kind %s", err, kindOf(err), test.want)
			}
		})
	}
}

// TestLockedByAnotherProcess runs this test binary once more as the process that holds
// the file.
func TestLockedByAnotherProcess(t *testing.T) {
	const variable = "DUCK_TEST_HOLD"
	if path := os.Getenv(variable); path != "" {
		openConn(t, path, duck.Options{})
		_, _ = os.Stdout.WriteString("open\n")
		_, _ = os.Stdin.Read(make([]byte, 1))
		return
	}
	path := filepath.Join(t.TempDir(), "held.duckdb")
	holder := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLockedByAnotherProcess$")
	holder.Env = append(os.Environ(), variable+"="+path)
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 5)); err != nil {
		t.Fatalf("the holder did not start: %v", err)
	}
	if _, err := duck.Open(path, duck.Options{}); kindOf(err) != duck.Locked {
		t.Errorf("got %v, want kind %s", err, duck.Locked)
	}
	_ = stdin.Close()
	_ = holder.Wait()
	openConn(t, path, duck.Options{})
}

func TestOtherOptionsInOneProcessAreLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.duckdb")
	conn := openConn(t, path, duck.Options{})
	mustExec(t, conn, "CREATE TABLE t AS SELECT 1 AS a")
	if _, err := duck.Open(path, duck.Options{ReadOnly: true}); kindOf(err) != duck.Locked {
		t.Errorf("got %v, want kind %s", err, duck.Locked)
	}
	second := openConn(t, path, duck.Options{})
	got, err := second.Values(t.Context(), "SELECT a FROM t")
	if err != nil || got[0][0] != int64(1) {
		t.Errorf("the shared database does not show the table: %v, %v", got, err)
	}
}

func TestCancel(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := conn.Exec(ctx, "SELECT count(*) FROM range(1000000) a(i), range(1000000) b(j) WHERE i * j % 7 = 3") // it would take hours
	if kindOf(err) != duck.Interrupted || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want an interrupted statement", err)
	}
	if _, err := conn.Exec(ctx, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a statement after the deadline: %v", err)
	}
	if _, err := conn.Query(ctx, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a query after the deadline: %v", err)
	}
	if n := mustExec(t, conn, "CREATE TABLE after AS SELECT 1 AS a"); n > 1 {
		t.Errorf("%d rows", n)
	}
}

func TestSelect(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{})
	mustExec(t, conn, "CREATE TABLE t AS SELECT 1 AS a")
	for _, query := range []string{"SELECT a FROM t", "WITH x AS (SELECT 1 AS a) FROM x; ", "TABLE t", "VALUES (1)"} {
		checked, err := conn.Select(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if _, err := conn.Describe(t.Context(), checked); err != nil {
			t.Errorf("describe %s: %v", checked, err)
		}
	}
	for _, query := range []string{
		"", "SELECT 1; SELECT 2", "DROP TABLE t", "INSERT INTO t VALUES (2) RETURNING a", "SELECT a FROM t WHERE a = ?",
		"SELECT", "SELECT nope FROM t", "COPY t TO 'x.csv'", "ATTACH 'x'", "BEGIN", "SET threads = 1", "CALL pragma_version()",
	} {
		if _, err := conn.Select(query); err == nil {
			t.Errorf("%q was not refused", query)
		}
	}
}

func TestErrorsHoldNoValues(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{})
	mustExec(t, conn, "CREATE TABLE t (a VARCHAR PRIMARY KEY, b INTEGER NOT NULL CHECK (b < 5))")
	mustExec(t, conn, "INSERT INTO t VALUES ('hidden', 1)")
	for statement, want := range map[string]duck.ErrorKind{
		"INSERT INTO t VALUES ('hidden', 1)":                         duck.Constraint,
		"INSERT INTO t VALUES ('hidden2', 77777)":                    duck.Constraint,
		"INSERT INTO t VALUES ('x', NULL)":                           duck.Constraint,
		"SELECT CAST(a AS INTEGER) FROM t":                           duck.Conversion,
		"SELECT CAST(CAST('99999' AS INTEGER) AS TINYINT), 'hidden'": duck.Conversion,
		"SELECT * FROM nope":                                         duck.Missing,
	} {
		_, err := conn.Exec(t.Context(), statement)
		if kindOf(err) != want {
			t.Errorf("%s: got kind %q (%v), want %q", statement, kindOf(err), err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), "77777") || strings.Contains(err.Error(), "99999")) {
			t.Errorf("%s: the error shows a value: %v", statement, err)
		}
	}
}
