package postgres

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/internal/cells"
	"leat/internal/testdb"
)

// seenRows is what a reader sees of the table, by the heap and by the index.
const seenRows = "SELECT count(*) || ' ' || coalesce(string_agg(DISTINCT version, '+'), '') FROM dwh.t WHERE id > 0"

// TestReadersAtEveryIsolation lets sessions read that began before a replacement and
// during it, at each isolation level and for each recipe: they see all old rows or all new
// ones.
func TestReadersAtEveryIsolation(t *testing.T) {
	t.Parallel()
	for i, recipe := range []struct {
		replace connectors.Replace
		writers int
		want    string
	}{
		{connectors.ReplaceAuto, 1, "swap"},
		{connectors.ReplaceAuto, 3, "swap"},
		{connectors.ReplaceSwap, 1, "swap"},
		{connectors.ReplaceSwap, 3, "swap"},
		{connectors.ReplaceMerge, 1, "stage+merge"},
		{connectors.ReplaceMerge, 3, "stage+merge"},
		{connectors.ReplaceDeleteInsert, 1, "stage+delete+insert"},
		{connectors.ReplaceDeleteInsert, 3, "stage+delete+insert"},
	} {
		if !cells.Visited(2, i/2+i) { // by one or by three
			continue
		}
		t.Run(fmt.Sprintf("%s by %d", recipe.replace, recipe.writers), func(t *testing.T) {
			c, admin := newDatabase(t, `CREATE SCHEMA dwh; CREATE TABLE t AS SELECT n AS id, 'new'::text AS version FROM generate_series(1, 2000) n;
				CREATE TABLE dwh.t (id int PRIMARY KEY, version text); INSERT INTO dwh.t SELECT n, 'old' FROM generate_series(1, 2000) n`)
			f := into(c, "t", connectors.TruncateInsert)
			f.target.Replace, f.target.Writers = recipe.replace, recipe.writers
			if recipe.writers > 1 {
				f.parts = recipe.writers
			}
			r := readDuring(t, f, admin)
			if r.Recipe != recipe.want {
				t.Errorf("the recipe is %s (%s), want %s", r.Recipe, r.Reason, recipe.want)
			}
			wantRows(t, admin, seenRows, `("2000 new")`)
		})
	}
}

// readDuring runs the flow once with readers around it.
func readDuring(t *testing.T, f *flow, admin *pgx.Conn) connectors.Report {
	t.Helper()
	early := startReaders(t, admin, "early", "SELECT 1") // snapshots without a look at the table
	touched := startReaders(t, admin, "touched", seenRows)
	load, err := f.begin(t)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = load.Abort(context.WithoutCancel(t.Context())) }()
	end, err := f.send(t, load)
	if err != nil {
		t.Fatal(err)
	}
	late := startReaders(t, admin, "late", "SELECT 1")
	done := make(chan struct{})
	var reports []connectors.Report
	go func() {
		defer close(done)
		reports, err = load.Commit(t.Context(), []connectors.Close{end})
	}()
	waitForLoad(t, admin, done)
	touched.read(t)
	touched.leave(t) // a swap waits for those that have read the old table
	select {
	case <-done:
	case <-deadline(t).Done():
		t.Fatal("the load waits although no reader holds the table")
	}
	if err != nil {
		t.Fatal(err)
	}
	early.read(t)
	late.read(t)
	return reports[0]
}

// readers are sessions by isolation level.
type readers struct {
	name  string
	conns map[string]*pgx.Conn
}

// startReaders opens a transaction per isolation level and runs its first statement, which
// takes the snapshot.
func startReaders(t *testing.T, admin *pgx.Conn, name, first string) readers {
	t.Helper()
	r := readers{name: name, conns: map[string]*pgx.Conn{}}
	for _, level := range []string{"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"} {
		conn := testdb.Connect(t, admin.Config().ConnString())
		execute(t, conn, "BEGIN ISOLATION LEVEL "+level)
		execute(t, conn, first)
		r.conns[level] = conn
	}
	return r
}

// read looks by the heap and by the index.
func (r readers) read(t *testing.T) {
	t.Helper()
	for level, conn := range r.conns {
		for _, way := range []string{"SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off", "SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = on"} {
			execute(t, conn, way)
			if got := digest(t, conn, seenRows); got != `("2000 old")` && got != `("2000 new")` {
				t.Errorf("a reader at %s that began %s sees %s (%s)", level, r.name, got, way)
			}
		}
	}
}

func (r readers) leave(t *testing.T) {
	t.Helper()
	for _, conn := range r.conns {
		execute(t, conn, "COMMIT")
	}
}

// waitForLoad waits until the load has committed or waits for a lock.
func waitForLoad(t *testing.T, admin *pgx.Conn, done chan struct{}) {
	t.Helper()
	for limit := deadline(t); ; {
		var waits bool
		if err := admin.QueryRow(limit, "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))").Scan(&waits); err != nil {
			t.Fatal(err)
		}
		if waits {
			return
		}
		select {
		case <-done:
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}
