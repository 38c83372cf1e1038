package faults_test

import (
	"slices"
	"strings"
)

// besides is the digest of the tables beside the target.
func (a *site) besides() string {
	a.t.Helper()
	if a.scenario.beside == "" {
		return ""
	}
	var all []string
	for table := range strings.SplitSeq(a.scenario.beside, ",") {
		all = append(all, table+" "+a.ground.digest(a.t, "TABLE analytics."+table))
	}
	return strings.Join(all, ", ")
}

// loads is how many loads were applied.
func (a *site) loads() string {
	a.t.Helper()
	if !slices.Contains(strings.Split(a.ground.tables(a.t), ","), "_leat_loads") {
		return "0"
	}
	return a.ground.text(a.t, "SELECT count(*) || '' FROM analytics._leat_loads")
}

// checkInterrupted looks at a table whose run was killed: it holds what it held before, or
// with a load row what the run brought. Never is it a mix, and never are the rows of
// others the stream's own before they are gone.
func (a *site) checkInterrupted(c cell) {
	a.t.Helper()
	if c.scenario.before == "" {
		return
	}
	phases := map[string]string{"0": c.scenario.before, "1": c.scenario.want[0], "2": c.scenario.want[1]}
	loads := a.loads()
	want := a.world.expected(a.t, c.scenario.from, a.size, phases[loads])
	if got := a.ground.digest(a.t, c.scenario.have); got != want {
		a.t.Errorf("after %s loads and a killed run the target holds %s, want %s", loads, got, want)
	}
	if c.scenario.later != "" && !c.again {
		a.checkConsent(loads != "0")
	}
}

// checkConsent takes the consent of a stream back. That is possible when the stream
// already owns the rows, and refused as long as they are those of others.
func (a *site) checkConsent(owns bool) {
	a.t.Helper()
	a.stream = a.scenario.later
	got := a.apply(a.yaml())
	switch asks := strings.Contains(got.output, "takeover: true"); {
	case owns && got.code != 0:
		a.t.Errorf("the load was applied, but the stream does not own its rows: exit %d\n%s", got.code, got.output)
	case !owns && (got.code == 0 || !asks):
		a.t.Errorf("the load was not applied, but the stream may remove the rows of others: exit %d\n%s", got.code, got.output)
	}
	a.stream = a.scenario.stream
	a.configure(a.yaml())
}

// withdrawConsent saves the flow with the lines that are right once it owns its rows.
func (a *site) withdrawConsent() {
	a.t.Helper()
	if a.scenario.later != "" {
		a.stream = a.scenario.later
		a.configure(a.yaml())
	}
}

// countsOfLoad writes the counts of the newest load: read/written/unchanged/skipped.
const countsOfLoad = `SELECT concat_ws('/', c->>'rows_read', c->>'rows_written', c->>'rows_unchanged', c->>'rows_skipped')
	FROM (SELECT counts::jsonb AS c FROM analytics._leat_loads ORDER BY fence DESC LIMIT 1) l`

// checkCounts compares the counts of the newest load with a query at the source.
func (a *site) checkCounts(query string) {
	a.t.Helper()
	got := a.ground.text(a.t, countsOfLoad)
	if want := a.world.asked(a.t, a.size, "SELECT ("+query+")::text"); got != want {
		a.t.Errorf("the load counts %s rows read, written, unchanged and skipped, want %s", got, want)
	}
}

// shapeCells are the loads into tables that others share: rows of others that a stream
// takes over, tables that inherit, triggers, changes of the catalogue while it is swapped,
// and rows that no cursor orders. Each is killed at every step.
func shapeCells() []cell {
	var all []cell
	for _, s := range slices.Concat(takeovers, intoParents(), triggered) {
		all = append(all, everyStep(s, killed)...)
	}
	all = append(all, everyKill(halfOpen)...)
	for _, s := range []scenario{takeovers[0], takeovers[1], triggered[0], halfOpen, parentNamed(replaceNew)} {
		for _, f := range []fault{zombie, noTarget} {
			all = append(all, everyStep(s, f)...)
		}
	}
	for _, c := range changes {
		all = append(all, everyStep(takeovers[0], changed(c))...)
	}
	return all
}

// parentNamed finds a scenario that loads into a parent.
func parentNamed(name string) scenario {
	for _, s := range intoParents() {
		if s.name == "into a parent: "+name {
			return s
		}
	}
	panic("there is no scenario into a parent for " + name)
}
