package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/ui/page"
)

// keyActor is where the middleware leaves the user for the handlers.
const keyActor = "actor"

// authenticated lets a request pass only when its route is in the table and the user
// has the permission that stands there. Nothing reads a body before it has a limit.
func (s *Server) authenticated(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		limitBody(c, maxStranger)
		defer s.removeSentFiles(c)
		r, known := s.routes[c.Request().Method+" "+c.Path()]
		if known && r.needs == public {
			return next(c)
		}
		user, ok, err := s.sessionUser(c)
		if err != nil {
			return err
		}
		if ok {
			c.Set(keyActor, user)
		}
		switch {
		case !known:
			return s.unknownRoute(c)
		case !ok:
			return s.sendToLogin(c)
		case !user.Role.May(r.needs):
			return echo.NewHTTPError(http.StatusForbidden)
		default:
			limitBody(c, r.mostBody(isMultipart(c.Request())))
			return next(c)
		}
	}
}

// unknownRoute tells a wrong address from a wrong method.
func (s *Server) unknownRoute(c echo.Context) error {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if _, ok := s.routes[method+" "+c.Path()]; ok {
			return echo.ErrMethodNotAllowed
		}
	}
	return echo.ErrNotFound
}

// sessionUser finds who is logged in. A session from before a change of password or
// role counts no more, nor one that nobody used for days.
func (s *Server) sessionUser(c echo.Context) (accounts.User, bool, error) {
	ctx := c.Request().Context()
	id := s.sessions.GetString(ctx, keyUser)
	if id == "" {
		return accounts.User{}, false, nil
	}
	user, err := s.Users.User(ctx, id)
	if err != nil && !errors.Is(err, accounts.ErrNotFound) {
		return accounts.User{}, false, fmt.Errorf("find the session's user: %w", err)
	}
	if err != nil || user.Generation != s.sessions.GetInt64(ctx, keyGeneration) || s.idle(ctx) {
		if err := s.sessions.Destroy(ctx); err != nil {
			return accounts.User{}, false, fmt.Errorf("end the session: %w", err)
		}
		return accounts.User{}, false, nil
	}
	return user, true, nil
}

// sendToLogin asks who is there, or for the first owner on a fresh store.
func (s *Server) sendToLogin(c echo.Context) error {
	r := c.Request()
	users, err := s.Users.Users(r.Context())
	if err != nil {
		return fmt.Errorf("list users: %w", err)
	}
	target := page.LoginPath
	switch {
	case len(users) == 0:
		target = page.SetupPath
	case r.Method == http.MethodGet && r.URL.Path != "/" && !isPart(r) && !strings.HasSuffix(r.URL.Path, "/events"):
		target += "?next=" + url.QueryEscape(r.URL.RequestURI())
	case r.Method == http.MethodPost:
		if back := s.keepTyped(c); back != "" {
			target += "?next=" + url.QueryEscape(back)
		}
	}
	if isPart(r) {
		c.Response().Header().Set("HX-Redirect", target)
		return c.NoContent(http.StatusUnauthorized)
	}
	if strings.HasSuffix(r.URL.Path, "/events") { // a browser would retry a redirect for ever
		return c.NoContent(http.StatusUnauthorized)
	}
	return c.Redirect(http.StatusSeeOther, target)
}

// isPart says that htmx asked, for a part of the page.
func isPart(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// actor is the user whom the middleware let in; zero on public routes.
func actor(c echo.Context) accounts.User {
	user, _ := c.Get(keyActor).(accounts.User)
	return user
}

// may says whether the user has a permission.
func may(c echo.Context, p accounts.Permission) bool { return actor(c).Role.May(p) }
