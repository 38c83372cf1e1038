package faults_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shelf keeps the files that sites read, made when they are first wanted. Its callers
// hold the lock of the world.
type shelf struct{ dir string }

// duck is a DuckDB file with the tables first and second, as many rows as the big size.
func (s shelf) duck(t *testing.T) string {
	t.Helper()
	path := filepath.Join(s.dir, "source.duckdb")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	rows := `SELECT n AS id, (n // 200)::INTEGER AS grp, 'row ' || n AS note, (n %% 1000)::DECIMAL(12,2) AS amount, ('{"n": ' || n || '}')::JSON AS payload,
		TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(n // 7) AS updated_at FROM generate_series(%d, %d) s(n)`
	duckGround{path}.run(t, "CREATE TABLE first AS "+fmt.Sprintf(rows, 1, big.rows)+";"+
		"CREATE TABLE second AS SELECT * REPLACE (note || ' changed' AS note) FROM ("+fmt.Sprintf(rows, big.rows/10, big.rows+big.rows/20)+") q")
	return path
}

// serveDuck lets the view feed of a site's own file show a table.
func (s shelf) serveDuck(t *testing.T, path, table string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		raw, err := os.ReadFile(s.duck(t))
		if err != nil {
			t.Fatal(err)
		}
		place(t, path, raw)
	}
	duckGround{path}.run(t, "CREATE OR REPLACE VIEW feed AS FROM "+table)
}

// serveCSV writes a table of the source into a site's file.
func (s shelf) serveCSV(t *testing.T, conn *pgx.Conn, path, table string) {
	t.Helper()
	kept := filepath.Join(s.dir, table+".csv")
	if _, err := os.Stat(kept); err != nil {
		file, err := os.Create(kept)
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.PgConn().CopyTo(t.Context(), file, "COPY (TABLE "+table+") TO STDOUT (FORMAT csv, HEADER)")
		if closing := file.Close(); err != nil || closing != nil {
			t.Fatalf("write %s: %v, %v", kept, err, closing)
		}
	}
	raw, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	place(t, path, raw)
}

// place puts a whole file in the place of an older one.
func place(t *testing.T, path string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}
