package main

import (
	"strings"
	"sync"
	"testing"
	"time"

	"leat/flows"
)

// tangled are two tables of which one refers to the other, and a gate in front of the
// step at which loads into both wait for each other: the load of parent has row 1 and
// wants row 2, that of child refers to row 2 and wants row 1. Triggers run
// in the order of their names, so this one comes before that of the foreign key.
const tangled = `CREATE SCHEMA analytics;
	CREATE TABLE analytics.parent (id int PRIMARY KEY, code text UNIQUE);
	INSERT INTO analytics.parent VALUES (1, 'one'), (2, 'two');
	CREATE TABLE analytics.child (id int PRIMARY KEY, parent int NOT NULL REFERENCES analytics.parent);
	CREATE FUNCTION analytics.gate() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_catalog.pg_advisory_xact_lock_shared(7); RETURN NEW; END';
	CREATE FUNCTION analytics.first() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM 1 FROM analytics.parent WHERE id = 1 FOR UPDATE; PERFORM pg_catalog.pg_advisory_xact_lock_shared(7); RETURN NULL; END';
	CREATE TRIGGER "A gate" BEFORE UPDATE ON analytics.parent FOR EACH STATEMENT EXECUTE PROCEDURE analytics.first();
	CREATE TRIGGER "A gate" AFTER INSERT ON analytics.child FOR EACH ROW WHEN (NEW.id = 2) EXECUTE PROCEDURE analytics.gate();
	SELECT pg_advisory_lock(7)`

const (
	parentStream = "    - {from: {source: s, dataset: public.parent}, table: parent, write_mode: upsert}\n"
	childStream  = "    - {from: {source: s, dataset: public.child}, table: child, write_mode: insert}\n"
)

func TestLoadsThatWaitForEachOther(t *testing.T) {
	t.Parallel()
	for name, flowsYAML := range map[string]string{
		"streams of one flow": "- name: f\n  destination: d\n  streams:\n" + parentStream + childStream,
		"two flows": "- name: f\n  destination: d\n  streams:\n" + parentStream +
			"- name: g\n  destination: d\n  streams:\n" + childStream,
		"two flows in one transaction each": "- name: f\n  destination: d\n  atomic: flow\n  streams:\n" + parentStream +
			"- name: g\n  destination: d\n  atomic: flow\n  streams:\n" + childStream,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, leat := newPair(t), newProgram(t)
			exec1(t, p.sourceConn, `CREATE TABLE parent (id int PRIMARY KEY, code text); INSERT INTO parent VALUES (1, 'eins'), (2, 'zwei');
				CREATE TABLE child (id int PRIMARY KEY, parent int); INSERT INTO child VALUES (1, 2), (2, 1)`)
			exec1(t, p.targetConn, tangled)
			leat.apply(p.authorizers() + "sources: [{name: s, authorizer: source, datasets: [{table: public.parent}, {table: public.child}]}]\n" +
				"destinations: [{name: d, authorizer: target, default_schema: analytics}]\nflows:\n" + flowsYAML)
			var group sync.WaitGroup
			for _, flow := range []string{"f", "g"}[:strings.Count(flowsYAML, "- name:")] {
				group.Go(func() {
					result, got := leat.runFlow(flow)
					if got.code != exitDone || result.Status != flows.RunSucceeded || strings.Contains(got.stderr, "retry") {
						t.Errorf("exit %d: %s%s", got.code, got.stdout, got.stderr)
					}
				})
			}
			openGate(t, p)
			group.Wait()
			for table, want := range map[string]string{"parent": "(1,eins) (2,zwei)", "child": "(1,2) (2,1)"} {
				var rows string
				err := p.targetConn.QueryRow(t.Context(), "SELECT string_agg(t::text, ' ' ORDER BY id) FROM analytics."+table+" t").Scan(&rows)
				if err != nil || rows != want {
					t.Errorf("%s holds %s, %v", table, rows, err)
				}
			}
			asked(t, p, "SELECT deadlocks > 0 FROM pg_stat_database WHERE datname = current_database()")
		})
	}
}

// openGate lets both loads go on when both stand before it.
func openGate(t *testing.T, p pair) {
	t.Helper()
	asked(t, p, "SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
	exec1(t, p.targetConn, "SELECT pg_advisory_unlock(7)")
}

// asked asks the target until the answer is true.
func asked(t *testing.T, p pair, sql string) {
	t.Helper()
	last := time.Now().Add(time.Minute)
	for yes := false; !yes; time.Sleep(5 * time.Millisecond) {
		if err := p.targetConn.QueryRow(t.Context(), sql).Scan(&yes); err != nil || time.Now().After(last) {
			t.Errorf("%s: not true within a minute, or %v", sql, err)
			return
		}
	}
}
