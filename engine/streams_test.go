package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leat/connectors"
	"leat/flows"
)

func TestPatternBecomesOneStreamPerTable(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"public.b", "public.a", "public.a_tmp", "other.c", "public._leat_state", "public.x.y"} {
		w.system.datasets[name] = &dataset{rows: 10, batch: 10}
	}
	w.saveSource(flows.Source{ID: "sales", Name: "sales", AuthorizerID: "shop", Datasets: []flows.SourceDataset{
		{Name: "all", Pattern: "public.*", Exclude: []string{"*_tmp"}},
	}})
	w.saveFlow(flows.Flow{Streams: []flows.Stream{{
		From: []flows.StreamInput{{SourceID: "sales", Dataset: "all"}}, Table: "main.raw_{table}",
		WriteMode: connectors.Insert, StateKey: "flow/main.raw_{table}",
	}}})
	it := w.itinerary()
	var tables, keys []string
	for _, r := range it.routes {
		tables, keys = append(tables, r.table.Name), append(keys, r.stateKey)
	}
	if want := []string{"raw_a", "raw_b", "raw_orders", "raw_x.y"}; !slices.Equal(tables, want) {
		t.Errorf("the pattern became %q, want %q", tables, want)
	}
	if keys[0] != "flow/main.raw_a" {
		t.Errorf("the state key is %q", keys[0])
	}
	run := w.run()
	if run.Status != flows.RunSucceeded || len(run.Streams) != 4 || run.Streams[3].Dataset != "public.x.y" {
		t.Errorf("the run is %s with %+v", run.Status, run.Streams)
	}
	w.clean()
}

// TestNamesThatDifferByCaseAreOneTable refuses what a pattern selects when the destination
// cannot tell two of its tables apart, in a plan and in a run, and names both.
func TestNamesThatDifferByCaseAreOneTable(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"public.WH2A", "public.wh2a"} {
		w.system.datasets[name] = &dataset{rows: 10, batch: 10}
	}
	w.saveSource(flows.Source{ID: "sales", Name: "sales", AuthorizerID: "shop", Datasets: []flows.SourceDataset{{Name: "all", Pattern: "public.*"}}})
	flow := flows.Flow{Streams: []flows.Stream{{
		From: []flows.StreamInput{{SourceID: "sales", Dataset: "all"}}, Table: "main.{table}",
		WriteMode: connectors.Insert, StateKey: "flow/main.{table}",
	}}}
	w.saveFlow(flow)
	w.expect(w.run(), flows.RunSucceeded, 1000)
	w.system.folds = true
	run := w.run()
	if run.Status != flows.RunFailed || run.Error == nil || !strings.Contains(run.Error.Message, "main.WH2A and main.wh2a") || run.Error.Fix == "" {
		t.Errorf("the run is %s with %+v", run.Status, run.Error)
	}
	flow.DestinationID = "dwh"
	if _, err := w.PlanFlow(t.Context(), flow); !connectors.Is(err, connectors.Config) || !strings.Contains(err.Error(), "main.WH2A and main.wh2a") {
		t.Errorf("the plan gave %v", err)
	}
	w.clean()
}

// TestAPatternComparesWithoutWhatATableHas leaves names out that one of the tables lacks.
// For a stream of one table they stay, and the destination refuses them.
func TestAPatternComparesWithoutWhatATableHas(t *testing.T) {
	w := newWorld(t)
	schema := w.system.datasets["public.orders"].schema()
	has := schema.Columns[0].Name
	for table, want := range map[string][]string{"main.raw_{table}": {has}, "main.orders": {has, "nope"}} {
		r := route{stream: flows.Stream{Table: table, WriteMode: connectors.Insert, CompareWithout: []string{has, "nope"}}}
		made, err := w.itinerary().ship(r, "kind", connectors.Description{Schema: schema})
		if err != nil || !slices.Equal(made.target.CompareWithout, want) {
			t.Errorf("%s compares without %q, want %q, %v", table, made.target.CompareWithout, want, err)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"public.*", "public.orders", true},
		{"public.*", "public2.orders", false},
		{"*_tmp", "public.a_tmp", true},
		{"a*a", "a", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c", false},
		{"public.orders", "public.orders", true},
		{"public.orders", "public.Orders", false},
		{"*", "", true},
		{"public.a.b", "public.a-b", false},
		{"**x**", "axb", true},
	} {
		if got := matches(c.pattern, c.name); got != c.want {
			t.Errorf("%q against %q gave %v", c.pattern, c.name, got)
		}
	}
}

// two gives the flow a second stream.
func (w *world) two(options flows.FlowOptions) {
	w.t.Helper()
	w.system.datasets["public.items"] = &dataset{rows: 500, batch: 100, key: []string{"id"}}
	w.save(stream("public.orders"), stream("public.items"))
	w.saveFlow(flows.Flow{Streams: []flows.Stream{stream("public.orders"), stream("public.items")}, Options: options})
}

func TestOneStreamFailsAlone(t *testing.T) {
	w := newWorld(t)
	w.two(flows.FlowOptions{})
	delete(w.system.datasets, "public.items")
	run := w.run()
	w.expect(run, flows.RunPartial, 1000)
	if run.Streams[1].Status != flows.RunFailed || run.Streams[1].Error.Kind != string(connectors.NotFound) {
		t.Errorf("the second stream is %+v", run.Streams[1])
	}
}

func TestAtomicFlow(t *testing.T) {
	w := newWorld(t)
	w.two(flows.FlowOptions{AtomicFlow: true})
	w.expect(w.run(), flows.RunSucceeded, 1000)
	if w.system.rows("main.items") != 500 || w.system.begun.Load() != 1 || w.system.reads.Load() != 1 {
		t.Errorf("%d rows, %d loads, %d reads", w.system.rows("main.items"), w.system.begun.Load(), w.system.reads.Load())
	}
	w.system.faults.next = func(event int) error { // inside the second dataset
		if event == 15 {
			return errUnreachable
		}
		return nil
	}
	run := w.run()
	w.expect(run, flows.RunFailed, 1000)
	if run.Streams[0].Status != flows.RunFailed || w.system.rows("main.items") != 500 {
		t.Errorf("the first stream is %s", run.Streams[0].Status)
	}
}

func TestAtomicFlowOverTwoSystems(t *testing.T) {
	w := newWorld(t)
	w.two(flows.FlowOptions{AtomicFlow: true})
	w.other.datasets["public.items"] = w.system.datasets["public.items"]
	delete(w.system.datasets, "public.items")
	w.saveSource(flows.Source{ID: "more", Name: "more", AuthorizerID: "other", Datasets: []flows.SourceDataset{
		{Name: "public.items", Dataset: connectors.Dataset{Schema: "public", Name: "items"}},
	}})
	items := stream("public.items")
	items.From[0].SourceID = "more"
	w.saveFlow(flows.Flow{Streams: []flows.Stream{items, stream("public.orders")}, Options: flows.FlowOptions{AtomicFlow: true}})
	w.expect(w.run(), flows.RunSucceeded, 1000)
	if w.system.rows("main.items") != 500 || w.system.begun.Load() != 1 || w.other.reads.Load() != 1 {
		t.Errorf("%d rows, %d loads", w.system.rows("main.items"), w.system.begun.Load())
	}
}

func TestParallelismIsBounded(t *testing.T) {
	w := newWorld(t)
	var streams []flows.Stream
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		w.system.datasets["public."+name] = &dataset{rows: 10, batch: 10}
		streams = append(streams, stream("public."+name))
	}
	w.save(streams...)
	w.saveFlow(flows.Flow{Streams: streams, Options: flows.FlowOptions{Parallelism: 2}})
	var now, most atomic.Int64
	two := make(chan struct{}) // closed when two streams write at once
	var once sync.Once
	w.system.faults.write = func(ctx context.Context, _ int64) error {
		defer now.Add(-1)
		writing := now.Add(1)
		most.Store(max(most.Load(), writing))
		if writing == 2 {
			once.Do(func() { close(two) })
		}
		select {
		case <-two:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Minute):
			return errors.New("one stream writes alone")
		}
	}
	if run := w.run(); run.Status != flows.RunSucceeded {
		t.Errorf("the run is %s", run.Status)
	}
	if most.Load() != 2 {
		t.Errorf("%d streams wrote at once, want 2", most.Load())
	}
}

func TestIncrementalReadGoesOnFromItsPosition(t *testing.T) {
	w := newWorld(t)
	s := stream("public.orders")
	s.WriteMode = connectors.Upsert
	w.saveSource(flows.Source{ID: "sales", Name: "sales", AuthorizerID: "shop", Datasets: []flows.SourceDataset{
		{Name: "public.orders", Dataset: connectors.Dataset{Schema: "public", Name: "orders"}, Cursor: "id"},
	}})
	w.saveFlow(flows.Flow{Streams: []flows.Stream{s}})
	w.expect(w.run(), flows.RunSucceeded, 1000)
	w.expect(w.run(), flows.RunSucceeded, 1000)
	refreshed, err := w.RunFlow(t.Context(), "flow", RunOptions{FullRefresh: true})
	w.must(err)
	w.expect(refreshed, flows.RunSucceeded, 2000)
	if _, err := w.Enqueue(t.Context(), "flow", RunOptions{FullRefresh: true, Streams: []string{"nothing"}}); err == nil {
		t.Error("a refresh of an unknown stream was taken")
	}
}

func TestWrongLoadsAreRefusedBeforeReading(t *testing.T) {
	orders := flows.SourceDataset{Name: "public.orders", Dataset: connectors.Dataset{Schema: "public", Name: "orders"}}
	cursor := orders
	cursor.Cursor = "id"
	narrow := orders
	narrow.Columns = []string{"text"}
	gone := orders
	gone.Columns = []string{"id", "gone"}
	cases := map[string]struct {
		dataset flows.SourceDataset
		mode    connectors.WriteMode
		unique  []string
		keyless bool
	}{
		"upsert without a key":            {orders, connectors.Upsert, nil, true},
		"truncate_insert with a cursor":   {cursor, connectors.TruncateInsert, nil, false},
		"keyless insert with a cursor":    {cursor, connectors.Insert, nil, true},
		"unique column that is not read":  {narrow, connectors.Upsert, []string{"id"}, false},
		"column that the source has lost": {gone, connectors.Insert, nil, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.keyless {
				w.system.datasets["public.orders"].key = nil
			}
			w.saveSource(flows.Source{ID: "sales", Name: "sales", AuthorizerID: "shop", Datasets: []flows.SourceDataset{c.dataset}})
			s := stream("public.orders")
			s.WriteMode, s.Unique = c.mode, c.unique
			w.saveFlow(flows.Flow{Streams: []flows.Stream{s}})
			run := w.run()
			w.expect(run, flows.RunFailed, 0)
			if w.system.begun.Load() != 0 || run.Error.Fix == "" {
				t.Errorf("%d loads began; the error is %+v", w.system.begun.Load(), run.Error)
			}
		})
	}
}

func TestBrokenFlowsFailWithASentence(t *testing.T) {
	w := newWorld(t)
	twice := stream("public.orders")
	twice.StateKey = "flow/second"
	unknown := stream("public.orders")
	unknown.From[0].Dataset = "public.none"
	late := flows.FlowOptions{LockTimeout: "soon"}
	for name, flow := range map[string]flows.Flow{
		"no streams":      {},
		"same table":      {Streams: []flows.Stream{stream("public.orders"), twice}},
		"unknown dataset": {Streams: []flows.Stream{unknown}},
		"bad option":      {Streams: []flows.Stream{stream("public.orders")}, Options: late},
	} {
		w.saveFlow(flow)
		run := w.run()
		w.expect(run, flows.RunFailed, 0)
		if run.Error == nil || run.Error.Kind != string(connectors.Config) || run.Error.Fix == "" {
			t.Errorf("%s: the error is %+v", name, run.Error)
		}
	}
}
