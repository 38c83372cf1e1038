package faults_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/internal/duck"
)

// system is the kind of a source or a target; the empty one is PostgreSQL.
type system string

const (
	postgres system = ""
	duckdb   system = "duckdb"
	csv      system = "file"
)

// canonical is the text of one row. Both systems write the same one for the same row.
var canonical = map[system]string{
	postgres: `concat_ws('|', id::bigint, grp::integer, coalesce('=' || note, 'NULL'), coalesce(amount::numeric(12,2)::text, 'NULL'),
		coalesce(payload::jsonb::text, 'NULL'), (extract(epoch FROM updated_at::timestamptz) * 1000000)::bigint) COLLATE "C"`,
	duckdb: `concat_ws('|', id, grp, coalesce('=' || note, 'NULL'), coalesce(amount::DECIMAL(12,2)::VARCHAR, 'NULL'),
		coalesce(payload::VARCHAR, 'NULL'), epoch_us(updated_at))`,
}

// digestOf is the query for the count and the ordered digest of the rows of a query, so
// that lost and doubled rows both show.
func digestOf(s system, query string) string {
	return "SELECT count(*) || ' rows ' || coalesce(md5(string_agg(r, '|' ORDER BY r)), '') FROM (SELECT " +
		canonical[s] + " AS r FROM (" + query + ") q) x"
}

// ground is a database that the test looks at directly.
type ground interface {
	// run executes statements that end with a semicolon.
	run(t *testing.T, statements string)
	// text is the only value that a query returns.
	text(t *testing.T, query string) string
	// digest is the digest of the rows of a query.
	digest(t *testing.T, query string) string
	// tables lists the tables of the schema analytics, separated by commas.
	tables(t *testing.T) string
}

// pgGround is a database of a server.
type pgGround struct{ conn *pgx.Conn }

func (g pgGround) run(t *testing.T, statements string) {
	t.Helper()
	if _, err := g.conn.Exec(t.Context(), statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

func (g pgGround) text(t *testing.T, query string) (out string) {
	t.Helper()
	if err := g.conn.QueryRow(t.Context(), query).Scan(&out); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out
}

func (g pgGround) digest(t *testing.T, query string) string {
	t.Helper()
	return g.text(t, digestOf(postgres, query))
}

func (g pgGround) tables(t *testing.T) string {
	t.Helper()
	return g.text(t, `SELECT coalesce(string_agg(relname::text, ',' ORDER BY relname::text COLLATE "C"), '') FROM pg_class
		WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'r'`)
}

// duckGround is a DuckDB file. It is open only while it is looked at, because a file
// takes one process at a time.
type duckGround struct{ path string }

// open hands out a connection; reading changes nothing in the file, not even its log.
func (g duckGround) open(t *testing.T, reading bool, use func(*duck.Conn)) {
	t.Helper()
	db, err := duck.Open(g.path, duck.Options{ReadOnly: reading})
	if err != nil {
		t.Fatalf("open the file: %v", err)
	}
	conn, err := db.Connect()
	if err == nil {
		use(conn)
		conn.Close()
	}
	if closing := db.Close(); err != nil || closing != nil {
		t.Fatalf("use %s: %v, %v", filepath.Base(g.path), err, closing)
	}
}

func (g duckGround) run(t *testing.T, statements string) {
	t.Helper()
	g.open(t, false, func(conn *duck.Conn) {
		for statement := range strings.SplitSeq(strings.ReplaceAll(statements, "jsonb", "json"), ";") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				t.Errorf("%s: %v", statement, err)
			}
		}
	})
}

func (g duckGround) text(t *testing.T, query string) (out string) {
	t.Helper()
	g.open(t, true, func(conn *duck.Conn) {
		rows, err := conn.Values(t.Context(), query)
		if err != nil || len(rows) != 1 {
			t.Errorf("%s: %d rows, %v", query, len(rows), err)
			return
		}
		out = fmt.Sprint(rows[0][0])
	})
	return out
}

func (g duckGround) digest(t *testing.T, query string) string {
	t.Helper()
	return g.text(t, digestOf(duckdb, query))
}

func (g duckGround) tables(t *testing.T) string {
	t.Helper()
	return g.text(t, `SELECT coalesce(string_agg(table_name, ',' ORDER BY table_name), '') FROM duckdb_tables() WHERE schema_name = 'analytics'`)
}
