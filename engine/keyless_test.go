package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leat/connectors"
	"leat/flows"
)

// shelf gives the source tables with and without a key, and two that cannot be read; the
// flow upserts all of them.
func shelf(t *testing.T, change func(*flows.Stream, *flows.SourceDataset)) *world {
	t.Helper()
	w := newWorld(t)
	for _, name := range []string{"logs", "notes"} {
		w.system.datasets["public."+name] = &dataset{rows: 20, batch: 10}
	}
	w.system.datasets["public.bare"] = &dataset{unreadable: "it has no columns"}
	d := flows.SourceDataset{Name: "all", Pattern: "public.*", Cursor: "id"}
	s := flows.Stream{From: []flows.StreamInput{{SourceID: "sales", Dataset: "all"}}, Table: "main.{table}", WriteMode: connectors.Upsert, StateKey: "flow/main.{table}"}
	change(&s, &d)
	w.saveSource(flows.Source{ID: "sales", Name: "sales", AuthorizerID: "shop", Datasets: []flows.SourceDataset{d}})
	w.saveFlow(flows.Flow{Streams: []flows.Stream{s}})
	return w
}

// modes are the tables of a run with their write modes.
func modes(run flows.Run) string {
	var out []string
	for _, s := range run.Streams {
		out = append(out, s.Dataset+" "+string(s.WriteMode))
	}
	return strings.Join(out, ", ")
}

func TestKeylessTablesOfAPattern(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*flows.Stream, *flows.SourceDataset)
		modes  string
		notes  []string
	}{
		"skip": {
			func(s *flows.Stream, _ *flows.SourceDataset) { s.Keyless = flows.KeylessSkip }, "public.orders upsert",
			[]string{"public.bare is left out: it has no columns", "public.logs is left out: it has no key, and upsert works by one", "public.notes is left out: it has no key, and upsert works by one"},
		},
		"truncate_insert": {
			func(s *flows.Stream, _ *flows.SourceDataset) { s.Keyless = flows.KeylessReplace },
			"public.logs truncate_insert, public.notes truncate_insert, public.orders upsert",
			[]string{"public.bare is left out: it has no columns", "public.logs is loaded by truncate_insert: it has no key, and upsert works by one", "public.notes is loaded by truncate_insert: it has no key, and upsert works by one"},
		},
		"the stream's unique columns": {
			func(s *flows.Stream, _ *flows.SourceDataset) { s.Unique = []string{"id"} },
			"public.logs upsert, public.notes upsert, public.orders upsert",
			[]string{"public.bare is left out: it has no columns"},
		},
		"the pattern's key": {
			func(_ *flows.Stream, d *flows.SourceDataset) { d.Key = []string{"id"} },
			"public.logs upsert, public.notes upsert, public.orders upsert",
			[]string{"public.bare is left out: it has no columns"},
		},
		"a mode without a key": {
			func(s *flows.Stream, d *flows.SourceDataset) { s.WriteMode, d.Cursor = connectors.Insert, "" },
			"public.logs insert, public.notes insert, public.orders insert",
			[]string{"public.bare is left out: it has no columns"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := shelf(t, c.change)
			run := w.run()
			if run.Status != flows.RunSucceeded || modes(run) != c.modes || !slices.Equal(run.Streams[0].Warnings, c.notes) {
				t.Errorf("%s with %s; the warnings are %q (%v)", run.Status, modes(run), run.Streams[0].Warnings, run.Error)
			}
			plans, err := w.PlanFlow(t.Context(), w.flow())
			if err != nil || len(plans) != len(run.Streams) || fmt.Sprint(plans[0].Plan.Warnings[:len(c.notes)]) != fmt.Sprint(c.notes) {
				t.Errorf("the plan warns of %q (%v)", plans[0].Plan.Warnings, err)
			}
		})
	}
}

// TestKeylessTablesAreRefusedTogether names all of them at once.
func TestKeylessTablesAreRefusedTogether(t *testing.T) {
	w := shelf(t, func(*flows.Stream, *flows.SourceDataset) {})
	_, err := w.PlanFlow(t.Context(), w.flow())
	if !connectors.Is(err, connectors.Config) || !strings.Contains(err.Error(), "public.logs, public.notes") || !strings.Contains(err.Error(), "keyless: skip") {
		t.Errorf("the refusal is %v", err)
	}
	w.expect(w.run(), flows.RunFailed, 0)
	w = shelf(t, func(s *flows.Stream, d *flows.SourceDataset) {
		s.Keyless, d.Exclude = flows.KeylessSkip, []string{"public.orders"}
	})
	if _, err := w.PlanFlow(t.Context(), w.flow()); !connectors.Is(err, connectors.Config) || !strings.Contains(err.Error(), "nothing is left") {
		t.Errorf("a pattern of which nothing is left gave %v", err)
	}
}

// many is a flow over 400 tables.
func many(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for i := range 400 {
		w.system.datasets[fmt.Sprintf("public.t%03d", i)] = &dataset{rows: 1, batch: 1, key: []string{"id"}}
	}
	w.saveSource(flows.Source{ID: "sales", Name: "sales", AuthorizerID: "shop", Datasets: []flows.SourceDataset{{Name: "all", Pattern: "public.t*"}}})
	w.saveFlow(flows.Flow{Streams: []flows.Stream{{
		From: []flows.StreamInput{{SourceID: "sales", Dataset: "all"}}, Table: "main.{table}", WriteMode: connectors.Upsert, StateKey: "flow/main.{table}",
	}}})
	return w
}

// TestPlansOfManyTables asks about each of 400 tables, each with a limit of its own.
func TestPlansOfManyTables(t *testing.T) {
	w := many(t)
	limits := map[time.Time]bool{}
	w.system.faults.plan = func(ctx context.Context) error {
		limit, _ := ctx.Deadline()
		limits[limit] = true
		return nil
	}
	plans, err := w.PlanFlow(t.Context(), w.flow())
	w.must(err)
	for _, plan := range plans {
		if !plan.Checked || plan.Problem != nil {
			t.Fatalf("%s is not checked: %v", plan.Table, plan.Problem)
		}
	}
	if len(plans) != 400 || len(limits) != 400 {
		t.Errorf("%d plans, %d limits", len(plans), len(limits))
	}
}

// TestASilentEndIsNotAskedAgain says which tables were not checked.
func TestASilentEndIsNotAskedAgain(t *testing.T) {
	w := many(t)
	w.timing.plan = 100 * time.Millisecond
	asked := 0
	w.system.faults.plan = func(ctx context.Context) error {
		if asked++; asked < 3 {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}
	plans, err := w.PlanFlow(t.Context(), w.flow())
	w.must(err)
	unchecked := 0
	for _, plan := range plans {
		if !plan.Checked && plan.Problem != nil {
			unchecked++
		}
	}
	if asked != 3 || unchecked != 398 || !plans[1].Checked {
		t.Errorf("%d questions, %d of %d tables are not checked", asked, unchecked, len(plans))
	}
}

// flow is the saved one.
func (w *world) flow() flows.Flow {
	w.t.Helper()
	flow, err := w.store.Flow(w.t.Context(), "flow")
	w.must(err)
	return flow
}
