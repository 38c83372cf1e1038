//go:build faults

package faults_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// tableOfCells is the whole table: every scenario is killed at every step, and the other faults
// strike three scenarios that differ in how they write. The cells of DuckDB files, of
// reads in parts and of targets that others share come with them.
func tableOfCells() []cell {
	var all []cell
	for _, s := range scenarios {
		all = append(all, everyKill(s)...)
	}
	for _, name := range []string{"insert straight in", "upsert", "replace a new table, then its rows"} {
		for _, f := range []fault{noTarget, noSource, targetReset, sourceReset, targetSilent, sourceSilent, zombie, answerLost, noMemory, memoryReset, memoryAway} {
			all = append(all, everyStep(scenarioNamed(name), f)...)
		}
	}
	return slices.Concat(all, duckCells(), partCells(), shapeCells())
}

// coverage notes what became of every cell.
type coverage struct {
	mu            sync.Mutex
	covered, done int
	gaps          map[string][]string // cells by reason
}

func (v *coverage) note(c cell, reached []cell, failed bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.done++; v.done%25 == 0 {
		fmt.Printf("%d pairs of runs are done\n", v.done)
	}
	for _, c.again = range []bool{false, true} {
		isThis := func(r cell) bool { return r.again == c.again }
		switch {
		case failed:
			v.gaps["failed"] = append(v.gaps["failed"], c.String())
		case slices.ContainsFunc(reached, isThis):
			v.covered++
		default:
			v.gaps["the step is not on the way of this scenario"] = append(v.gaps["the step is not on the way of this scenario"], c.String())
		}
	}
}

// report prints covered and goal, and every gap with its reason.
func (v *coverage) report() {
	goal := v.covered
	for _, gap := range v.gaps {
		goal += len(gap)
	}
	fmt.Printf("faults: %d covered / %d goal\n", v.covered, goal)
	for reason, gap := range v.gaps {
		fmt.Printf("%d cells: %s\n", len(gap), reason)
		for _, c := range gap {
			fmt.Println("   ", c)
		}
	}
}

// disturbCells takes them all and prints what it covered.
func disturbCells(t *testing.T, w *world) {
	v := &coverage{gaps: map[string][]string{}}
	t.Run("all", func(t *testing.T) {
		for _, c := range tableOfCells() {
			t.Run(strings.TrimSuffix(c.String(), "/first run"), func(t *testing.T) {
				t.Parallel()
				var reached []cell
				defer func() { v.note(c, reached, t.Failed()) }()
				reached = disturb(t, w, c)
			})
		}
	})
	v.report()
}
