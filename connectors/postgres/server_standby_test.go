package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/internal/testdb"
)

// TestRecoveryEndsARead reads from a standby while its primary removes rows that the read
// still needs: the run fails, is worth another try, and that one succeeds.
func TestRecoveryEndsARead(t *testing.T) {
	t.Parallel()
	primary := testdb.Start(t, testdb.Options{})
	database := primary.CreateDatabase(t)
	standby := primary.Standby(t, map[string]string{"max_standby_streaming_delay": "0", "hot_standby_feedback": "off"})
	primary.Exec(t, database, "CREATE TABLE big AS SELECT n AS id, repeat('x', 500) AS filler FROM generate_series(1, 60000) n")
	standby.CatchUp(t, primary)
	target, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE dwh.big (id int, filler text); INSERT INTO dwh.big VALUES (0, 'old')")
	x := crossing{source: open(t, standby.URL(database)), target: target, f: into(nil, "big", connectors.TruncateInsert)}
	x.during = func() {
		primary.Exec(t, database, "DELETE FROM big WHERE id % 2 = 0")
		primary.Exec(t, database, "VACUUM big")
		waitForConflict(t, testdb.Connect(t, primary.URL(database)), testdb.Connect(t, standby.URL(database)))
	}
	_, err := x.move(t)
	wantRefusal(t, err, connectors.Conflict, "conflicts with recovery", "max_standby_streaming_delay", "hot_standby_feedback")
	if !connectors.AsError(err).Retryable {
		t.Error("a read that recovery ended is worth another try")
	}
	wantRows(t, admin, "SELECT * FROM dwh.big", "(0,old)")
	x.during = nil
	if r := x.must(t); r.Written != 30_000 {
		t.Errorf("the second try wrote %d rows, want 30000", r.Written)
	}
}

// TestAStandbyTakesNoRows names the standby, whether Leat's tables are there or not.
func TestAStandbyTakesNoRows(t *testing.T) {
	t.Parallel()
	primary := testdb.Start(t, testdb.Options{})
	database := primary.CreateDatabase(t)
	standby := primary.Standby(t, nil)
	primary.Exec(t, database, shop)
	for range 2 {
		standby.CatchUp(t, primary)
		c := open(t, standby.URL(database))
		_, err := crossing{source: c, target: c, f: into(c, "t", connectors.Upsert, "id")}.move(t)
		wantRefusal(t, err, connectors.Permission, "standby", "primary")
		into(open(t, primary.URL(database)), "t", connectors.Upsert, "id").must(t)
	}
	wantRows(t, testdb.Connect(t, primary.URL(database)), "SELECT count(*) FROM dwh.t", "(10)")
}

// TestFailoverOfTheDestination loses the primary with a run that its standby never saw and
// another one that was under way. The runs that follow start from what the new primary
// knows.
func TestFailoverOfTheDestination(t *testing.T) {
	t.Parallel()
	primary := testdb.Start(t, testdb.Options{})
	database := primary.CreateDatabase(t)
	standby := primary.Standby(t, nil)
	primary.Exec(t, database, "CREATE SCHEMA dwh")
	source, admin := newDatabase(t, strings.Replace(shop, "CREATE SCHEMA dwh; ", "", 1))
	x := crossing{source: source, target: open(t, primary.URL(database)), f: into(nil, "t", connectors.Upsert, "id").incremental("at")}
	x.must(t)
	standby.CatchUp(t, primary)
	standby.Stop(t, false)
	execute(t, admin, "INSERT INTO t SELECT n, 'lost', '2026-02-01'::timestamp + n * interval '1 hour' FROM generate_series(11, 15) n")
	x.must(t)
	execute(t, admin, "INSERT INTO t SELECT n, 'cut', '2026-03-01'::timestamp + n * interval '1 hour' FROM generate_series(16, 20) n")
	x.during = func() { primary.Stop(t, true) }
	_, err := x.move(t)
	if found := connectors.AsError(err); err == nil || !found.Retryable {
		t.Fatalf("got %v, want an error worth another try", err)
	}
	standby.Restart(t, false)
	standby.Promote(t)
	x.during, x.target = nil, open(t, standby.URL(database))
	for _, run := range []int{2, 3} {
		x.f.run = run
		reports, err := x.target.Resolve(t.Context(), x.f.id(), []connectors.Target{x.f.target}, false)
		if err != nil || reports[0] != nil {
			t.Errorf("the new primary knows run %d: %v, %v", run, reports, err)
		}
	}
	if r := x.must(t); r.Read != 11 || r.Written != 10 {
		t.Errorf("after the failover %d rows were read and %d written, want 11 from the old position, 10 of them new", r.Read, r.Written)
	}
	wantRows(t, testdb.Connect(t, standby.URL(database)), "SELECT * FROM dwh.t", digest(t, admin, "SELECT * FROM t"))
	if r := x.must(t); r.Read != 1 {
		t.Errorf("the run after that read %d rows, want the one at the position", r.Read)
	}
}

// waitForConflict waits until the standby has all that the primary wrote. Recovery ends
// the read at once or waits for it no longer; its client learns of it when it reads on.
func waitForConflict(t *testing.T, primary, standby *pgx.Conn) {
	t.Helper()
	ctx := deadline(t)
	var written string
	if err := primary.QueryRow(ctx, "SELECT pg_current_wal_insert_lsn()::text").Scan(&written); err != nil {
		t.Fatal(err)
	}
	for received := false; !received; time.Sleep(10 * time.Millisecond) {
		if err := standby.QueryRow(ctx, "SELECT pg_last_wal_receive_lsn() >= '"+written+"'::pg_lsn").Scan(&received); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(200 * time.Millisecond)
}
