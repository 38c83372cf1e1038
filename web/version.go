package web

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/authorizers"
	"leat/flows"
	"leat/ui/component"
	"leat/ui/page"
)

// Edits saves what people change on forms. Each returns *accounts.ChangedError when
// somebody saved it after the form was opened.
type Edits interface {
	EditAuthorizer(ctx context.Context, a authorizers.Authorizer, edit accounts.Change) error
	EditSource(ctx context.Context, source flows.Source, edit accounts.Change) error
	EditDestination(ctx context.Context, d flows.Destination, edit accounts.Change) error
	EditFlow(ctx context.Context, f flows.Flow, edit accounts.Change) error
}

// formVersion is the stored state that a form was made from.
type formVersion struct {
	seen     time.Time
	conflict *page.Conflict
}

// versionIn reads the version that a form posts: the one it was made from, or the one
// that a person has agreed to give up. A form of something stored, which has an id, is
// older than anything when it names none, such as a page from before an update of Leat.
func versionIn(form url.Values, id string) formVersion {
	if id == "" {
		return formVersion{}
	}
	name := "version"
	if form.Get("action") == "overwrite" {
		name = "stored_version"
	}
	micros, err := strconv.ParseInt(form.Get(name), 10, 64)
	if err != nil {
		micros = 1
	}
	return formVersion{seen: time.UnixMicro(micros).UTC()}
}

func versionText(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return strconv.FormatInt(at.UnixMicro(), 10)
}

// edit is the change as the store takes it.
func (v formVersion) edit(c echo.Context) accounts.Change {
	user := actor(c)
	if user.Name == "" {
		user.Name = user.Email
	}
	return accounts.Change{Seen: v.seen, By: user.Name}
}

// overtaken says that the store refused because somebody saved since, and keeps the
// sentence for the form.
func (v *formVersion) overtaken(err error, noun, href string) bool {
	changed, ok := errors.AsType[*accounts.ChangedError](err)
	if !ok {
		return false
	}
	by := changed.By
	if by == "" {
		by = "A command"
	}
	v.conflict = &page.Conflict{
		Text: by + " changed this " + noun + " on " + component.Absolute(changed.At) + ", after you opened it. What you typed is still here.",
		Href: href, Stored: versionText(changed.At),
	}
	return true
}

// form is the common part of a form.
func (v formVersion) form(problems map[string]string, back string) page.Form {
	return page.Form{Errors: problems, Return: back, Version: versionText(v.seen), Conflict: v.conflict}
}
