package duckdb_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"leat/connectors"
	"leat/connectors/connectortest"
	"leat/connectors/duckdb"
	"leat/files"
	"leat/internal/duck"
)

// place is a folder for database files.
func place(t testing.TB) (folder string, env connectors.Env) {
	t.Helper()
	folder = t.TempDir()
	roots, err := files.Open(folder, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = roots.Close() })
	return folder, connectors.Env{Files: roots}
}

// execute runs statements on a file, as another program would between runs.
func execute(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := duck.Open(path, duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	folder, env := place(t)
	path := filepath.Join(folder, "suite.duckdb")
	execute(t, path, "CREATE SCHEMA loads")
	connectortest.Run(t, connectortest.Harness{
		Connector: duckdb.New(), Env: env, Schema: "loads",
		Settings: connectors.Settings{"path": "suite.duckdb", "memory_limit": "512MB"},
		Seed: func(t *testing.T, name string, rows []connectortest.Row) connectors.Dataset {
			execute(t, path, append([]string{
				"CREATE OR REPLACE TABLE " + name + " (id BIGINT PRIMARY KEY, name VARCHAR, amount DECIMAL(12,2), \"at\" TIMESTAMP)",
			}, inserts(name, rows)...)...)
			return connectors.Dataset{Schema: "main", Name: name}
		},
	})
}

func inserts(name string, rows []connectortest.Row) []string {
	var statements []string
	for len(rows) > 0 {
		n := min(len(rows), 5_000)
		values := make([]string, n)
		for i, row := range rows[:n] {
			text := "'" + strings.ReplaceAll(row.Name, "'", "''") + "'"
			if row.NoName {
				text = "NULL"
			}
			values[i] = fmt.Sprintf("(%d, %s, %d / 100.00, TIMESTAMP '%s')", row.ID, text, row.Amount, row.At.Format("2006-01-02 15:04:05.000000"))
		}
		statements = append(statements, "INSERT INTO "+name+" VALUES "+strings.Join(values, ", "))
		rows = rows[n:]
	}
	return statements
}
