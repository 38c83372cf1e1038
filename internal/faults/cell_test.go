package faults_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// cell is one disturbed run: a fault at a step of a scenario, in the first or in the
// second run of the flow.
type cell struct {
	scenario scenario
	size     size
	step     string
	fault    fault
	again    bool
}

func (c cell) String() string {
	which := "first run"
	if c.again {
		which = "second run"
	}
	return c.scenario.name + "/" + c.fault.name + "/" + c.step + "/" + which
}

// disturb strikes both runs of a flow at one step and checks the rows after each. It
// returns the cells that were reached.
func disturb(t *testing.T, w *world, c cell) (reached []cell) {
	t.Helper()
	a := newSite(t, w, c.scenario, c.size, c.fault.needs)
	for _, c.again = range []bool{false, true} {
		if c.again {
			a.feed("second")
			a.withdrawConsent()
		}
		if a.struck(c) {
			reached = append(reached, c)
		}
		a.check(c)
		a.checkChanges()
		if t.Failed() {
			t.Logf("at %s", c)
			return reached
		}
	}
	return reached
}

// struck runs the flow with the fault, repairs what it left by running it again, and
// says whether the step was reached.
func (a *site) struck(c cell) bool {
	a.t.Helper()
	crash := c.step
	if !c.fault.kills {
		name, pass, counted := strings.Cut(c.step, ":")
		crash = name + ":pause"
		if counted {
			crash += ":" + pass
		}
	}
	process := a.startRun(crash)
	reached := c.fault.kills || process.stopped()
	if reached && !c.fault.kills {
		a.strikeStopped(c, process)
	}
	got := process.wait()
	if c.fault.kills {
		reached = got.killed
		a.checkInterrupted(c)
	}
	if !reached && got.code != 0 {
		a.t.Errorf("the run failed before it reached the step:\n%s", got.output)
	}
	a.repair(c, got)
	return reached
}

// strikeStopped disturbs the process that stands still and lets it go on.
func (a *site) strikeStopped(c cell, process *process) {
	a.t.Helper()
	c.fault.strike(a)
	if c.fault.retaken {
		if got := a.run(); got.code != 0 {
			a.t.Errorf("another process did not take the run over: exit %d\n%s", got.code, got.output)
		}
		a.check(c)
	}
	process.resume()
	if c.fault.after != nil {
		c.fault.after(a)
	}
}

// repair runs the flow again unless its last run has succeeded.
func (a *site) repair(c cell, got outcome) {
	a.t.Helper()
	before := a.runs()
	if len(before) > 0 && before[0].status == "succeeded" {
		return
	}
	if !c.fault.kills && got.code == 0 {
		a.t.Errorf("the program said that all is well, but the run is %+v\n%s", before, got.output)
	}
	a.endLease()
	again := a.run()
	if again.code != 0 {
		a.t.Errorf("the run after the fault: exit %d\n%s\nbefore it:\n%s", again.code, again.output, got.output)
		return
	}
	a.checkRecipe(c, again)
	after := a.runs()
	if len(before) > 0 && before[0].active() && after[0].id != before[0].id {
		a.t.Errorf("the run %s was unfinished, but the next one began as %s", before[0].id, after[0].id)
	}
}

// checkRecipe proves that the cell is about what its name says.
func (a *site) checkRecipe(c cell, got outcome) {
	a.t.Helper()
	var result struct {
		Streams []struct {
			Recipe string `json:"recipe"`
		} `json:"streams"`
	}
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || len(result.Streams) != 1 {
		a.t.Fatalf("leat run printed %q: %v", got.stdout, err)
	}
	want := c.scenario.recipes[0]
	if c.again {
		want = c.scenario.recipes[1]
	}
	if result.Streams[0].Recipe != want && c.fault.change == nil {
		a.t.Errorf("the run took the recipe %q, want %q", result.Streams[0].Recipe, want)
	}
}

// check compares the target with what the source says, and the destination's memory with
// the runs.
func (a *site) check(c cell) {
	a.t.Helper()
	phase := 0
	if c.again {
		phase = 1
	}
	want := a.world.expected(a.t, c.scenario.from, a.size, c.scenario.want[phase])
	if got := a.ground.digest(a.t, c.scenario.have); got != want {
		a.t.Errorf("the target holds %s, want %s", got, want)
	}
	a.checkLoads(phase + 1)
	if count := c.scenario.rejects[phase]; count != "" {
		a.checkRejects(count)
	}
	if counts := c.scenario.counts[phase]; counts != "" {
		a.checkCounts(counts)
	}
	if got := a.besides(); got != a.around {
		a.t.Errorf("beside the target stand %s, and it was %s", got, a.around)
	}
	known := append(strings.Split(c.scenario.beside, ","), "target", "_leat_state", "_leat_loads", "target__rejects")
	for table := range strings.SplitSeq(a.ground.tables(a.t), ",") {
		if !slices.Contains(known, table) {
			a.t.Errorf("the run left the table %q", table)
		}
	}
}

// checkRejects requires each rejected row once.
func (a *site) checkRejects(count string) {
	a.t.Helper()
	kept := a.ground.text(a.t, "SELECT count(*) || '' FROM analytics.target__rejects")
	if want := a.world.asked(a.t, a.size, "SELECT ("+count+")::text"); kept != want {
		a.t.Errorf("%s rejects are kept, want %s", kept, want)
	}
}

// checkLoads requires one load row per succeeded run, and one state row.
func (a *site) checkLoads(want int) {
	a.t.Helper()
	loads := strings.FieldsFunc(a.ground.text(a.t, "SELECT coalesce(string_agg(run, ',' ORDER BY run), '') FROM analytics._leat_loads"), func(r rune) bool { return r == ',' })
	states := a.ground.text(a.t, "SELECT count(*) || '' FROM analytics._leat_state")
	var succeeded []string
	for _, run := range a.runs() {
		if run.status == "succeeded" {
			succeeded = append(succeeded, run.id)
		}
	}
	slices.Sort(succeeded)
	if len(loads) != want || states != "1" || !slices.Equal(loads, succeeded) {
		a.t.Errorf("%d load rows %q and %s state rows for the succeeded runs %q, want %d loads and one state", len(loads), loads, states, succeeded, want)
	}
}
