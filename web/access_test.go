package web_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"leat/accounts"
	"leat/storage"
	"leat/web"
)

// publicRoutes is the whole list of what may be asked without a login.
var publicRoutes = []string{
	"GET /livez", "GET /readyz", "GET /static/*", "GET /setup", "POST /setup", "GET /login", "POST /login", "POST /settings/theme",
}

func TestEveryRouteIsInTheTable(t *testing.T) {
	p := newPages(t)
	var table []string
	for _, r := range p.server.Table() {
		table = append(table, r.Method+" "+r.Path)
		if r.Method == http.MethodGet {
			table = append(table, http.MethodHead+" "+r.Path)
		}
		if isPublic := slices.Contains(publicRoutes, r.Method+" "+r.Path); isPublic != (r.Needs == web.Public) {
			t.Errorf("%s %s needs %q, but the list of public routes says %v", r.Method, r.Path, r.Needs, isPublic)
		}
	}
	for _, route := range p.server.Registered() {
		if !slices.Contains(table, route) {
			t.Errorf("the router answers %s, which is not in the table", route)
		}
	}
}

// at fills the id of a path with one that exists where it can.
func at(path string) string {
	for list, id := range map[string]string{"/flows/": "f1", "/sources/": "s1", "/destinations/": "d1", "/authorizers/": "a1", "/runs/": "r1"} {
		if strings.HasPrefix(path, list) {
			path = strings.Replace(path, ":id", id, 1)
		}
	}
	return strings.TrimSuffix(path, "*")
}

func TestRolesMayDoWhatTheTableSays(t *testing.T) {
	p := newPages(t)
	p.world()
	p.addRun("r1", 1, "succeeded")
	visitors := map[accounts.Role]*visitor{}
	for _, role := range accounts.Roles() {
		visitors[role] = p.as(role)
	}
	for _, r := range p.server.Table() {
		if r.Needs == web.Public || r.Path == "/logout" || strings.HasSuffix(r.Path, "delete") {
			continue
		}
		for role, v := range visitors {
			var form url.Values
			if r.Method == http.MethodPost {
				form = url.Values{}
			}
			got := v.do(r.Method, at(r.Path), form, nil)
			refused := got.status == http.StatusForbidden
			if want := !role.May(accounts.Permission(r.Needs)); refused != want {
				t.Errorf("%s %s as %s: status %d, want refused %v", r.Method, r.Path, role, got.status, want)
			}
			if got.status >= 500 {
				t.Errorf("%s %s as %s: status %d\n%s", r.Method, r.Path, role, got.status, p.logged)
			}
		}
	}
}

func TestWithoutLoginNothingIsShown(t *testing.T) {
	p := newPages(t)
	p.world()
	p.addUser(accounts.Owner)
	v := p.visitor()
	for _, r := range p.server.Table() {
		if r.Needs == web.Public {
			continue
		}
		var form url.Values
		if r.Method == http.MethodPost {
			form = url.Values{}
		}
		got := v.do(r.Method, at(r.Path), form, nil)
		isLogin := got.status == http.StatusSeeOther && strings.HasPrefix(got.location, "/login")
		if !isLogin && got.status != http.StatusUnauthorized {
			t.Errorf("%s %s: status %d to %q", r.Method, r.Path, got.status, got.location)
		}
	}
	for _, path := range []string{"/nothing", "//flows", "/flows/", "/flows/f1/", "/FLOWS", "/flows%2Ff1", "/flows/../settings"} {
		if got := v.get(path); got.status == http.StatusOK {
			t.Errorf("%s: status %d", path, got.status)
		}
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Owner)
	for _, r := range p.server.Table() {
		if r.Method != http.MethodPost {
			continue
		}
		for _, header := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Origin": {"https://evil.example"}}} {
			got := v.do(http.MethodPost, at(r.Path), url.Values{}, header)
			got.want(t, http.StatusForbidden)
			if got.header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s: the refusal has no policy", r.Path)
			}
		}
	}
}

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	p := newPages(t)
	v := p.as(accounts.Owner)
	for _, path := range []string{"/", "/login", "/flows", "/nothing", "/livez", "/runs/none", "/static/none", "/setup"} {
		got := v.get(path)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
			}
		}
		policy := got.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, part)
			}
		}
		if !strings.HasPrefix(path, "/static/") && !strings.Contains(got.header.Get("Cache-Control"), "no-store") {
			t.Errorf("%s may be cached: %q", path, got.header.Get("Cache-Control"))
		}
	}
}

func TestRedirectsStayHere(t *testing.T) {
	for _, evil := range []string{
		"", "https://evil.example", "//evil.example", `/\evil.example`, `\\evil.example`, "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example",
		"http:/evil.example", "evil.example", "///evil.example", "/\\/evil.example", "\x00/x", "/%\x7f", "https:evil.example", "//", "/%zz",
		" /flows", "data:text/html,x", "?next=//evil.example",
	} {
		if got := web.SafePath(evil); got != "/" {
			t.Errorf("%q leads to %q", evil, got)
		}
	}
	for _, good := range []string{"/", "/flows", "/flows/f1?state=live", "/sources/new?draft=AB&authorizer=1"} {
		if got := web.SafePath(good); got != good {
			t.Errorf("%q leads to %q", good, got)
		}
	}
	p := newPages(t)
	user := p.addUser(accounts.Owner)
	got := p.visitor().post("/login", url.Values{"email": {user.Email}, "password": {password}, "next": {"//evil.example"}})
	if got.location != "/" {
		t.Errorf("the login leads to %q", got.location)
	}
}

func TestSetupMakesOneOwner(t *testing.T) {
	p := newPages(t)
	v := p.visitor()
	if got := v.get("/"); got.location != "/setup" {
		t.Errorf("a fresh store leads to %q", got.location)
	}
	v.get("/setup").want(t, http.StatusForbidden)
	v.get("/setup?token=guess").want(t, http.StatusForbidden)
	form := fields(t, v.get("/setup?token="+p.token).want(t, http.StatusOK).Find("form[data-testid=setup]"))
	form.Set("email", "anna@example.org")
	form.Set("name", "Anna")
	form.Set("password", "short")
	refused := v.post("/setup", form).want(t, http.StatusUnprocessableEntity)
	if refused.Find("[data-field=password] .field-error").Length() != 1 || refused.Find("input[name=email]").AttrOr("value", "") != "anna@example.org" {
		t.Error("the refused form lost what was typed, or the field is not marked")
	}
	form.Set("password", password)
	var group sync.WaitGroup
	made := make(chan int, 5)
	for range 5 {
		group.Go(func() { made <- p.visitor().post("/setup", form).status })
	}
	group.Wait()
	close(made)
	owners := 0
	for status := range made {
		if status == http.StatusSeeOther {
			owners++
		}
	}
	users, err := p.store.Users(t.Context())
	if err != nil || len(users) != 1 || owners != 1 {
		t.Fatalf("%d forms went through and %d users exist: %v", owners, len(users), err)
	}
	v.get("/setup?token="+p.token).want(t, http.StatusNotFound)
	v.post("/setup", form).want(t, http.StatusNotFound)
}

func TestLoginRotatesTheSessionAndIsLimited(t *testing.T) {
	p := newPages(t)
	user := p.addUser(accounts.Editor)
	v := p.visitor()
	got := v.get("/flows?state=live")
	if got.location != "/login?next=%2Fflows%3Fstate%3Dlive" {
		t.Errorf("asked to log in at %q", got.location)
	}
	form := fields(t, v.get(got.location).Find("form[data-testid=login]"))
	form.Set("email", strings.ToUpper(user.Email))
	form.Set("password", "wrong")
	v.post("/login", form).want(t, http.StatusUnauthorized)
	form.Set("password", password)
	in := v.post("/login", form).want(t, http.StatusSeeOther)
	if in.location != "/flows?state=live" {
		t.Errorf("the login leads to %q", in.location)
	}
	cookie := in.header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || strings.Contains(cookie, "Secure") {
		t.Errorf("the cookie is %q", cookie)
	}
	secure := p.visitor().do(http.MethodPost, "/login", form, http.Header{"X-Forwarded-Proto": {"https"}})
	if !strings.Contains(secure.header.Get("Set-Cookie"), "; Secure") {
		t.Errorf("behind TLS the cookie is %q", secure.header.Get("Set-Cookie"))
	}
	user.Generation++
	if err := p.store.SaveUser(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	if got := v.get("/flows"); got.status != http.StatusSeeOther {
		t.Errorf("a session of an older generation shows the flows: %d", got.status)
	}
	form.Set("email", "nobody@example.org")
	limited := 0
	for range 8 {
		if got := v.post("/login", form); got.status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited != 3 {
		t.Errorf("%d of 8 logins were refused, want 3", limited)
	}
}

func TestLogoutEndsTheSession(t *testing.T) {
	p := newPages(t)
	v := p.as(accounts.Viewer)
	v.get("/").want(t, http.StatusOK)
	v.post("/logout", url.Values{}).want(t, http.StatusSeeOther)
	v.get("/").want(t, http.StatusSeeOther)
}

func TestHealthAnswersWithoutTheStore(t *testing.T) {
	p := newPages(t)
	v := p.as(accounts.Viewer)
	v.get("/readyz").want(t, http.StatusOK)
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	v.get("/livez").want(t, http.StatusOK)
	v.get("/readyz").want(t, http.StatusServiceUnavailable)
	if got := v.get("/flows"); got.status < 500 || !strings.Contains(got.header.Get("Content-Type"), "text/html") {
		t.Errorf("without a store the flows answer %d, %s", got.status, got.header.Get("Content-Type"))
	}
}

func TestAStoreThatVanishedIsNotReady(t *testing.T) {
	p := newPages(t)
	v := p.as(accounts.Viewer)
	v.get("/readyz").want(t, http.StatusOK)
	if err := os.Remove(filepath.Join(p.folder, storage.DatabaseFile)); err != nil {
		t.Fatal(err)
	}
	v.get("/readyz").want(t, http.StatusServiceUnavailable)
	if got := v.get("/flows"); got.status < 500 {
		t.Errorf("the flows answer %d", got.status)
	}
	if _, err := os.Stat(filepath.Join(p.folder, storage.DatabaseFile)); err == nil {
		t.Error("the store was made anew")
	}
}

func TestServeEndsStreams(t *testing.T) {
	p := newPages(t)
	p.world()
	p.addRun("r1", 3, "running")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.server.Serve(ctx, listener) }()
	v := p.as(accounts.Viewer)
	base, err := url.Parse(p.http.URL)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String()+"/runs/r1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range v.http.Jar.Cookies(base) {
		request.AddCookie(cookie)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the stream answers %d", response.StatusCode)
	}
	if _, err := response.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil { // a stream that went on would be cut off, which is an error
		t.Error(err)
	}
}
