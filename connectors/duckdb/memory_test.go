package duckdb_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"

	"leat/connectors"
	"leat/connectors/duckdb"
	"leat/record"
)

// wideTable holds 3,000 short rows and then 1,500 of 48 kB. DuckDB makes 2,048 rows at a
// time, which is more than limited allows.
var wideTable = []string{
	"CREATE TABLE rows (id INTEGER, pad VARCHAR)",
	"INSERT INTO rows SELECT range, 'short' FROM range(3000)",
	"INSERT INTO rows SELECT range, repeat(md5(range::VARCHAR), 1500) FROM range(3000, 4500)",
}

// limited opens the file of a site with a small memory limit.
func limited(t *testing.T, statements ...string) connectors.Connection {
	t.Helper()
	folder, env := place(t)
	execute(t, folder+"/site.duckdb", statements...)
	connection, err := duckdb.New().Open(t.Context(), connectors.Settings{"path": "site.duckdb", "memory_limit": "48MB"}, env)
	if err != nil {
		t.Fatal(err)
	}
	return connection
}

// readAll returns how many rows came and the bytes of the largest batch. Its rows have to
// come in the order of their first column where that is an INTEGER.
func readAll(t *testing.T, connection connectors.Connection, selection connectors.Selection) (rows, largest int, err error) {
	t.Helper()
	read, err := connection.(connectors.Extractor).Read(t.Context(), []connectors.Selection{selection}, connectors.Want{})
	if err != nil {
		return 0, 0, err
	}
	defer read.Close()
	last := int32(-1)
	for {
		event, err := read.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return rows, largest, nil
		}
		if err != nil {
			return rows, largest, err
		}
		if event.Batch != nil {
			rows += event.Batch.Rows()
			largest = max(largest, event.Batch.Bytes())
			last = ascends(t, event.Batch, last)
			event.Batch.Release()
		}
	}
}

// ascends fails where the first column falls from row to row, and returns its last value.
func ascends(t *testing.T, batch record.Batch, last int32) int32 {
	t.Helper()
	rows, _, err := batch.Arrow()
	if err != nil {
		t.Fatal(err)
	}
	ids, ok := rows.Column(0).(*array.Int32)
	if !ok {
		return last
	}
	for _, id := range ids.Int32Values() {
		if id < last {
			t.Fatalf("row %d came after row %d", id, last)
		}
		last = id
	}
	return last
}

func TestWideRowsAreReadFewAtATime(t *testing.T) {
	t.Parallel()
	connection := limited(t, wideTable...)
	table := connectors.Dataset{Schema: "main", Name: "rows"}
	for _, test := range []struct {
		selection connectors.Selection
		want      int
	}{
		{connectors.Selection{Dataset: table}, 4500},
		{connectors.Selection{Dataset: table, Limit: 3100}, 3100},
		{connectors.Selection{Dataset: table, Cursor: "id", Position: `{"cursor":"2990","type":"INTEGER"}`}, 1510},
	} {
		rows, largest, err := readAll(t, connection, test.selection)
		if err != nil || rows != test.want {
			t.Errorf("%+v gave %d rows, want %d: %v", test.selection, rows, test.want, err)
		}
		if largest > 8<<20 {
			t.Errorf("a batch holds %d bytes", largest)
		}
	}
}

func TestOutOfMemoryIsCalledThat(t *testing.T) {
	t.Parallel()
	connection := limited(t, wideTable...)
	_, _, err := readAll(t, connection, connectors.Selection{Dataset: connectors.Dataset{Query: "SELECT * FROM rows ORDER BY pad"}})
	wantOutOfMemory(t, err)
}

func wantOutOfMemory(t *testing.T, err error) {
	t.Helper()
	wantRefusal(t, err, connectors.Throttled, "out of memory", "memory_limit")
	if connectors.AsError(err).Retryable {
		t.Error("a run without memory is tried again")
	}
}

func TestACommitWithoutMemoryIsNoConflict(t *testing.T) {
	t.Parallel()
	s := site{Loader: limited(t, "CREATE TABLE other (n INTEGER)").(connectors.Loader)}
	var ids, pads []any
	for i := range 1500 {
		ids, pads = append(ids, i), append(pads, strings.Repeat(fmt.Sprintf("%08x", i), 6000))
	}
	schema, batch := batchOf(column{"id", ids}, column{"pad", pads})
	_, _, err := s.load(t, "1", target(connectors.Insert, schema), batch)
	wantOutOfMemory(t, err)
}

func TestACheckpointWithoutMemoryLosesNothing(t *testing.T) {
	t.Parallel()
	connection := limited(t, "CREATE TABLE t (id BIGINT, pad VARCHAR)")
	s := site{Loader: connection.(connectors.Loader)}
	const each = 300
	for run := range 10 {
		var ids, pads []any
		for i := range each {
			ids, pads = append(ids, run*each+i), append(pads, strings.Repeat(fmt.Sprintf("%08x", i), 6000))
		}
		schema, batch := batchOf(column{"id", ids}, column{"pad", pads})
		_, _, err := s.load(t, fmt.Sprint(run), target(connectors.Insert, schema), batch)
		if err == nil {
			continue
		}
		wantOutOfMemory(t, err)
		rows, _, err := readAll(t, connection, connectors.Selection{Dataset: connectors.Dataset{Schema: "main", Name: "t"}})
		if err != nil || rows != run*each {
			t.Errorf("%d rows after %d loads: %v", rows, run, err)
		}
		return
	}
	t.Error("a vector of rows larger than the memory limit was written")
}

func TestRowsBeyondTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, "CREATE TABLE rows AS SELECT 1 AS id, repeat('x', 40000000) AS a, repeat('y', 40000000) AS b")
	for _, dataset := range []connectors.Dataset{{Schema: "main", Name: "rows"}, {Query: "SELECT * FROM rows"}} {
		_, _, err := readAll(t, s.Connection, connectors.Selection{Dataset: dataset})
		wantRefusal(t, err, connectors.Data, dataset.String(), "Leat's limit of 64 MiB")
	}
}

func TestTablesOfManyColumnsAreLoadedAgain(t *testing.T) {
	t.Parallel()
	columns := make([]string, 1200)
	for i := range columns {
		columns[i] = fmt.Sprintf("%d AS c%d", i, i)
	}
	for _, mode := range []connectors.WriteMode{connectors.Insert, connectors.History} {
		var unique []string
		if mode == connectors.History {
			unique = []string{"c0"}
		}
		r := newRoute(t, mode, unique, "CREATE TABLE rows AS SELECT "+strings.Join(columns, ", "))
		for range 3 {
			if _, err := r.move(t); err != nil {
				t.Fatalf("%s: %v", mode, err)
			}
			execute(t, r.from.path, "UPDATE rows SET c1 = c1 + 1")
		}
		if rows, _, err := readAll(t, r.to.Connection, r.selection); err != nil || rows == 0 {
			t.Errorf("%s: %d rows: %v", mode, rows, err)
		}
	}
}
