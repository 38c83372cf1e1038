package web

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/labstack/echo/v4"

	"leat/ui/static"
)

// contentPolicy allows our own files and nothing else: no inline script or style, no
// other site, no frame.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// outer wraps the router with what must hold for every answer, also for errors that
// the router never sees.
func (s *Server) outer(router http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(s.denyCrossOrigin))
	return s.headers(protection.Handler(s.withSession(router)))
}

// headers sets the security headers before anything can be written.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if !strings.HasPrefix(r.URL.Path, static.Prefix) {
			h.Set("Cache-Control", "no-store")
		}
		if isSecure(r) {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

// isSecure says whether the browser came over TLS, to us or to a proxy before us. The
// header is only used to be stricter, so it need not be trusted.
func isSecure(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// denyCrossOrigin answers a form that another site sent.
func (s *Server) denyCrossOrigin(w http.ResponseWriter, r *http.Request) {
	s.plainProblem(w, r, http.StatusForbidden, "This request came from another site",
		"Leat takes changes from its own pages only. Open the page here and try again.")
}

// recovered turns a panic of a handler into an error page. Its text may hold anything:
// only the type and the stack go to the log.
func (s *Server) recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // the value that net/http compares with
				panic(p)
			}
			s.Log.Error("a page panicked", "path", c.Path(), "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			err = echo.NewHTTPError(http.StatusInternalServerError)
		}()
		return next(c)
	}
}
