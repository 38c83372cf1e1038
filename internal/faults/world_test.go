package faults_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// world is what all cells of one test share: the program, a server, and a database that
// is only read.
type world struct {
	t      *testing.T
	binary string
	server *testdb.Server
	source string

	mu   sync.Mutex
	conn *pgx.Conn         // to the source, under mu
	want map[string]string // digests by source, schema and query, under mu

	shelf shelf
}

// size is a schema of the source that holds the tables first and second.
type size struct {
	schema string
	rows   int
}

var (
	// big has enough rows for many batches.
	big = size{"big", 100_000}
	// small is for steps that come once, however many rows there are.
	small = size{"small", 3_000}
)

// buildProgram builds the program with its crash points.
func buildProgram(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "leat")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "crashpoints", "-ldflags", "-s -w", "-o", binary, "leat/cmd/leat")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	return binary
}

// newWorld fills the source at a server.
func newWorld(t *testing.T, binary string, server *testdb.Server, sizes ...size) *world {
	t.Helper()
	w := &world{t: t, binary: binary, server: server, want: map[string]string{}, shelf: shelf{dir: t.TempDir()}}
	w.source = w.server.CreateDatabase(t)
	w.conn = testdb.Connect(t, w.server.URL(w.source))
	for _, s := range sizes {
		for _, sql := range s.tables() {
			if _, err := w.conn.Exec(t.Context(), sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
	}
	return w
}

// tableColumns make a table with them.
const tableColumns = `(id bigint NOT NULL, grp integer NOT NULL, note text, amount numeric(12,2), payload jsonb, updated_at timestamptz NOT NULL)`

// tables makes what the first run of a flow reads and what its second run reads: a tenth
// of the rows is changed, a tenth and the last groups are gone, and a twentieth is new.
// Seven rows share each time.
func (s size) tables() []string {
	return []string{
		"CREATE SCHEMA " + s.schema,
		"CREATE TABLE " + s.schema + ".first " + tableColumns,
		"CREATE TABLE " + s.schema + ".second " + tableColumns,
		fmt.Sprintf(`INSERT INTO %s.first SELECT n, n / 200, 'row ' || n, (n %% 1000) / 7.0, jsonb_build_object('n', n),
			timestamptz '2026-01-01 00:00:00+00' + (n / 7) * interval '1 second' FROM generate_series(1::bigint, %d) n`, s.schema, s.rows),
		fmt.Sprintf(`INSERT INTO %[1]s.second SELECT id, grp, CASE WHEN id %% 10 = 3 THEN note || ' changed' ELSE note END, amount, payload,
			CASE WHEN id %% 10 = 3 THEN updated_at + interval '100 days' ELSE updated_at END FROM %[1]s.first WHERE id %% 10 <> 7 AND id <= %[2]d`, s.schema, s.rows-s.rows/50),
		fmt.Sprintf(`INSERT INTO %s.second SELECT -n, -n / 200, 'new ' || n, (n %% 1000) / 7.0, NULL,
			timestamptz '2026-07-01 00:00:00+00' + (n / 7) * interval '1 second' FROM generate_series(1::bigint, %d) n`, s.schema, s.rows/20),
		fmt.Sprintf("ANALYZE %[1]s.first, %[1]s.second", s.schema),
	}
}

// expected is the digest of a query over the tables of a size in a source.
func (w *world) expected(t *testing.T, from system, s size, query string) string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	key := string(from) + " " + s.schema + " " + query
	if _, ok := w.want[key]; ok {
		return w.want[key]
	}
	if from == duckdb {
		w.want[key] = duckGround{w.shelf.duck(t)}.digest(t, query)
		return w.want[key]
	}
	pgGround{w.conn}.run(t, "SET search_path = "+s.schema)
	w.want[key] = pgGround{w.conn}.digest(t, query)
	return w.want[key]
}

// asked is the answer of the source to a query over the tables of a size.
func (w *world) asked(t *testing.T, s size, query string) string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	pgGround{w.conn}.run(t, "SET search_path = "+s.schema)
	return pgGround{w.conn}.text(t, query)
}
