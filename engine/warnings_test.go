package engine

import (
	"slices"
	"testing"

	"leat/connectors"
	"leat/flows"
)

// What the plan, the claim and the report say alike is said once for each stream, in the
// run and in its log.
func TestWarningsAppearOnce(t *testing.T) {
	w := newWorld(t)
	w.system.faults.claimed = func(state *connectors.TargetState) { state.Warnings = []string{"a trigger", "a trigger", "a view"} }
	w.system.faults.report = func(report *connectors.Report) {
		report.Warnings = []string{"a view", "10 rows were duplicates", "a trigger"}
	}
	run := w.run()
	want := []string{"a trigger", "a view", "10 rows were duplicates"}
	if got := run.Streams[0].Warnings; run.Status != flows.RunSucceeded || !slices.Equal(got, want) {
		t.Errorf("%s with the warnings %q, want %q", run.Status, got, want)
	}
	lines, err := w.store.Log(t.Context(), run.ID, 0, 1000)
	w.must(err)
	for _, warning := range want {
		said := 0
		for _, line := range lines {
			if line.Level == levelWarning && line.Message == warning {
				said++
			}
		}
		if said != 1 {
			t.Errorf("the log says %q %d times", warning, said)
		}
	}
}
