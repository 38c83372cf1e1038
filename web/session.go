package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"leat/accounts"
	"leat/ui/layout"
	"leat/ui/static"
)

// The keys of a session.
const (
	keyUser       = accounts.SessionUserID
	keyGeneration = accounts.SessionGeneration
	keySeen       = "seen"
	keyFlash      = "flash"
	keyDrafts     = "drafts"
)

// seenEvery is how often a session notes that it is used. Noting it on every request
// would make every page write to the store.
const seenEvery = time.Hour

func newSessions(store scs.CtxStore, failed func(http.ResponseWriter, *http.Request, error)) *scs.SessionManager {
	m := scs.New()
	m.Store = store
	m.Lifetime = accounts.SessionLifetime
	m.ErrorFunc = failed
	m.Cookie.Name = "leat_session"
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	return m
}

// withSession loads the session for everything that has one: files and health do not,
// so that they answer while the store does not.
func (s *Server) withSession(next http.Handler) http.Handler {
	secure := *s.sessions
	secure.Cookie.Secure = true
	plain, marked := s.sessions.LoadAndSave(next), secure.LoadAndSave(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case stateless(r.URL.Path):
			next.ServeHTTP(w, r)
		case s.SecureCookies || isSecure(r):
			marked.ServeHTTP(w, r)
		default:
			plain.ServeHTTP(w, r)
		}
	})
}

func stateless(path string) bool {
	return path == "/livez" || path == "/readyz" || strings.HasPrefix(path, static.Prefix)
}

// sessionFailed answers when the store of sessions does not.
func (s *Server) sessionFailed(w http.ResponseWriter, r *http.Request, err error) {
	s.Log.ErrorContext(r.Context(), "load or save the session", "error", err)
	s.plainProblem(w, r, http.StatusServiceUnavailable, "The store does not answer", "Try again in a moment; when it stays, see the server's log.")
}

// begin logs a user in under a new token.
func (s *Server) begin(ctx context.Context, user accounts.User) error {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, keyUser, user.ID)
	s.sessions.Put(ctx, keyGeneration, user.Generation)
	s.sessions.Put(ctx, keySeen, s.Now().Unix())
	return nil
}

// idle says that nobody used the session for too long; otherwise it notes the use.
func (s *Server) idle(ctx context.Context) bool {
	unused := s.unused(ctx)
	if unused > accounts.SessionIdle {
		return true
	}
	if unused > seenEvery {
		s.sessions.Put(ctx, keySeen, s.Now().Unix())
	}
	return false
}

// sessionLasts asks the store whether the session of a request that is still open would
// let it in again: nobody ended it, and it is neither too old nor out of use.
func (s *Server) sessionLasts(ctx context.Context) (bool, error) {
	if s.unused(ctx) > accounts.SessionIdle {
		return false, nil
	}
	_, found, err := s.Sessions.FindCtx(ctx, s.sessions.Token(ctx))
	if err != nil {
		return false, fmt.Errorf("look at the session: %w", err)
	}
	return found, nil
}

// unused is the time since the session was noted to be in use.
func (s *Server) unused(ctx context.Context) time.Duration {
	return s.Now().Sub(time.Unix(s.sessions.GetInt64(ctx, keySeen), 0))
}

// flash keeps a message for the next page; one that waits already is not said twice.
func (s *Server) flash(ctx context.Context, tone, text string) {
	list, said := s.storedFlash(ctx), layout.Flash{Tone: tone, Text: text}
	if slices.Contains(list, said) {
		return
	}
	list = append(list, said)
	if encoded, err := json.Marshal(list); err == nil {
		s.sessions.Put(ctx, keyFlash, string(encoded))
	}
}

func (s *Server) storedFlash(ctx context.Context) []layout.Flash {
	var list []layout.Flash
	if err := json.Unmarshal([]byte(s.sessions.GetString(ctx, keyFlash)), &list); err != nil {
		return nil
	}
	return list
}

// takeFlash returns the messages once.
func (s *Server) takeFlash(ctx context.Context) []layout.Flash {
	list := s.storedFlash(ctx)
	if list != nil {
		s.sessions.Remove(ctx, keyFlash)
	}
	return list
}
