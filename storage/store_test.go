package storage_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"leat/authorizers"
	"leat/connectors"
	"leat/flows"
	"leat/internal/testdb"
	"leat/secrets"
	"leat/storage"
)

// onBoth runs a test on an empty SQLite store and on an empty PostgreSQL store.
func onBoth(t *testing.T, test func(t *testing.T, options storage.Options)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, storage.Options{DataDir: t.TempDir()})
	})
	t.Run("postgres", func(t *testing.T) {
		test(t, storage.Options{DataDir: t.TempDir(), DatabaseURL: testdb.Database(t)})
	})
}

func open(t *testing.T, options storage.Options) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ignoreSaved leaves out the times that saving sets.
var ignoreSaved = cmp.Options{
	cmpopts.IgnoreFields(authorizers.Authorizer{}, "CreatedAt", "UpdatedAt"),
	cmpopts.IgnoreFields(flows.Source{}, "CreatedAt", "UpdatedAt"),
	cmpopts.IgnoreFields(flows.Destination{}, "CreatedAt", "UpdatedAt"),
	cmpopts.IgnoreFields(flows.Flow{}, "CreatedAt", "UpdatedAt"),
	cmp.Comparer(func(a, b secrets.Secret) bool { return a.Equal(b) }),
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, ignoreSaved); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// saver saves what a flow needs.
type saver interface {
	authorizers.Store
	flows.SourceStore
	flows.DestinationStore
	flows.FlowStore
}

// newFlow saves a flow with everything below it, all of them called name.
func newFlow(ctx context.Context, s saver, name string) (flows.Flow, error) {
	a := authorizers.Authorizer{ID: storage.NewID(), Name: name, Connector: "postgres"}
	if err := s.SaveAuthorizer(ctx, a); err != nil {
		return flows.Flow{}, err
	}
	source := flows.Source{
		ID: storage.NewID(), Name: name, AuthorizerID: a.ID,
		Datasets: []flows.SourceDataset{{Name: "public.orders", Dataset: connectors.Dataset{Schema: "public", Name: "orders"}}},
	}
	if err := s.SaveSource(ctx, source); err != nil {
		return flows.Flow{}, err
	}
	d := flows.Destination{ID: storage.NewID(), Name: name, AuthorizerID: a.ID, DefaultSchema: "dbo"}
	if err := s.SaveDestination(ctx, d); err != nil {
		return flows.Flow{}, err
	}
	f := flows.Flow{
		ID: storage.NewID(), Name: name, DestinationID: d.ID,
		Streams: []flows.Stream{{
			From: []flows.StreamInput{{SourceID: source.ID, Dataset: "public.orders"}}, Table: "dbo.orders",
			WriteMode: connectors.Insert, StateKey: name + "/dbo.orders",
		}},
	}
	return f, s.SaveFlow(ctx, f)
}

func flowOf(t *testing.T, s saver, name string) flows.Flow {
	t.Helper()
	f, err := newFlow(t.Context(), s, name)
	must(t, err)
	return f
}

// enqueue queues a run and returns its id.
func enqueue(t *testing.T, s *storage.Store, f flows.Flow) string {
	t.Helper()
	id := storage.NewID()
	must(t, s.EnqueueRun(t.Context(), flows.Run{ID: id, FlowID: f.ID, FlowName: f.Name, Trigger: flows.TriggerManual}))
	return id
}

// long is a lease that does not end during a test.
const long = time.Hour
