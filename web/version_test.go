package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"leat/accounts"
)

// TestSecondTabDoesNotOverwriteTheFirst opens every form twice and saves both.
func TestSecondTabDoesNotOverwriteTheFirst(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	cases := []struct {
		noun, open, path, form, save string
		stored                       func() string
	}{
		{"flow", "/flows/f1/edit", "/flows/f1", "flow-form", "save", func() string { x, _ := p.store.Flow(t.Context(), "f1"); return x.Name }},
		{"source", "/sources/s1", "/sources/s1", "source-form", "save", func() string { x, _ := p.store.Source(t.Context(), "s1"); return x.Name }},
		{"destination", "/destinations/d1", "/destinations/d1", "destination-form", "save", func() string { x, _ := p.store.Destination(t.Context(), "d1"); return x.Name }},
		{"authorizer", "/authorizers/a1", "/authorizers/a1", "authorizer-form", "save", func() string { return p.shop().Name }},
	}
	for _, c := range cases {
		t.Run(c.noun, func(t *testing.T) {
			first := v.get(c.open).want(t, http.StatusOK).form(t, c.form)
			second := v.get(c.open).want(t, http.StatusOK).form(t, c.form)
			v.post(c.path, sent(withName(first, "from the first tab"), "action", c.save)).want(t, http.StatusSeeOther)
			refused := v.post(c.path, sent(withName(second, "from the second tab"), "action", c.save)).want(t, http.StatusUnprocessableEntity)
			said := refused.Find("[data-testid=conflict]").Text()
			for _, part := range []string{"editor changed this " + c.noun + " on ", "UTC", "What you typed is still here.", "Save anyway"} {
				if !strings.Contains(said, part) {
					t.Errorf("the conflict says %q, without %q", said, part)
				}
			}
			if href := refused.Find("[data-testid=conflict] a").AttrOr("href", ""); v.get(href).status != http.StatusOK {
				t.Errorf("what is stored is not at %q", href)
			}
			if name := c.stored(); name != "from the first tab" {
				t.Fatalf("stored is %q", name)
			}
			again := refused.form(t, c.form)
			if again.Get("name") != "from the second tab" {
				t.Errorf("typed was lost: %q", again.Get("name"))
			}
			if head := strings.TrimSpace(refused.Find("h1").Text()); !strings.HasSuffix(head, "from the first tab") {
				t.Errorf("the heading is %q, not what is stored", head)
			}
			v.post(c.path, sent(again, "action", c.save)).want(t, http.StatusUnprocessableEntity)
			v.post(c.path, sent(again, "action", "overwrite")).want(t, http.StatusSeeOther)
			if name := c.stored(); name != "from the second tab" {
				t.Errorf("saving anyway stored %q", name)
			}
		})
	}
}

// TestConflictNamesACommand is about a change by leat apply, which has no person.
func TestConflictNamesACommand(t *testing.T) {
	p := newPages(t)
	w := p.world()
	v := p.as(accounts.Editor)
	form := v.get("/flows/f1/edit").want(t, http.StatusOK).form(t, "flow-form")
	if err := p.store.SaveFlow(t.Context(), w.flow); err != nil {
		t.Fatal(err)
	}
	got := v.post("/flows/f1", sent(form, "action", "save")).want(t, http.StatusUnprocessableEntity)
	if said := got.Find("[data-testid=conflict]").Text(); !strings.Contains(said, "A command changed this flow on") {
		t.Errorf("the conflict says %q", said)
	}
}

// TestAFormWithoutAVersionOverwritesNothing posts what a page from before an update of
// Leat would, and a version that is none.
func TestAFormWithoutAVersionOverwritesNothing(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	for _, version := range []string{"", "x", "-1"} {
		form := withName(v.get("/flows/f1/edit").want(t, http.StatusOK).form(t, "flow-form"), "old page")
		form.Set("version", version)
		v.post("/flows/f1", sent(form, "action", "save")).want(t, http.StatusUnprocessableEntity)
		form.Del("version")
		v.post("/flows/f1", sent(form, "action", "overwrite")).want(t, http.StatusUnprocessableEntity)
	}
	if f, err := p.store.Flow(t.Context(), "f1"); err != nil || f.Name != "orders" {
		t.Errorf("stored is %q: %v", f.Name, err)
	}
}

// TestPreviewKeepsTheVersion saves from the preview, which was made from an old form.
func TestPreviewKeepsTheVersion(t *testing.T) {
	p := newPages(t)
	w := p.world()
	v := p.as(accounts.Editor)
	form := v.get("/flows/f1/edit").want(t, http.StatusOK).form(t, "flow-form")
	preview := v.post("/flows/f1", sent(form, "action", "preview")).want(t, http.StatusOK).form(t, "flow-preview")
	if err := p.store.SaveFlow(t.Context(), w.flow); err != nil {
		t.Fatal(err)
	}
	v.post("/flows/f1", sent(preview, "action", "save")).want(t, http.StatusUnprocessableEntity)
}

func withName(form url.Values, name string) url.Values {
	form.Set("name", name)
	return form
}

// TestEndedSessionLosesNothingTyped sends a form after the session is gone.
func TestEndedSessionLosesNothingTyped(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	form := withName(v.get("/flows/f1/edit").want(t, http.StatusOK).form(t, "flow-form"), "typed for an hour")
	late := p.visitor() // the same person without a session
	login := late.post("/flows/f1", sent(form, "action", "save")).want(t, http.StatusSeeOther)
	shown := late.get(login.location).want(t, http.StatusOK)
	entered := fields(t, shown.Find("form[method=post]").First())
	entered.Set("email", "editor@example.org")
	entered.Set("password", password)
	back := late.follow(late.post("/login", entered).want(t, http.StatusSeeOther)).want(t, http.StatusOK)
	if got := back.form(t, "flow-form").Get("name"); got != "typed for an hour" {
		t.Errorf("after the login the form holds %q", got)
	}
	if !strings.Contains(back.Text(), "You had been logged out") {
		t.Error("nobody says what happened")
	}
	again := p.visitor().post("/authorizers/a1", url.Values{"setting.password": {"secret"}}).want(t, http.StatusSeeOther)
	if strings.Contains(again.location, "draft") {
		t.Errorf("a form with secrets is kept: %s", again.location)
	}
}

// TestStrangersFillNoStore sends forms without a login, which anybody can.
func TestStrangersFillNoStore(t *testing.T) {
	p := newPages(t)
	p.addUser(accounts.Editor)
	form := url.Values{"name": {"flood"}}
	kept, v := 0, p.visitor()
	for range 120 {
		if strings.Contains(v.post("/sources/s1", form).want(t, http.StatusSeeOther).location, "draft") {
			kept++
		}
	}
	if kept != 100 {
		t.Errorf("%d forms of strangers were kept, want 100", kept)
	}
	if said := strings.Count(v.get("/login").body, "You had been logged out"); said != 0 {
		t.Errorf("a stranger is told %d times", said)
	}
	inside := v.follow(v.post("/login", url.Values{"email": {"editor@example.org"}, "password": {password}}))
	if said := strings.Count(inside.body, "You had been logged out"); said != 1 {
		t.Errorf("after the login it is said %d times", said)
	}
}
