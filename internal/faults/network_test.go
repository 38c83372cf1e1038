package faults_test

import (
	"strings"
	"testing"

	"leat/internal/testdb"
)

// badLinks: a run over bad links takes longer; it does not bring other rows.
func badLinks(t *testing.T, w *world) {
	for name, ill := range map[string]struct{ illness, attributes string }{
		"late":   {late, `"latency": 20, "jitter": 20`},
		"sliced": {sliced, `"average_size": 700, "size_variation": 600, "delay": 1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cell{scenario: scenarioNamed("upsert"), size: small}
			a := newSite(t, w, c.scenario, small, needs{links: true})
			a.to.ailBoth(ill.illness, ill.attributes)
			a.from.ailBoth(ill.illness, ill.attributes)
			for _, c.again = range []bool{false, true} {
				if c.again {
					a.feed("second")
				}
				if got := a.run(); got.code != 0 {
					t.Fatalf("exit %d: %s", got.code, got.output)
				}
				a.check(c)
			}
		})
	}
}

// lostAnswer cuts the way back while the COMMIT is under way.
func lostAnswer(t *testing.T, w *world) {
	c := cell{scenario: scenarioNamed("insert straight in"), size: small}
	a := newSite(t, w, c.scenario, small, needs{links: true})
	process := a.startRun("load.before_commit:pause")
	if !process.stopped() {
		t.Fatal("the run ended before its COMMIT")
	}
	answerLost.strike(a)
	process.resume()
	answerLost.after(a)
	if got := process.wait(); got.code != 0 {
		t.Errorf("exit %d: %s", got.code, got.output)
	}
	a.check(c)
	log := a.leat("", "logs", a.runs()[0].id)
	if !strings.Contains(log.output, "asking the destination") {
		t.Errorf("the log does not tell that the answer was lost:\n%s", log.output)
	}
}

// silentSource: a source that says nothing any more must not hold the run for ever. The
// run is tried again before it fails.
func silentSource(t *testing.T, w *world) {
	s := scenarioNamed("insert straight in")
	a := newSite(t, w, s, big, needs{links: true})
	a.configure(strings.Replace(a.yaml(), "    destination: warehouse\n", "    destination: warehouse\n    batch_timeout: 2s\n", 1))
	process := a.startRun("load.batch_written:pause")
	if !process.stopped() {
		t.Fatal("the run ended before its first batch")
	}
	a.from.ailBoth(silent, `"timeout": 0`)
	process.resume()
	got := process.wait()
	a.from.heal()
	if got.code != 1 || !strings.Contains(got.output, "2s") {
		t.Errorf("exit %d: %s", got.code, got.output)
	}
	a.repair(cell{scenario: s, size: big}, got)
	a.check(cell{scenario: s, size: big})
}

// databaseCrashes: the server of both databases crashes and comes back. It is one of its own.
func databaseCrashes(t *testing.T, elsewhere *world) {
	server := testdb.Start(t, testdb.Options{})
	w := newWorld(t, elsewhere.binary, server, small)
	for _, step := range []string{"run.table_claimed", "load.batch_written", "load.state_written", "load.before_commit", "load.committed"} {
		t.Run(step, func(t *testing.T) {
			c := cell{scenario: scenarioNamed("upsert"), size: small, step: step, fault: fault{
				name: "server crashed", strike: func(a *site) { server.Restart(t, true); a.reconnect() },
			}}
			if reached := disturb(t, w, c); len(reached) != 2 {
				t.Errorf("%d of 2 runs came to the step", len(reached))
			}
		})
	}
}
