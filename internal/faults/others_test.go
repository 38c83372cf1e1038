package faults_test

import (
	"strings"
	"testing"
)

// theirs is a row that somebody else writes into a table which is empty when a run begins.
var theirs = change{
	name: "somebody else writes a row",
	sql:  "INSERT INTO analytics.target VALUES (-999999, 0, 'theirs', 0, '{}', '2020-01-01 00:00:00+00')",
	sign: "(SELECT count(*) FROM analytics.target WHERE note = 'theirs') = 1",
}

const theirRow = "SELECT -999999::bigint AS id, 0 AS grp, 'theirs' AS note, 0.00 AS amount, '{}'::jsonb AS payload, timestamptz '2020-01-01 00:00:00+00' AS updated_at"

// othersCome lets somebody else write while a run that replaces the table stands at a step.
// The row stays, because nobody said that it may go.
func othersCome(t *testing.T, w *world) {
	s := scenarioNamed(replaceNew)
	s.prefill = "CREATE TABLE analytics.target " + tableColumns + ";"
	for _, step := range []string{"run.claimed", "load.before_claim", "run.table_claimed", "load.begun", "load.copy_open", "load.batch_written", "load.copied", "load.applied", "load.before_commit"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			a := newSite(t, w, s, small, needs{})
			process := a.startRun(step + ":pause")
			if !process.stopped() {
				t.Fatal("the run ended before the step")
			}
			a.beginChange(theirs)
			process.resume()
			a.endChange(a.changes[0])
			a.checkOthers(process.wait())
			if !a.changes[0].waited { // it came before the rows of the run, so that these are not alone
				a.checkOthers(a.run())
			}
		})
	}
}

// checkOthers looks for the row of somebody else after a run, and for those of the run if
// it has succeeded.
func (a *site) checkOthers(got outcome) {
	a.t.Helper()
	a.checkChanges()
	want := theirRow
	switch {
	case got.code == 0:
		want += " UNION ALL TABLE first"
	case !strings.Contains(got.output, "takeover: true"):
		a.t.Errorf("exit %d without a word about whose rows stand there:\n%s", got.code, got.output)
	}
	if rows, want := a.ground.digest(a.t, wholeTable), a.world.expected(a.t, postgres, a.size, want); rows != want {
		a.t.Errorf("after exit %d the target holds %s, want %s", got.code, rows, want)
	}
	if loaded := a.loads() != "0"; loaded != (got.code == 0) {
		a.t.Errorf("exit %d, and %s loads", got.code, a.loads())
	}
}
