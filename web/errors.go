package web

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/authorizers"
	"leat/connectors"
	"leat/flows"
	"leat/ui/layout"
	"leat/ui/page"
)

// handleError is the one place where an error becomes a page.
func (s *Server) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		if errors.Is(err, http.ErrAbortHandler) { // the answer must not look whole
			s.Log.Error("break off an answer", "path", c.Path(), "error", err)
			panic(http.ErrAbortHandler)
		}
		return
	}
	if errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil {
		return // the reader has gone; there is nobody to tell
	}
	problem := problemOf(err)
	if problem.Status >= http.StatusInternalServerError {
		problem.Reference = strings.ToLower(rand.Text()[:10])
		s.Log.Error("answer a request", "reference", problem.Reference, "method", c.Request().Method, "path", c.Path(), "error", err)
	}
	problem.SignedIn = actor(c).ID != ""
	problem.Shell = s.errorShell(c, problem)
	if err := s.render(c, problem.Status, page.ProblemPage(problem)); err != nil {
		s.Log.Error("render an error page", "error", err)
	}
}

// errorShell is the frame of an error page; it must not ask the store, which may be
// what failed.
func (s *Server) errorShell(c echo.Context, p page.Problem) layout.Shell {
	user := actor(c)
	name := user.Name
	if name == "" {
		name = user.Email
	}
	return layout.Shell{
		Title: http.StatusText(p.Status), Theme: themeOf(c.Request()), Now: s.Now(), Path: "/",
		UserName: name, UserRole: string(user.Role),
	}
}

// problemOf gives the status and the words of an error.
func problemOf(err error) page.Problem {
	if found, ok := errors.AsType[*flows.ActiveRunError](err); ok {
		return page.Problem{
			Status: http.StatusConflict, Title: "The flow is already running", Text: "A flow has at most one active run. Watch that one, or cancel it first.",
			Back: page.Ref{Label: "Watch the run", Href: page.One(page.RunsPath, found.RunID)},
		}
	}
	if isMissing(err) {
		return page.Problem{Status: http.StatusNotFound}
	}
	if errors.Is(err, flows.ErrInUse) || errors.Is(err, authorizers.ErrInUse) {
		return page.Problem{Status: http.StatusConflict, Title: "It is in use", Text: sentence(rootText(err))}
	}
	if _, ok := errors.AsType[*accounts.ChangedError](err); ok {
		return page.Problem{Status: http.StatusConflict, Title: "Somebody changed it just now", Text: "Nothing was done. Go back, look at it and try again."}
	}
	if found, ok := errors.AsType[*echo.HTTPError](err); ok {
		return httpProblem(found)
	}
	if tooLarge(err) {
		return page.Problem{Status: http.StatusRequestEntityTooLarge, Title: "That is too much", Text: "The form or the file is larger than Leat takes in one piece."}
	}
	return page.Problem{Status: http.StatusInternalServerError}
}

func httpProblem(err *echo.HTTPError) page.Problem {
	p := page.Problem{Status: err.Code}
	if text, ok := err.Message.(string); ok && text != http.StatusText(err.Code) {
		p.Text = text
	}
	switch err.Code {
	case http.StatusMethodNotAllowed:
		p.Title, p.Text = "This address takes no such request", "Start from the page that leads here."
	case http.StatusBadRequest:
		p.Title = "The form could not be read"
	}
	return p
}

func isMissing(err error) bool {
	return errors.Is(err, flows.ErrNotFound) || errors.Is(err, authorizers.ErrNotFound) || errors.Is(err, accounts.ErrNotFound)
}

func tooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

// rootText is the text of the domain's refusal, without what was attempted.
func rootText(err error) string {
	if found, ok := errors.AsType[*flows.InUseError](err); ok {
		return found.Error()
	}
	if found, ok := errors.AsType[*authorizers.InUseError](err); ok {
		return found.Error()
	}
	return err.Error()
}

// sentence starts a text with a capital and ends it with a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// plainProblem answers before there is a router or a session.
func (s *Server) plainProblem(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	p := page.Problem{Status: status, Title: title, Text: text, Shell: layout.Shell{Title: title, Theme: themeOf(r), Now: s.Now(), Path: "/"}}
	if err := page.ProblemPage(p).Render(r.Context(), w); err != nil {
		s.Log.DebugContext(r.Context(), "render an error page", "error", err)
	}
}

// errorBox explains an error of a system inside a page that is otherwise fine.
func errorBox(err error) *page.ErrorBox {
	if err == nil {
		return nil
	}
	found := connectors.AsError(err)
	box := &page.ErrorBox{Title: sentence(found.Message)}
	box.Fix, box.FixSQL = splitFix(found.Advice())
	return box
}

// runErrorBox explains the error kept with a run.
func runErrorBox(err *flows.RunError) *page.ErrorBox {
	if err == nil {
		return nil
	}
	box := &page.ErrorBox{Title: sentence(err.Message)}
	box.Fix, box.FixSQL = splitFix(err.Fix)
	return box
}

// sqlVerbs begin statements that a person copies.
var sqlVerbs = []string{"CREATE ", "GRANT ", "ALTER ", "DROP ", "SELECT ", "DELETE ", "REVOKE ", "COMMENT "}

// splitFix tells a fix that is SQL from one that is a sentence.
func splitFix(fix string) (words, sql string) {
	for _, verb := range sqlVerbs {
		if strings.HasPrefix(fix, verb) {
			return "", fix
		}
	}
	return fix, ""
}

// problemsOf turns an error of validation into problems; other errors come back.
func problemsOf(err error) (connectors.Problems, error) {
	if err == nil {
		return nil, nil
	}
	found, ok := errors.AsType[connectors.Problems](err)
	if !ok {
		return nil, err
	}
	return found, nil
}

// problemLine is one line for the head of a form.
func problemLine(err error) string { return sentence(connectors.AsError(err).Error()) }

// fieldSentence makes a sentence of what a domain says about a field, which may leave
// out the field itself: "is missing: fill it in".
func fieldSentence(text string) string {
	for _, verb := range []string{"is ", "are ", "has ", "holds ", "needs ", "does ", "cannot ", "may ", "must "} {
		if strings.HasPrefix(text, verb) {
			text = "it " + text
			break
		}
	}
	return sentence(text)
}
