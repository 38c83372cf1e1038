package storage_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"leat/authorizers"
	"leat/connectors"
	"leat/dial"
	"leat/flows"
	"leat/secrets"
	"leat/storage"
)

func TestAuthorizers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		shop := authorizers.Authorizer{
			ID: storage.NewID(), Name: "shop", Connector: "postgres",
			Settings: map[string]string{"host": "127.0.0.1", "port": "5432"},
			Secrets:  map[string]secrets.Secret{"password": secrets.New("${env:SHOP}"), authorizers.SecretTLSKey: secrets.New("PEM")},
			TLS:      dial.TLS{Mode: dial.TLSRequire, ServerName: "db"}, Missing: []string{"passphrase"},
		}
		must(t, s.SaveAuthorizer(ctx, shop))
		got, err := s.Authorizer(ctx, shop.ID)
		must(t, err)
		same(t, got, shop)

		shop.Name, shop.Missing = "shop 2", nil
		shop.Secrets = map[string]secrets.Secret{"password": secrets.New("other")}
		must(t, s.SaveAuthorizer(ctx, shop))
		shop.LastCheck = &authorizers.CheckResult{At: time.Unix(1000, 5000).UTC(), OK: true, Message: "fine"}
		must(t, s.RecordCheck(ctx, shop.ID, *shop.LastCheck))
		changed, err := s.AuthorizerByName(ctx, "shop 2")
		must(t, err)
		same(t, changed, shop)
		if !changed.CreatedAt.Equal(got.CreatedAt) || changed.UpdatedAt.Before(got.UpdatedAt) {
			t.Errorf("times %v %v, before %v %v", changed.CreatedAt, changed.UpdatedAt, got.CreatedAt, got.UpdatedAt)
		}

		other := authorizers.Authorizer{ID: storage.NewID(), Name: "shop 2"}
		if err := s.SaveAuthorizer(ctx, other); !errors.Is(err, authorizers.ErrNameTaken) {
			t.Errorf("a taken name: %v", err)
		}
		other.Name, other.TLS.ClientKey = "a", "PEM"
		if err := s.SaveAuthorizer(ctx, other); err == nil || !strings.Contains(err.Error(), authorizers.SecretTLSKey) {
			t.Errorf("a client key that would be lost: %v", err)
		}
		other.TLS.ClientKey = ""
		must(t, s.SaveAuthorizer(ctx, other))
		all, err := s.Authorizers(ctx)
		if err != nil || len(all) != 2 || all[0].Name != "a" || all[1].Name != "shop 2" {
			t.Errorf("list: %v, %v", all, err)
		}
		must(t, s.DeleteAuthorizer(ctx, other.ID))
		for what, err := range map[string]error{
			"delete again": s.DeleteAuthorizer(ctx, other.ID),
			"check":        s.RecordCheck(ctx, other.ID, authorizers.CheckResult{}),
			"find":         second(s.Authorizer(ctx, other.ID)),
			"find by name": second(s.AuthorizerByName(ctx, "a")),
		} {
			if !errors.Is(err, authorizers.ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestSourcesDestinationsAndFlows(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		f := flowOf(t, s, "orders")
		rejects := int64(7)
		f.Schedule = flows.Schedule{Cron: "*/15 * * * *", TimeZone: "Europe/Prague"}
		f.Options, f.Paused = flows.FlowOptions{Parallelism: 2, LockTimeout: "30s"}, true
		f.Streams[0].Rejects, f.Streams[0].Unique = &rejects, []string{"id", "Ünï \"c\""}
		must(t, s.SaveFlow(ctx, f))
		got, err := s.Flow(ctx, f.ID)
		must(t, err)
		same(t, got, f)
		if got, err = s.FlowByName(ctx, "orders"); err != nil || got.ID != f.ID {
			t.Errorf("by name: %v", err)
		}

		source, err := s.SourceByName(ctx, "orders")
		must(t, err)
		source.Datasets = append(source.Datasets, flows.SourceDataset{
			Name: "big", Dataset: connectors.Dataset{Query: "SELECT 'a\x00?'"}, Key: []string{"id"}, Cursor: "at", Overlap: "5m",
		})
		must(t, s.SaveSource(ctx, source))
		again, err := s.Source(ctx, source.ID)
		must(t, err)
		same(t, again, source)
		destination, err := s.DestinationByName(ctx, "orders")
		must(t, err)
		destination.DefaultSchema = "analytics"
		must(t, s.SaveDestination(ctx, destination))
		found, err := s.Destination(ctx, destination.ID)
		must(t, err)
		same(t, found, destination)

		flowOf(t, s, "a")
		list, err := s.Flows(ctx)
		sources, err2 := s.Sources(ctx)
		destinations, err3 := s.Destinations(ctx)
		if errors.Join(err, err2, err3) != nil || len(list) != 2 || len(sources) != 2 || len(destinations) != 2 ||
			list[0].Name != "a" || sources[0].Name != "a" || destinations[0].Name != "a" {
			t.Errorf("lists: %v %v %v", list, sources, destinations)
		}
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		f := flowOf(t, s, "orders")
		source, err := s.SourceByName(ctx, "orders")
		must(t, err)
		destination, err := s.DestinationByName(ctx, "orders")
		must(t, err)
		f.ID, source.ID, destination.ID = storage.NewID(), storage.NewID(), storage.NewID()
		for what, err := range map[string]error{
			"source": s.SaveSource(ctx, source), "destination": s.SaveDestination(ctx, destination), "flow": s.SaveFlow(ctx, f),
		} {
			if !errors.Is(err, flows.ErrNameTaken) || !strings.Contains(err.Error(), what) {
				t.Errorf("%s: %v", what, err)
			}
		}
		source.Name, destination.Name, f.Name = "b", "b", "b"
		source.AuthorizerID, destination.AuthorizerID, f.DestinationID = "gone", "gone", "gone"
		for what, err := range map[string]error{
			"source": s.SaveSource(ctx, source), "destination": s.SaveDestination(ctx, destination), "flow": s.SaveFlow(ctx, f),
			"find source": second(s.Source(ctx, "gone")), "find destination": second(s.Destination(ctx, "gone")),
			"find flow": second(s.Flow(ctx, "gone")), "find run": second(s.Run(ctx, "gone")),
			"delete source": s.DeleteSource(ctx, "gone"), "delete destination": s.DeleteDestination(ctx, "gone"),
			"delete flow": s.DeleteFlow(ctx, "gone"), "cancel": s.RequestCancel(ctx, "gone"),
			"log":                    s.AppendLog(ctx, "gone", []flows.LogLine{{Message: "a"}}),
			"run":                    s.EnqueueRun(ctx, flows.Run{ID: storage.NewID(), FlowID: "gone"}),
			"find what no row holds": second(s.FlowByName(ctx, "gone\x00\xff")),
		} {
			if !errors.Is(err, flows.ErrNotFound) || !strings.Contains(err.Error(), "gone") {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestInUse(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		f := flowOf(t, s, "orders")
		d, err := s.Destination(ctx, f.DestinationID)
		must(t, err)
		sourceID := f.Streams[0].From[0].SourceID
		run := enqueue(t, s, f)
		for what, test := range map[string]struct {
			err   error
			users []string
		}{
			"authorizer":  {s.DeleteAuthorizer(ctx, d.AuthorizerID), []string{"destination orders", "source orders"}},
			"source":      {s.DeleteSource(ctx, sourceID), []string{"flow orders"}},
			"destination": {s.DeleteDestination(ctx, d.ID), []string{"flow orders"}},
			"flow":        {s.DeleteFlow(ctx, f.ID), []string{"run " + run}},
		} {
			users := []string(nil)
			if e, ok := errors.AsType[*flows.InUseError](test.err); ok {
				users = e.Users
			}
			if e, ok := errors.AsType[*authorizers.InUseError](test.err); ok {
				users = e.Users
			}
			if !slices.Equal(users, test.users) {
				t.Errorf("%s: %v", what, test.err)
			}
		}

		must(t, s.RequestCancel(ctx, run))
		must(t, s.AppendLog(ctx, run, []flows.LogLine{{Message: "a"}}))
		must(t, s.DeleteFlow(ctx, f.ID))
		if _, err := s.Run(ctx, run); !errors.Is(err, flows.ErrNotFound) {
			t.Errorf("the run of a deleted flow: %v", err)
		}
		must(t, s.DeleteSource(ctx, sourceID))
		must(t, s.DeleteDestination(ctx, d.ID))
		must(t, s.DeleteAuthorizer(ctx, d.AuthorizerID))
	})
}
