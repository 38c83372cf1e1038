package duckdb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"leat/connectors"
)

func TestCursorWindows(t *testing.T) {
	t.Parallel()
	s := newSite(t, `CREATE TABLE t (id BIGINT, "at" TIMESTAMP, d DATE, n DECIMAL(6,2))`, "INSERT INTO t SELECT i, TIMESTAMP '2026-01-01' + INTERVAL (i) MINUTE, DATE '2026-01-01' + i::INT, i FROM range(10) r(i)",
		"INSERT INTO t VALUES (99, NULL, NULL, NULL)")
	tests := []struct {
		cursor, overlap string
		nulls           connectors.NullPolicy
		first, second   int
	}{
		{"at", "", "", 11, 1},
		{"at", "5m", "", 11, 6},
		{"at", "none", "", 10, 1},
		{"d", "2d", "", 11, 3},
		{"d", "1h", "", 11, 2},
		{"at", "1w", "", 11, 10},
		{"n", "3.5", "", 11, 4},
		{"id", "4", "", 11, 1},
		{"at", "", connectors.NullsExclude, 10, 1},
		{"at", "", connectors.NullsInclude, 11, 2},
	}
	for _, test := range tests {
		t.Run(test.cursor+test.overlap+string(test.nulls), func(t *testing.T) {
			selection := connectors.Selection{Dataset: connectors.Dataset{Name: "t"}, Cursor: test.cursor, Overlap: test.overlap, Nulls: test.nulls}
			n, next := s.count(t, selection)
			if n != test.first {
				t.Errorf("the first read gave %d rows", n)
			}
			selection.Position = next
			again, same := s.count(t, selection)
			if test.overlap == "none" {
				again++ // the highest row still waits
			}
			if again != test.second || same != next {
				t.Errorf("the second read gave %d rows, position %s and then %s", again, next, same)
			}
		})
	}
	for _, selection := range []connectors.Selection{
		{Cursor: "at", Nulls: connectors.NullsFail},
		{Cursor: "at", Overlap: "lots", Position: `{"cursor":"2026-01-01 00:00:00","type":"TIMESTAMP"}`},
		{Cursor: "at", Position: `{"cursor":"5","type":"BIGINT"}`},
		{Cursor: "at", Position: "broken"},
		{Cursor: "nope"},
	} {
		selection.Dataset.Name = "t"
		if _, err := s.try(t, selection); err == nil {
			t.Errorf("%+v was not refused", selection)
		}
	}
}

// TestCursorsAtTheEndsOfTheirTypes reads at the first and the last value that a type holds.
func TestCursorsAtTheEndsOfTheirTypes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ native, first, last, overlap string }{
		{"DATE", "5877642-06-25 (BC)", "5881580-07-10", "2w"},
		{"TIMESTAMP", "290309-12-22 (BC) 00:00:00", "294247-01-10 04:00:54.775806", "1d"},
		{"TIMESTAMPTZ", "290309-12-22 (BC) 00:00:00+00", "294247-01-10 04:00:54.775806+00", "1d"},
		{"TIMESTAMPTZ", "290308-12-22 (BC) 00:00:00.123456+00", "290000-12-31 23:59:59.999999+00", "15000w"},
		{"BIGINT", "-9223372036854775808", "9223372036854775807", "5"},
		{"DECIMAL(38,0)", "-99999999999999999999999999999999999999", "99999999999999999999999999999999999999", "5.5"},
		{"DECIMAL(38,38)", "-0.99999999999999999999999999999999999999", "0.99999999999999999999999999999999999999", "0.5"},
		{"DECIMAL(18,9)", "-5.000000001", "5.000000001", "0.000000001"},
	} {
		for _, overlap := range []string{"", test.overlap} {
			t.Run(test.native+" "+overlap, func(t *testing.T) {
				s := newSite(t, fmt.Sprintf("CREATE TABLE t (id BIGINT, c %s)", test.native), fmt.Sprintf("INSERT INTO t VALUES (1, '%s')", test.first))
				selection := connectors.Selection{Dataset: connectors.Dataset{Name: "t"}, Cursor: "c", Overlap: overlap}
				for range 2 {
					var n int
					if n, selection.Position = s.count(t, selection); n != 1 {
						t.Errorf("at the first value %d rows were read", n)
					}
				}
				execute(t, s.path, fmt.Sprintf("INSERT INTO t VALUES (2, '%s')", test.last))
				_, selection.Position = s.count(t, selection)
				if n, _ := s.count(t, selection); n != 1 {
					t.Errorf("at the last value %d rows were read", n)
				}
			})
		}
	}
}

func (s site) count(t *testing.T, selection connectors.Selection) (int, connectors.Position) {
	t.Helper()
	checkpoint, err := s.try(t, selection)
	if err != nil {
		t.Fatal(err)
	}
	return int(checkpoint.Rows), checkpoint.Position
}

func (s site) try(t *testing.T, selection connectors.Selection) (connectors.Checkpoint, error) {
	t.Helper()
	ctx := context.Background()
	read, err := s.Read(ctx, []connectors.Selection{selection}, connectors.Want{})
	if err != nil {
		return connectors.Checkpoint{}, err
	}
	defer read.Close()
	for {
		event, err := read.Next(ctx)
		if err != nil {
			return connectors.Checkpoint{}, err
		}
		if event.Checkpoint != nil {
			return *event.Checkpoint, nil
		}
		if event.Batch != nil {
			event.Batch.Release()
		}
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	s := newSite(t, "CREATE TABLE t AS SELECT i AS id FROM range(10) r(i)", "CREATE SEQUENCE s")
	for query, want := range map[string]int{
		"SELECT * FROM t WHERE id > 3": 6, "SELECT id FROM t; ": 10, "FROM t -- all": 10, "SELECT id FROM t; -- note": 10,
		"-- first\nSELECT id FROM t ;\n\n/* one; */ ;; -- two\n": 10, "SELECT $$; -- $1$$ AS v FROM t;": 10, "(VALUES (1));": 1,
		"SELECT $q$it's; $1$q$ AS v": 1, `SELECT E'it\'s; $1 --' AS v; -- '`: 1, "SELECT ROW(id, 'x', NULL) FROM t": 10, "SELECT t FROM t": 10,
		"WITH w AS (FROM t) SELECT * FROM w; -- w": 10,
	} {
		if n, _ := s.count(t, connectors.Selection{Dataset: connectors.Dataset{Query: query}}); n != want {
			t.Errorf("%s: %d rows", query, n)
		}
	}
	for query, names := range map[string]string{
		"DROP TABLE t": "begins with DROP", "INSERT INTO t VALUES (1)": "begins with INSERT", "EXPLAIN SELECT 1": "begins with EXPLAIN",
		"COPY t TO 'x.csv'": "x.csv", "CREATE TABLE u AS SELECT 1": "begins with CREATE", "UPDATE t SET id = 1 RETURNING id": "begins with UPDATE",
		"WITH w AS (SELECT 1 AS id) INSERT INTO t SELECT id FROM w": "only read", "SELECT nextval('s') AS v": "only read",
		"SELECT 1 AS a, 2 AS a": `"a"`, "SELECT * FROM read_csv('/etc/passwd')": "", "SELECT nope FROM t": "nope",
		"SELECT 1; SELECT 2": "several statements", "SELECT 1; DROP TABLE t; -- x": "several statements",
		"SELECT * FROM t WHERE id = $1": "parameter $1", "SELECT * FROM t WHERE id = ?": "parameter ?", "SELECT $name AS v": "parameter $name",
		" ; ": "is empty", "-- only a comment": "is empty", "/* only */ ; -- comments": "is empty",
	} {
		_, err := s.try(t, connectors.Selection{Dataset: connectors.Dataset{Query: query}})
		found, ok := errors.AsType[*connectors.Error](err)
		if !ok || !strings.Contains(found.Message, names) || found.Advice() == "" || found.Retryable || found.Kind == connectors.Internal {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// Rows may go at the source; what was read stays read.
func TestPositionNeverMovesBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, "CREATE TABLE t AS SELECT i AS id FROM range(10) r(i)")
	last := connectors.Position(`{"cursor":"100","type":"BIGINT"}`)
	if n, next := s.count(t, connectors.Selection{Dataset: connectors.Dataset{Name: "t"}, Cursor: "id", Position: last}); n != 0 || next != last {
		t.Errorf("a read behind the position gave %d rows and the position %s", n, next)
	}
}
