package web

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/ui/component"
	"leat/ui/page"
)

// live says that the process answers.
func (s *Server) live(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// ready says that the store can be read.
func (s *Server) ready(c echo.Context) error {
	if err := s.Ready(c.Request().Context()); err != nil {
		s.Log.Warn("the store does not answer", "error", err)
		return c.String(http.StatusServiceUnavailable, "the store does not answer\n")
	}
	return c.String(http.StatusOK, "ok\n")
}

// setupOpen says whether the first owner is still to be made. Afterwards the page is
// gone for ever.
func (s *Server) setupOpen(c echo.Context) error {
	users, err := s.Users.Users(c.Request().Context())
	if err != nil {
		return fmt.Errorf("list users: %w", err)
	}
	if len(users) > 0 || s.Setup == nil {
		return echo.ErrNotFound
	}
	return nil
}

// setupForm shows the form of the first owner to whoever has the link.
func (s *Server) setupForm(c echo.Context) error {
	if err := s.setupOpen(c); err != nil {
		return err
	}
	token := c.QueryParam("token")
	if !s.Setup.Valid(token, s.Now()) {
		return s.setupNote(c, token != "")
	}
	return s.ok(c, page.SetupPage(page.Setup{Shell: s.shell(c, "Set up", ""), Token: token}))
}

func (s *Server) setupNote(c echo.Context, given bool) error {
	note := page.SetupNote{Shell: s.shell(c, "Set up", ""), Expired: given}
	return s.render(c, http.StatusForbidden, page.SetupNotePage(note))
}

// setup makes the first owner and logs them in. Of two forms sent at once the store
// lets one through.
func (s *Server) setup(c echo.Context) error {
	if err := s.setupOpen(c); err != nil {
		return err
	}
	form, err := posted(c)
	if err != nil {
		return err
	}
	if !s.Setup.Valid(form.Get("token"), s.Now()) {
		return s.setupNote(c, true)
	}
	ctx := c.Request().Context()
	user, err := accounts.NewUser(ctx, s.Passwords, s.NewID(), form.Get("email"), form.Get("name"), accounts.Owner, form.Get("password"))
	if err != nil {
		return s.refuseSetup(c, page.Setup{Token: form.Get("token"), Email: form.Get("email"), Name: form.Get("name")}, err)
	}
	user.CreatedAt, user.UpdatedAt = s.Now(), s.Now()
	if err := s.Users.CreateFirstOwner(ctx, user); errors.Is(err, accounts.ErrSetupDone) {
		return echo.ErrNotFound
	} else if err != nil {
		return fmt.Errorf("make the first owner: %w", err)
	}
	s.Setup.Use()
	if err := s.begin(ctx, user); err != nil {
		return fmt.Errorf("begin the session: %w", err)
	}
	s.flash(ctx, "ok", "Welcome. You are the owner of this Leat.")
	return redirect(c, "/")
}

func (s *Server) refuseSetup(c echo.Context, view page.Setup, err error) error {
	if c.Request().Context().Err() != nil {
		return err
	}
	field := ""
	if accounts.CheckEmail(view.Email) != nil {
		field = "email"
	} else if (accounts.User{Email: accounts.NormalEmail(view.Email), Name: view.Name, Role: accounts.Owner}).Validate() == nil {
		field = "password"
	}
	view.Shell, view.Errors = s.shell(c, "Set up", ""), map[string]string{field: sentence(err.Error())}
	return s.refused(c, page.SetupPage(view))
}

// loginForm asks who is there.
func (s *Server) loginForm(c echo.Context) error {
	next := safePath(c.QueryParam("next"))
	if _, ok, err := s.sessionUser(c); err != nil {
		return err
	} else if ok {
		return c.Redirect(http.StatusSeeOther, next)
	}
	return s.ok(c, page.LoginPage(page.Login{Shell: s.shell(c, "Log in", ""), Next: next}))
}

// login checks the password and begins a session under a new token.
func (s *Server) login(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	view := page.Login{Email: word(form, "email"), Next: safePath(form.Get("next"))}
	own, err := s.isOwnAccount(c, view.Email)
	if err != nil {
		return err
	}
	if wait := s.limiter.Allow(view.Email, remoteAddress(c.Request()), s.Now()); wait > 0 && !own {
		c.Response().Header().Set("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
		return s.refuseLogin(c, http.StatusTooManyRequests, view,
			"Too many tries. Wait "+component.Elapsed(wait.Round(time.Second))+" and try again.")
	}
	user, err := s.Users.UserByEmail(ctx, accounts.NormalEmail(view.Email))
	if err != nil && !errors.Is(err, accounts.ErrNotFound) {
		return fmt.Errorf("find the user: %w", err)
	}
	switch err := s.Passwords.Check(ctx, user.PasswordHash, form.Get("password")); {
	case errors.Is(err, accounts.ErrWrongPassword):
		return s.refuseLogin(c, http.StatusUnauthorized, view, sentence(err.Error()))
	case err != nil:
		return fmt.Errorf("check the password: %w", err)
	}
	s.limiter.Succeeded(view.Email, remoteAddress(c.Request()))
	if err := s.begin(ctx, user); err != nil {
		return fmt.Errorf("begin the session: %w", err)
	}
	return redirect(c, view.Next)
}

// isOwnAccount says that the browser is logged in as that person already, who may try as
// often as they like.
func (s *Server) isOwnAccount(c echo.Context, email string) (bool, error) {
	user, ok, err := s.sessionUser(c)
	return ok && user.Email == accounts.NormalEmail(email), err
}

func (s *Server) refuseLogin(c echo.Context, status int, view page.Login, text string) error {
	view.Shell, view.Errors = s.shell(c, "Log in", ""), map[string]string{"": text}
	return s.render(c, status, page.LoginPage(view))
}

// remoteAddress is who speaks to us. Forwarded headers can be made up, so they do not
// count.
func remoteAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// logout ends the session.
func (s *Server) logout(c echo.Context) error {
	if err := s.sessions.Destroy(c.Request().Context()); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	return redirect(c, page.LoginPath)
}

// setTheme keeps the theme in a cookie of this browser.
func (s *Server) setTheme(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	theme := form.Get("theme")
	if theme != "light" && theme != "dark" {
		theme = "system"
	}
	s.setPreference(c, themeCookie, theme)
	return redirect(c, safePath(form.Get("return")))
}

// setPreference keeps a choice of this browser for a year. It is no secret, and on a
// plain connection it must come back over one.
func (s *Server) setPreference(c echo.Context, name, value string) {
	c.SetCookie(&http.Cookie{ //nolint:gosec // Secure follows the connection
		Name: name, Value: value, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()), HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: s.SecureCookies || isSecure(c.Request()),
	})
}
