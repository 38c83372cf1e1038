package postgres

import (
	"slices"
	"testing"

	"leat/connectors"
	"leat/connectors/pgwire"
)

// TestParts reads a table in parallel parts while it changes, and compares with its
// snapshot.
func TestParts(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE TABLE big AS SELECT g AS id, repeat('x', 500) AS filler FROM generate_series(1, 100000) g; CREATE TABLE small AS SELECT 1 AS id`)
	s := table("big")
	s.Columns, s.Parts = []string{"id"}, 3
	r, err := c.Read(t.Context(), []connectors.Selection{s}, connectors.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := admin.Exec(t.Context(), "UPDATE big SET id = -id WHERE id % 2 = 0; DELETE FROM big WHERE id % 3 = 0; INSERT INTO big SELECT g, 'new' FROM generate_series(200000, 210000) g"); err != nil {
		t.Fatal(err)
	}
	got := taken{}
	for {
		event, err := r.Next(t.Context())
		if err != nil {
			break
		}
		got.take(t, event)
	}
	parts := 3
	if serverVersion(t) < pgwire.SinceTidRanges {
		parts = 1
	}
	if got.checkpoint.Rows != 100_000 || len(got.rows) != 100_000 || len(got.parts) != parts {
		t.Errorf("the checkpoint counts %d rows, %d arrived in %d parts", got.checkpoint.Rows, len(got.rows), len(got.parts))
	}
	ids := got.column("id")
	slices.Sort(ids)
	if distinct := len(slices.Compact(ids)); distinct != 100_000 || ids[0] != "1" {
		t.Errorf("%d distinct ids, the first is %s", distinct, ids[0])
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	var sessions int
	if err := admin.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'").Scan(&sessions); err != nil || sessions != 0 {
		t.Errorf("%d sessions are left (%v)", sessions, err)
	}
	s = table("small")
	s.Parts = 8
	if got := readAll(t, c, connectors.Want{}, s)[0]; len(got.rows) != 1 || got.checkpoint.Rows != 1 {
		t.Errorf("a small table: %d rows", len(got.rows))
	}
}

// TestPartsFail kills one part: the whole read fails.
func TestPartsFail(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE TABLE big AS SELECT g AS id, repeat('x', 500) AS filler FROM generate_series(1, 100000) g`)
	s := table("big")
	s.Parts = 2
	r, err := c.Read(t.Context(), []connectors.Selection{s}, connectors.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for range 2 { // the schema, and the first rows
		event, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if event.Batch != nil {
			event.Batch.Release()
		}
	}
	if _, err := admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%FROM%big%' AND pid <> pg_backend_pid() ORDER BY pid LIMIT 1"); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		var event connectors.Event
		if event, err = r.Next(t.Context()); event.Batch != nil {
			event.Batch.Release()
		}
	}
	wantKind(t, err, connectors.Unreachable)
}
