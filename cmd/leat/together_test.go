package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"leat/connectors"
	"leat/flows"
)

// Two processes run one flow at once and one of them is killed: the rows arrive once.
func TestTwoRunsOneKilled(t *testing.T) {
	t.Parallel()
	p, leat := newPair(t), newProgram(t)
	seedExact(t, p, 100_000)
	exec1(t, p.targetConn, "CREATE SCHEMA analytics")
	leat.apply(p.authorizers() + exactFlow(connectors.Insert))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	first, firstOut := leat.start(ctx, "run", "exact", "--wait", "--json")
	waitForLoad(ctx, t, p)
	second, secondOut := leat.start(ctx, "run", "exact", "--wait", "--json")
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err == nil {
		t.Fatalf("the first process was not killed in time: %s", firstOut)
	}
	if err := second.Wait(); err != nil {
		t.Fatalf("the second process: %v\n%s", err, secondOut)
	}
	if said := secondOut.String(); !strings.Contains(said, "is held by") || !strings.Contains(said, "taken over in") {
		t.Errorf("the second process does not say what it waits for: %s", said)
	}
	want, got := digest(t, p.sourceConn, "public.exact"), digest(t, p.targetConn, "analytics.exact")
	if want != got {
		t.Errorf("the tables differ: source %s, target %s\n%s", want, got, secondOut)
	}
	var loads int
	if err := p.targetConn.QueryRow(t.Context(), "SELECT count(*) FROM analytics._leat_loads").Scan(&loads); err != nil || loads != 1 {
		t.Errorf("%d load rows (%v), want one commit", loads, err)
	}
	runs := leat.must("runs", "--json")
	if status := lastStatus(t, runs); status != flows.RunSucceeded {
		t.Errorf("the run ended %s: %s", status, runs)
	}
}

// waitForLoad waits until a session of leat writes into the target.
func waitForLoad(ctx context.Context, t *testing.T, p pair) {
	t.Helper()
	for {
		var busy bool
		err := p.targetConn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE 'copy%')`).Scan(&busy)
		if err != nil {
			t.Fatalf("watch the target: %v", err)
		}
		if busy {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
