package web

import (
	"bytes"
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"leat/ui/layout"
)

// render makes the whole page first and writes the status afterwards, so that a
// template that fails becomes an error page and not half a page.
func (s *Server) render(c echo.Context, status int, component templ.Component) error {
	var body bytes.Buffer
	if err := component.Render(c.Request().Context(), &body); err != nil {
		return err
	}
	return c.HTMLBlob(status, body.Bytes())
}

// ok renders a page with status 200.
func (s *Server) ok(c echo.Context, component templ.Component) error {
	return s.render(c, http.StatusOK, component)
}

// refused renders a form that has problems. htmx swaps only good answers, so a part
// of a page is answered with 200.
func (s *Server) refused(c echo.Context, component templ.Component) error {
	if isPart(c.Request()) {
		return s.ok(c, component)
	}
	return s.render(c, http.StatusUnprocessableEntity, component)
}

// redirect ends a form that was taken.
func redirect(c echo.Context, target string) error {
	if isPart(c.Request()) {
		c.Response().Header().Set("HX-Redirect", target)
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, target)
}

// shell fills the frame of a page.
func (s *Server) shell(c echo.Context, title, section string) layout.Shell {
	r := c.Request()
	user := actor(c)
	shell := layout.Shell{
		Title: title, Section: section, Theme: themeOf(r), Path: r.URL.RequestURI(), Now: s.Now(),
		UserName: user.Name, UserRole: string(user.Role),
	}
	if r.Method != http.MethodGet {
		shell.Path = localPath(r.Header.Get("Referer"), r.Host)
	}
	if user.Name == "" {
		shell.UserName = user.Email
	}
	if user.ID != "" {
		shell.NeedsAttention = s.attentionCount(r.Context())
	}
	if !isPart(r) && user.ID != "" { // what is said to somebody waits for the login
		shell.Flash = s.takeFlash(r.Context())
	}
	return shell
}

const themeCookie = "leat_theme"

func themeOf(r *http.Request) string {
	cookie, err := r.Cookie(themeCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}
