package duck_test

import (
	"path/filepath"
	"testing"

	"leat/internal/duck"
)

func TestTheMemoryLimitHoldsColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "columns.duckdb")
	for _, test := range []struct{ limit, want string }{
		{"64MiB", "64.0 MiB"}, // there is no table yet
		{"64MiB", "65.0 MiB"}, // two columns, two blocks of 256 KiB each
		{"0.5GiB", "513.0 MiB"},
		{"", "489.2 MiB"},
	} {
		db, err := duck.Open(path, duck.Options{MemoryLimit: test.limit})
		if err != nil {
			t.Fatal(err)
		}
		conn, err := db.Connect()
		if err != nil {
			t.Fatal(err)
		}
		rows, err := conn.Values(t.Context(), "SELECT CAST(current_setting('memory_limit') AS VARCHAR)")
		if err != nil || rows[0][0] != test.want {
			t.Errorf("%q is %v, want %s: %v", test.limit, rows, test.want, err)
		}
		if _, err := conn.Exec(t.Context(), "CREATE TABLE IF NOT EXISTS t (a INTEGER, b INTEGER)"); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
