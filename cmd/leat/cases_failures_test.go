package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"leat/flows"
	"leat/storage"
)

// Given five tables that are replaced; when the source runs out of memory, cancels the
// read for its recovery, or ends the session in the third table; then no table is
// swapped for an empty or partial one.
func TestASourceThatBreaksInTheThirdOfFiveTablesEmptiesNone(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]string{
		"out of memory":           "RAISE 'out of memory' USING ERRCODE = '53200'",
		"conflict with recovery":  "RAISE 'canceling statement due to conflict with recovery' USING ERRCODE = '40001'",
		"the session is ended":    "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5)",
		"cancelled by the server": "PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(5)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the pauses before the next attempts pass together
			f := newFive(t, failure)
			if result, got := f.leat.runFlow("f"); got.code != exitDone {
				t.Fatalf("exit %d: %+v\n%s", got.code, result, got.stderr)
			}
			exec1(t, f.sourceConn, "UPDATE public.state SET version = 2, broken = true")
			result, got := f.leat.runFlow("f")
			if got.code != exitFailed || result.Status == flows.RunSucceeded {
				t.Fatalf("exit %d, want a failed run\n%s%s", got.code, got.stdout, got.stderr)
			}
			if len(result.Streams) != len(five) {
				t.Errorf("the run tells of %d tables, want %d", len(result.Streams), len(five))
			}
			for _, s := range result.Streams {
				f.expect(s.Table, map[bool]string{true: "500 of 1", false: "500 of 2"}[s.Error != nil])
				if s.Table == "analytics.c" && s.Error == nil {
					t.Errorf("the broken table is reported as loaded: %+v", s)
				}
			}
			exec1(t, f.sourceConn, "UPDATE public.state SET broken = false")
			if _, got := f.leat.runFlow("f"); got.code != exitDone {
				t.Fatalf("exit %d after the source recovered\n%s%s", got.code, got.stdout, got.stderr)
			}
			for _, table := range five {
				f.expect("analytics."+table, "500 of 2")
			}
		})
	}
}

// five names the tables of a five.
var five = []string{"a", "b", "c", "d", "e"}

// fiveTables is a flow of five tables, of which the third breaks after 300 rows while
// public.state says so.
type fiveTables struct {
	pair
	t    *testing.T
	leat *program
}

func newFive(t *testing.T, failure string) *fiveTables {
	t.Helper()
	f := &fiveTables{pair: newPair(t), t: t, leat: newProgram(t)}
	exec1(t, f.targetConn, "CREATE SCHEMA analytics")
	exec1(t, f.sourceConn, `CREATE TABLE public.state AS SELECT 1 AS version, false AS broken;
		CREATE FUNCTION public.read(n int) RETURNS int LANGUAGE plpgsql AS $$BEGIN
			IF n = 300 AND (SELECT broken FROM public.state) THEN `+failure+`; END IF; RETURN n; END$$`)
	datasets, streams := []string{}, ""
	for _, name := range five {
		id := "n"
		if name == "c" {
			id = "public.read(n)"
		}
		exec1(t, f.sourceConn, "CREATE VIEW public."+name+" AS SELECT "+id+" AS id, (SELECT version FROM public.state) AS version FROM generate_series(1, 500) n")
		datasets = append(datasets, "{table: public."+name+"}")
		streams += "    - {from: {source: s, dataset: public." + name + "}, table: " + name + ", write_mode: truncate_insert}\n"
	}
	f.leat.apply(f.authorizers() + "sources: [{name: s, authorizer: source, datasets: [" + strings.Join(datasets, ", ") + `]}]
destinations: [{name: d, authorizer: target, default_schema: analytics}]
flows:
- name: f
  destination: d
  streams:
` + streams)
	return f
}

// expect compares how many rows of which version a table holds.
func (f *fiveTables) expect(table, want string) {
	f.t.Helper()
	var got string
	if err := f.targetConn.QueryRow(f.t.Context(), "SELECT count(*) || ' of ' || string_agg(DISTINCT version::text, ' and ') FROM "+table).Scan(&got); err != nil || got != want {
		f.t.Errorf("%s holds %s (%v), want %s", table, got, err, want)
	}
}

// Given rows that reached the table; when the position beside them cannot be written;
// then neither is stored, and the retry appends them once.
func TestRowsAreNotStoredWithoutTheirPosition(t *testing.T) {
	t.Parallel()
	c := newCase(t, events+"INSERT INTO public.rows VALUES (1, 'a', '2026-01-01')", "", "cursor: at", "write_mode: insert")
	c.run()
	before := c.position()
	c.source("INSERT INTO public.rows SELECT n, 'x', '2026-01-02' FROM generate_series(2, 400) n")
	c.target(`CREATE FUNCTION analytics.refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
			IF NEW.position IS DISTINCT FROM OLD.position THEN RAISE 'no position today'; END IF; RETURN NEW; END$$;
		CREATE TRIGGER refuse BEFORE UPDATE ON analytics._leat_state FOR EACH ROW EXECUTE FUNCTION analytics.refuse()`)
	c.fails()
	c.holds("SELECT count(*) FROM analytics.rows", "1")
	if after := c.position(); after != before {
		t.Errorf("the position went from %s to %s", before, after)
	}
	c.target("DROP TRIGGER refuse ON analytics._leat_state")
	c.run()
	c.run()
	c.same()
}

// Given a read that is complete; when the destination refuses the rows after it; then
// the source's position is not confirmed, and the next run brings the rows.
func TestADestinationThatFailsAfterTheReadKeepsThePosition(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"insert", "upsert", "history"} {
		t.Run(mode, func(t *testing.T) {
			c := newCase(t, events+"INSERT INTO public.rows VALUES (1, 'a', '2026-01-01')", "", "cursor: at", "write_mode: "+mode)
			c.run()
			before := c.position()
			c.source("INSERT INTO public.rows SELECT n, 'x', '2026-01-02' FROM generate_series(2, 400) n")
			c.target("ALTER TABLE analytics.rows ADD CONSTRAINT early CHECK (id < 400)")
			c.fails()
			c.holds("SELECT count(*) FROM analytics.rows", "1")
			if after := c.position(); after != before || before == "" {
				t.Errorf("the position went from %s to %s", before, after)
			}
			c.target("ALTER TABLE analytics.rows DROP CONSTRAINT early")
			c.run()
			c.holds("SELECT count(*) || ' ' || count(DISTINCT id) FROM analytics.rows", "400 400")
		})
	}
}

// slowRows is a table behind a view that takes a few seconds to read while slow.
const slowRows = `CREATE TABLE public.slow AS SELECT true AS yes;
	CREATE FUNCTION public.wait(n int) RETURNS int LANGUAGE plpgsql AS $$BEGIN IF n = 900 AND (SELECT yes FROM public.slow) THEN PERFORM pg_sleep(300); END IF; RETURN n; END$$;
	CREATE VIEW public.rows AS SELECT public.wait(n) AS id, repeat('x', 100) AS note FROM generate_series(1, 1000) n;`

// vanish starts a run in a process of its own and kills the process in the middle of the
// read. The lease that is left in the store must end within a minute: whoever looks then
// takes the run over.
func vanish(t *testing.T, c *kase) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	process, output := c.leat.start(ctx, "run", "f", "--wait", "--json")
	for busy := false; !busy; time.Sleep(10 * time.Millisecond) {
		if err := c.sourceConn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')").Scan(&busy); err != nil {
			t.Fatalf("wait for the read: %v\n%s", err, output)
		}
	}
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err == nil {
		t.Fatalf("the process ended by itself: %s", output)
	}
	died := time.Now()
	store, err := storage.Open(ctx, storage.Options{DataDir: c.leat.dataDir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	runs, err := store.Runs(ctx, flows.RunFilter{Limit: 1})
	if err != nil || len(runs) != 1 || runs[0].Status != flows.RunRunning {
		t.Fatalf("the store tells of %+v, want one run under way, %v", runs, err)
	}
	if left := runs[0].Lease.Until.Sub(died); left > time.Minute {
		t.Errorf("the run of a dead process is held for %v", left)
	}
	c.source("UPDATE public.slow SET yes = false")
}

// Given a worker that vanished in the middle of a run; when another process serves on
// the same store; then it retakes the run by itself within a minute.
func TestAVanishedWorkersRunIsRetakenWithinAMinute(t *testing.T) {
	t.Parallel()
	c := newCase(t, slowRows, "", "", "write_mode: insert")
	vanish(t, c)
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
	server, output := c.leat.start(ctx, "serve", "--listen", "127.0.0.1:0")
	t.Cleanup(func() { stop(); _ = server.Wait() })
	for {
		runs := lastRuns(t, c)
		if len(runs) != 1 {
			t.Fatalf("%d runs, want the one that was retaken", len(runs))
		}
		if runs[0].Status == flows.RunSucceeded {
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("the run is still %s\n%s", runs[0].Status, output)
		}
		time.Sleep(200 * time.Millisecond)
	}
	c.same()
}

// Given the lock of a dead process in Leat's store; when a person asks to run now; then
// that recovers without help, within a minute, and the rows are stored once.
func TestRunNowRecoversFromAStaleLock(t *testing.T) {
	t.Parallel()
	c := newCase(t, slowRows, "", "", "write_mode: insert")
	vanish(t, c)
	c.run()
	if runs := lastRuns(t, c); len(runs) != 1 || runs[0].Status != flows.RunSucceeded {
		t.Errorf("the store tells of %+v, want the one run, succeeded", runs)
	}
	c.same()
}

// lastRuns is what the store says about the runs.
func lastRuns(t *testing.T, c *kase) []struct{ Status flows.RunStatus } {
	t.Helper()
	var runs []struct{ Status flows.RunStatus }
	if out := c.leat.must("runs", "--json"); json.Unmarshal([]byte(out), &runs) != nil {
		t.Fatal(fmt.Errorf("runs --json printed %s", out))
	}
	return runs
}
