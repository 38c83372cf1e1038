package storage_test

import (
	"errors"
	"testing"
	"time"

	"leat/accounts"
	"leat/authorizers"
	"leat/flows"
	"leat/storage"
)

func TestEditsRefuseWhatChangedSince(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		must(t, s.EditAuthorizer(ctx, authorizers.Authorizer{ID: "a", Name: "a"}, accounts.Change{By: "Anna"}))
		must(t, s.EditDestination(ctx, flows.Destination{ID: "d", Name: "d", AuthorizerID: "a"}, accounts.Change{By: "Anna"}))
		flow := flows.Flow{ID: "f", Name: "f", DestinationID: "d"}
		must(t, s.EditFlow(ctx, flow, accounts.Change{By: "Anna"}))
		opened, err := s.Flow(ctx, "f")
		must(t, err)
		must(t, s.EditFlow(ctx, flow, accounts.Change{Seen: opened.UpdatedAt, By: "Berta"}))
		flow.Name = "late"
		refused(t, s.EditFlow(ctx, flow, accounts.Change{Seen: opened.UpdatedAt, By: "Cyril"}), "Berta")
		kept, err := s.Flow(ctx, "f")
		must(t, err)
		if kept.Name != "f" {
			t.Errorf("the late edit was saved as %q", kept.Name)
		}
		must(t, s.SaveFlow(ctx, kept)) // a command
		refused(t, s.EditFlow(ctx, flow, accounts.Change{Seen: kept.UpdatedAt, By: "Cyril"}), "")
		must(t, s.DeleteFlow(ctx, "f"))
		if err := s.EditFlow(ctx, flow, accounts.Change{Seen: time.Unix(1, 0)}); !errors.Is(err, flows.ErrNotFound) {
			t.Errorf("editing what was deleted: %v", err)
		}
	})
}

// testsBegan is earlier than any change that a test makes.
var testsBegan = time.Now()

func refused(t *testing.T, err error, by string) {
	t.Helper()
	changed, ok := errors.AsType[*accounts.ChangedError](err)
	if !ok || changed.By != by || changed.At.Before(testsBegan.Truncate(time.Microsecond)) || changed.At.After(time.Now()) {
		t.Errorf("the edit was answered with %v, want a change by %q", err, by)
	}
}
