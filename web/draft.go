package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/url"

	"github.com/labstack/echo/v4"
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

// leaveFor parks the form and goes to another that comes back.
func (s *Server) leaveFor(c echo.Context, target, here string, form url.Values) error {
	back := s.park(c.Request().Context(), here, form)
	return redirect(c, withParam(target, "return", back))
}
