package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"leat/ui/page"
)

// A draft is a form that was left for another one ("New authorizer") and is brought
// back with everything typed. It holds no secret: the forms with secrets are never
// left this way.
type draft struct {
	Key  string
	Form url.Values
}

// maxDrafts bounds what a session keeps; the oldest go first.
const maxDrafts = 8

func (s *Server) drafts(ctx context.Context) []draft {
	var list []draft
	if err := json.Unmarshal([]byte(s.sessions.GetString(ctx, keyDrafts)), &list); err != nil {
		return nil
	}
	return list
}

// park keeps the form and returns the path that brings it back.
func (s *Server) park(ctx context.Context, path string, form url.Values) string {
	kept := draft{Key: rand.Text()[:12], Form: form}
	list := append(s.drafts(ctx), kept)
	if len(list) > maxDrafts {
		list = list[len(list)-maxDrafts:]
	}
	if encoded, err := json.Marshal(list); err == nil {
		s.sessions.Put(ctx, keyDrafts, string(encoded))
	}
	return withParam(path, "draft", kept.Key)
}

// draft finds the form that a path brings back. Looking does not use it up, so that
// going back in the browser works.
func (s *Server) draft(c echo.Context) (url.Values, bool) {
	key := c.QueryParam("draft")
	for _, d := range s.drafts(c.Request().Context()) {
		if key != "" && d.Key == key {
			return d.Form, true
		}
	}
	return url.Values{}, false
}

// The bounds of what is kept for people who are not logged in any more. Anybody can send
// a form, so all of it together must be little, and must go soon.
const (
	maxKept   = maxStranger // bytes of one form
	keptForms = 100         // in keptLife
	keptLife  = time.Hour
)

// keptTimes are the times at which forms were kept, as far as they count.
type keptTimes struct {
	mu    sync.Mutex
	times []time.Time
}

// allow counts one more, if there is room for it.
func (k *keptTimes) allow(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.times = slices.DeleteFunc(k.times, func(at time.Time) bool { return now.Sub(at) >= keptLife })
	if len(k.times) >= keptForms {
		return false
	}
	k.times = append(k.times, now)
	return true
}

// keepTyped parks a form that came after its session had ended, and returns the path
// that brings it back after the login; empty for forms that are not brought back, such
// as those with secrets.
func (s *Server) keepTyped(c echo.Context) string {
	here := ""
	switch c.Path() {
	case page.FlowsPath, page.SourcesPath, page.DestinationsPath:
		here = page.New(c.Path())
	case page.FlowsPath + "/:id":
		here = page.Sub(page.FlowsPath, c.Param("id"), "edit")
	case page.SourcesPath + "/:id", page.DestinationsPath + "/:id":
		here = c.Request().URL.Path
	}
	if here == "" || c.Request().ContentLength < 0 || c.Request().ContentLength > maxKept {
		return ""
	}
	form, err := posted(c)
	if err != nil || !s.kept.allow(s.Now()) {
		return ""
	}
	ctx := c.Request().Context()
	s.sessions.SetDeadline(ctx, time.Now().Add(keptLife).UTC()) // a login begins anew
	s.flash(ctx, "info", "You had been logged out. What you typed is still here, and not saved yet.")
	return s.park(ctx, here, form)
}

// leaveFor parks the form and goes to another that comes back.
func (s *Server) leaveFor(c echo.Context, target, here string, form url.Values) error {
	back := s.park(c.Request().Context(), here, form)
	return redirect(c, withParam(target, "return", back))
}
