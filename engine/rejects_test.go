package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"leat/connectors"
	"leat/flows"
)

// rejected collects what Rejects yields.
func (w *world) rejected(run flows.Run) ([]flows.RejectedRow, error) {
	var rows []flows.RejectedRow
	for row, err := range w.Rejects(w.t.Context(), run, run.Streams[0]) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func TestRejectsOfOneRun(t *testing.T) {
	w, shop, dwh := postgresWorld(t)
	exec(t, shop, "CREATE TABLE orders (id bigint PRIMARY KEY, total int NOT NULL)", "INSERT INTO orders SELECT i, i FROM generate_series(1, 200) i")
	exec(t, dwh, "CREATE SCHEMA main", `CREATE TABLE main."or.ders" (id bigint PRIMARY KEY, total int NOT NULL CHECK (total % 2 = 1))`)
	s := stream("public.orders")
	s.Table, s.WriteMode, s.Rejects = `main."or.ders"`, connectors.Upsert, new(int64(-1))
	w.save(s)
	first := w.run()
	if first.Status != flows.RunSucceeded || first.Streams[0].Rejected != 100 || first.Streams[0].Table != s.Table {
		t.Fatalf("the run is %s with %+v (%+v)", first.Status, first.Streams, first.Error)
	}
	exec(t, shop, "DELETE FROM orders WHERE id > 10")
	second := w.run()
	for want, run := range map[int]flows.Run{100: first, 5: second} {
		rows, err := w.rejected(run)
		if err != nil || len(rows) != want {
			t.Fatalf("%d rows, want %d (%v)", len(rows), want, err)
		}
		if row := rows[0]; !strings.Contains(row.Row, `"id":`) || row.Reason == "" || !strings.HasPrefix(row.At, "20") {
			t.Errorf("the first row is %+v", row)
		}
	}
	for _, err := range w.Rejects(t.Context(), first, first.Streams[0]) {
		if err != nil {
			t.Error(err)
		}
		break // the connection is closed all the same
	}
	waitFor(t, "the connection to end", func() bool {
		return strings.HasPrefix(digest(t, dwh, "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'leat%'"), "0 ")
	})
	exec(t, dwh, `DROP TABLE main."or.ders__rejects"`)
	if rows, err := w.rejected(first); !connectors.Is(err, connectors.NotFound) || len(rows) != 0 {
		t.Errorf("without the table: %d rows, %v", len(rows), err)
	}
}

// waitFor asks until something holds, for at most a minute.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 6000 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("waited a minute for %s", what)
}

func TestRejectsNeedASystemThatKeepsThem(t *testing.T) {
	w := newWorld(t)
	run := w.run()
	if _, err := w.rejected(run); !connectors.Is(err, connectors.Config) {
		t.Errorf("a system that keeps no rows: %v", err)
	}
	w.clean()
}

// The engine and the form read a table in the same way.
func TestTargetsAreReadAsTheFormReadsThem(t *testing.T) {
	w := newWorld(t)
	for typed, want := range map[string]connectors.Table{
		"": {Schema: "main", Name: "orders"}, "raw": {Schema: "main", Name: "raw"}, "x.raw_{table}": {Schema: "x", Name: "raw_orders"},
		`"a.b"."c d"`: {Schema: "a.b", Name: "c d"}, `"t.x"`: {Schema: "main", Name: "t.x"},
	} {
		s := stream("public.orders")
		s.Table = typed
		w.save(s)
		flow, err := w.store.Flow(t.Context(), "flow")
		w.must(err)
		found, err := w.resolve(t.Context(), flow)
		if err != nil || !slices.ContainsFunc(found.routes, func(r route) bool { return r.table == want }) {
			t.Errorf("%q: %+v, %v", typed, found, err)
		}
	}
	s := stream("public.orders")
	s.Table = "a.b.c"
	if _, err := w.resolve(t.Context(), flows.Flow{DestinationID: "dwh", Streams: []flows.Stream{s}}); !connectors.Is(err, connectors.Config) {
		t.Errorf("three parts: %v", err)
	}
}
