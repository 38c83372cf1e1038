package storage_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"leat/accounts"
	"leat/storage"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		ann := accounts.User{ID: storage.NewID(), Email: "Ann@Example.org ", Name: "Ann", Role: accounts.Owner, PasswordHash: "h", Generation: 1}
		must(t, s.CreateFirstOwner(ctx, ann))
		got, err := s.UserByEmail(ctx, "ANN@example.ORG")
		must(t, err)
		ann.Email = "ann@example.org"
		if diff := cmp.Diff(ann, got, cmpopts.IgnoreFields(accounts.User{}, "CreatedAt", "UpdatedAt")); diff != "" || got.CreatedAt.IsZero() {
			t.Error(diff)
		}
		ann.Generation, ann.Role = 2, accounts.Editor
		must(t, s.SaveUser(ctx, ann))
		if got, err = s.User(ctx, ann.ID); err != nil || got.Generation != 2 || got.Role != accounts.Editor {
			t.Errorf("%+v, %v", got, err)
		}
		bob := accounts.User{ID: storage.NewID(), Email: "ANN@example.org", Role: accounts.Viewer}
		if err := s.SaveUser(ctx, bob); !errors.Is(err, accounts.ErrEmailTaken) {
			t.Errorf("a taken address: %v", err)
		}
		bob.Email = "aa@example.org"
		must(t, s.SaveUser(ctx, bob))
		if users, err := s.Users(ctx); err != nil || len(users) != 2 || users[0].ID != bob.ID {
			t.Errorf("%v, %v", users, err)
		}
		if _, err := s.User(ctx, "x"); !errors.Is(err, accounts.ErrNotFound) {
			t.Error(err)
		}
		if _, err := s.UserByEmail(ctx, "x"); !errors.Is(err, accounts.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestOneFirstOwner(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s := open(t, options)
		if err := s.CreateFirstOwner(t.Context(), accounts.User{ID: "v", Email: "v@example.org", Role: accounts.Viewer}); err == nil {
			t.Error("a viewer became the first owner")
		}
		var made atomic.Int64
		var ready, group sync.WaitGroup
		ready.Add(8)
		for i := range 8 {
			group.Go(func() {
				// Connections are open and everybody starts together, else one would be done
				// before the next begins.
				if _, err := s.Users(t.Context()); err != nil {
					t.Error(err)
				}
				ready.Done()
				ready.Wait()
				err := s.CreateFirstOwner(t.Context(), accounts.User{ID: storage.NewID(), Email: fmt.Sprint(i, "@example.org"), Role: accounts.Owner})
				if err == nil {
					made.Add(1)
				} else if !errors.Is(err, accounts.ErrSetupDone) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if made.Load() != 1 {
			t.Errorf("%d first owners", made.Load())
		}
	})
}

func sessionData(t *testing.T, values map[string]any) []byte {
	t.Helper()
	data, err := scs.GobCodec{}.Encode(time.Now().Add(time.Hour), values)
	must(t, err)
	return data
}

func TestSessions(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		store, ctx := open(t, options), t.Context()
		s := store.Sessions()
		ann := accounts.User{ID: storage.NewID(), Email: "ann@example.org", Role: accounts.Owner, Generation: 1}
		must(t, store.CreateFirstOwner(ctx, ann))
		later := time.Now().Add(time.Hour)
		guest := sessionData(t, map[string]any{"typed": "x"})
		user := sessionData(t, map[string]any{accounts.SessionUserID: ann.ID, accounts.SessionGeneration: ann.Generation})
		must(t, s.CommitCtx(ctx, "guest", sessionData(t, nil), later))
		must(t, s.Commit("guest", guest, later))
		must(t, s.CommitCtx(ctx, "user", user, later))
		must(t, s.CommitCtx(ctx, "old", user, time.Now().Add(-time.Second)))
		data, found, err := s.Find("guest")
		if err != nil || !found || string(data) != string(guest) {
			t.Errorf("guest: %v, %v", found, err)
		}
		mustFind(t, s, "user", true)
		mustFind(t, s, "old", false)
		mustFind(t, s, "", false)
		var tokens string
		must(t, raw(t, options).QueryRowContext(ctx, "SELECT min(token_hash) || max(token_hash) FROM sessions").Scan(&tokens))
		if strings.Contains(tokens, "user") || strings.Contains(tokens, "guest") {
			t.Errorf("tokens are stored as they are: %s", tokens)
		}

		// A new password or role ends what was there, and a replayed cookie stays out.
		ann.Generation++
		must(t, store.SaveUser(ctx, ann))
		mustFind(t, s, "user", false)
		must(t, s.CommitCtx(ctx, "user", user, later))
		mustFind(t, s, "user", false)
		mustFind(t, s, "guest", true)

		user = sessionData(t, map[string]any{accounts.SessionUserID: ann.ID, accounts.SessionGeneration: ann.Generation})
		must(t, s.CommitCtx(ctx, "user 2", user, later))
		must(t, s.CommitCtx(ctx, "user 3", user, later))
		must(t, s.Delete("user 2"))
		must(t, s.Delete("user 2"))
		mustFind(t, s, "user 2", false)
		mustFind(t, s, "user 3", true)
		must(t, s.DeleteUserSessions(ctx, ann.ID))
		mustFind(t, s, "user 3", false)
		if err := s.Commit("bad", []byte("x"), later); err == nil {
			t.Error("stored a session that cannot be read")
		}
	})
}

func mustFind(t *testing.T, s *storage.Sessions, token string, want bool) {
	t.Helper()
	if _, found, err := s.FindCtx(t.Context(), token); err != nil || found != want {
		t.Errorf("session %q: %v, %v", token, found, err)
	}
}
