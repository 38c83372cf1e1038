package faults_test

import (
	"slices"
	"strings"
)

// held: a process that stands still keeps the DuckDB file, which takes one writer. Whoever
// takes the run over can neither look into the file nor end that process. It says so,
// leaves the outcome open, and the run is finished when the file is free.
var held = fault{name: "process paused beyond its lease with the file open", strike: func(a *site) {
	a.endLease()
	got := a.run()
	if got.code == 0 || !strings.Contains(got.output, "is in use by another program or run") {
		a.t.Errorf("exit %d without a word about the file in use:\n%s", got.code, got.output)
	}
	if runs := a.runs(); runs[0].status != "unknown" {
		a.t.Errorf("the run is %s, but nobody knows whether its rows will be stored", runs[0].status)
	}
}}

// duckCells are those of the loads with a DuckDB file at one end, and of the other
// sources. Each is killed at every step; the rest strikes three ways to write.
func duckCells() []cell {
	var all []cell
	for _, s := range slices.Concat(intoDuckDB(), otherSources()) {
		all = append(all, everyKill(s)...)
	}
	reading := []string{"run.table_claimed", "load.copy_open", "load.batch_written", "read.complete"}
	for _, name := range []string{"insert straight in", "upsert", replaceNew} {
		s := duckNamed(name)
		for _, f := range []fault{noSource, sourceReset, sourceSilent} {
			for _, step := range reading {
				all = append(all, cell{scenario: s, size: big, step: step, fault: f})
			}
		}
		for _, step := range []string{"run.claimed", "load.reported", "run.finishing"} { // the file is free
			all = append(all, cell{scenario: s, size: small, step: step, fault: zombie})
		}
	}
	for _, step := range []string{"load.after_claim", "load.batch_written", "load.before_commit", "load.committed"} {
		all = append(all, cell{scenario: duckNamed("insert straight in"), size: small, step: step, fault: held})
	}
	return all
}

// duckNamed finds a scenario that loads into DuckDB.
func duckNamed(name string) scenario {
	for _, s := range intoDuckDB() {
		if s.name == "into DuckDB: "+name {
			return s
		}
	}
	panic("there is no scenario into DuckDB for " + name)
}
