package engine

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"testing"
	"time"

	"leat/authorizers"
	"leat/connectors"
	"leat/flows"
	"leat/secrets"
	"leat/storage"
)

// world is an engine over a real store and a system in memory.
type world struct {
	*Engine
	t      *testing.T
	store  *storage.Store
	system *system
	// other is the system of the second authorizer.
	other *system
}

// catalogOf has one system per kind.
type catalogOf map[string]connectors.Connector

func (c catalogOf) Connector(kind string) (connectors.Connector, bool) {
	found, ok := c[kind]
	return found, ok
}

type noNetwork struct{}

func (noNetwork) DialContext(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("these tests use no network")
}

func newWorld(t *testing.T) *world {
	t.Helper()
	settled(t)
	store, err := storage.Open(t.Context(), storage.Options{DataDir: t.TempDir()})
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	w := &world{t: t, store: store, system: newSystem(), other: newSystem()}
	w.Engine = w.node("one")
	w.system.datasets["public.orders"] = &dataset{rows: 1000, batch: 100, width: 10, key: []string{"id"}}
	now := time.Now()
	for id, kind := range map[string]string{"shop": "memory", "other": "other"} {
		authorizer := authorizers.Authorizer{ID: id, Name: id, Connector: kind, CreatedAt: now, UpdatedAt: now}
		w.must(store.SaveAuthorizer(t.Context(), authorizer))
	}
	w.must(store.SaveDestination(t.Context(), flows.Destination{ID: "dwh", Name: "dwh", AuthorizerID: "shop", DefaultSchema: "main"}))
	w.save(stream("public.orders"))
	return w
}

// node is one more process on the same store.
func (w *world) node(name string) *Engine {
	e := New(Deps{
		Connectors: catalogOf{"memory": w.system, "other": w.other}, Authorizers: w.store, Sources: w.store,
		Destinations: w.store, Flows: w.store, Runs: w.store, Installation: w.store,
		Dialer: noNetwork{}, References: secrets.Resolver{}, Node: name, Log: slog.New(slog.DiscardHandler),
	})
	e.timing = timing{
		progress: 10 * time.Millisecond, renew: 20 * time.Millisecond, lease: 10 * time.Second, poll: 10 * time.Millisecond,
		takeover: 5 * time.Second, resolve: 300 * time.Millisecond, unknown: 50 * time.Millisecond, store: 5 * time.Second, close: time.Second,
		check: time.Second, dial: time.Second, preview: time.Second, plan: time.Second,
		ask: time.Second,
	}
	return e
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// stream writes a dataset of the source to a table of its name.
func stream(name string) flows.Stream {
	return flows.Stream{
		From: []flows.StreamInput{{SourceID: "sales", Dataset: name}}, Table: "main.{table}",
		WriteMode: connectors.Insert, StateKey: "flow/main.{table}",
	}
}

// save stores the flow and a source with the datasets that its streams name.
func (w *world) save(streams ...flows.Stream) {
	w.t.Helper()
	source := flows.Source{ID: "sales", Name: "sales", AuthorizerID: "shop"}
	for _, s := range streams {
		schema, name := "public", s.From[0].Dataset[len("public."):]
		source.Datasets = append(source.Datasets, flows.SourceDataset{
			Name: s.From[0].Dataset, Dataset: connectors.Dataset{Schema: schema, Name: name},
		})
	}
	w.saveSource(source)
	w.saveFlow(flows.Flow{Streams: streams})
}

func (w *world) saveSource(source flows.Source) {
	w.t.Helper()
	w.must(w.store.SaveSource(w.t.Context(), source))
}

func (w *world) saveFlow(flow flows.Flow) {
	w.t.Helper()
	flow.ID, flow.Name, flow.DestinationID = "flow", "flow", "dwh"
	w.must(w.store.SaveFlow(w.t.Context(), flow))
}

// run runs the flow to its end.
func (w *world) run() flows.Run {
	w.t.Helper()
	run, err := w.RunFlow(w.t.Context(), "flow", RunOptions{})
	w.must(err)
	return run
}

// claim queues a run and claims it.
func (w *world) claim() flows.Run {
	w.t.Helper()
	_, err := w.Enqueue(w.t.Context(), "flow", RunOptions{})
	w.must(err)
	run, err := w.store.ClaimRun(w.t.Context(), w.Node, "flow", w.timing.lease)
	w.must(err)
	return run
}

// stored reads a run back.
func (w *world) stored(id string) flows.Run {
	w.t.Helper()
	run, err := w.store.Run(w.t.Context(), id)
	w.must(err)
	return run
}

// expect compares the end of a run and what is in the table.
func (w *world) expect(run flows.Run, status flows.RunStatus, rows int64) {
	w.t.Helper()
	if run.Status != status {
		w.t.Errorf("the run is %s, want %s (error %+v)", run.Status, status, run.Error)
	}
	if got := w.system.rows("main.orders"); got != rows {
		w.t.Errorf("the table holds %d rows, want %d", got, rows)
	}
	w.clean()
}

// leaseEnds waits until the store lets others claim the run.
func (w *world) leaseEnds(id string) {
	w.t.Helper()
	waitFor(w.t, "the lease to end", func() bool { return !time.Now().Before(w.stored(id).Lease.Until) })
}

// clean checks that nothing stays open and that each load ended once.
func (w *world) clean() {
	w.t.Helper()
	s := w.system
	if s.opened.Load() != s.closed.Load() {
		w.t.Errorf("%d connections were opened and %d closed", s.opened.Load(), s.closed.Load())
	}
	if s.alive.Load() != 0 {
		w.t.Errorf("%d batches were not released", s.alive.Load())
	}
	if s.begun.Load() != s.aborted.Load()+s.committed.Load() {
		w.t.Errorf("%d loads began, %d were committed and %d aborted", s.begun.Load(), s.committed.Load(), s.aborted.Load())
	}
}

// settled fails the test when goroutines are left behind.
func settled(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 3000 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		stacks := make([]byte, 1<<16)
		t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
	})
}
