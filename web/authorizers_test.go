package web_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"leat/accounts"
	"leat/authorizers"
	"leat/dial"
	"leat/secrets"
)

// newAuthorizerForm is the empty form of a shelf.
func newAuthorizerForm(t *testing.T, v *visitor) url.Values {
	t.Helper()
	page := v.get("/authorizers/new").want(t, http.StatusOK)
	href, _ := page.Find("[data-testid=connector]").Attr("href")
	form := v.get(href).want(t, http.StatusOK).Find("form[data-testid=authorizer-form]")
	return fields(t, form)
}

func TestAuthorizerIsMadeAndItsSecretNeverShown(t *testing.T) {
	p := newPages(t)
	v := p.as(accounts.Editor)
	form := newAuthorizerForm(t, v)
	if form.Get("setting.port") != "7000" || form.Get("tls.mode") != "prefer" || form.Get("name") != "shelf" {
		t.Errorf("the form is not prefilled: %v", form)
	}
	form.Set("setting.database", "shop")
	form.Set("setting.password", canary)
	refused := v.post("/authorizers", form).want(t, http.StatusUnprocessableEntity)
	if refused.Find(`[data-field="setting.host"] .field-error`).Length() != 1 || refused.Find(`[name="setting.database"]`).AttrOr("value", "") != "shop" {
		t.Error("the refused form lost what was typed, or the field is not marked")
	}
	if strings.Contains(refused.body, canary) {
		t.Fatal("the refused form shows the secret")
	}
	form.Set("setting.host", "db.example")
	if got := v.post("/authorizers", form).want(t, http.StatusSeeOther); got.location != "/authorizers" {
		t.Errorf("saving leads to %q", got.location)
	}
	list := v.get("/authorizers").want(t, http.StatusOK)
	if got := list.Find("[data-testid=flash]").Text(); !strings.Contains(got, "saved") {
		t.Errorf("the list says %q", got)
	}
	if v.get("/authorizers").Find("[data-testid=flash]").Length() != 0 {
		t.Error("the message is shown twice")
	}
	saved, err := p.store.AuthorizerByName(t.Context(), "shelf")
	if err != nil || saved.Secrets["password"].Reveal() != canary {
		t.Fatalf("saved %v: %v", saved.Settings, err)
	}
	form.Set("setting.host", "other.example")
	again := v.post("/authorizers", form).want(t, http.StatusUnprocessableEntity)
	if again.Find(`[data-field="name"] .field-error`).Length() != 1 {
		t.Error("a second authorizer took the same name")
	}
}

func TestStoredSecretStaysAndNeverTravels(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	edit := func() url.Values {
		return fields(t, v.get("/authorizers/a1").want(t, http.StatusOK).Find("form[data-testid=authorizer-form]"))
	}
	form := edit()
	form.Set("setting.timeout", "30")
	v.post("/authorizers/a1", form).want(t, http.StatusSeeOther)
	saved := p.shop()
	if saved.Secrets["password"].Reveal() != canary || saved.Settings["timeout"] != "30" {
		t.Fatal("an edit lost the stored secret")
	}
	for _, change := range []string{"host", "port", "username", "database"} {
		for _, action := range []string{"test", "save"} {
			form := edit()
			form.Set("setting."+change, "5432")
			form.Set("action", action)
			got := v.post("/authorizers/a1", form).want(t, http.StatusUnprocessableEntity)
			if got.Find(`[data-field="setting.password"] .field-error`).Length() != 1 {
				t.Errorf("%s with another %s does not ask for the secret again", action, change)
			}
		}
	}
	if len(p.engine.checked) != 0 {
		t.Fatal("a stored secret was sent to another place")
	}
	form = edit()
	form.Set("setting.host", "new.example")
	form.Set("setting.password", "typed again")
	v.post("/authorizers/a1", form).want(t, http.StatusSeeOther)
	if got := p.shop().Secrets["password"].Reveal(); got != "typed again" {
		t.Errorf("the secret is %q", got)
	}
	form = edit()
	form.Set("clear.setting.password", "true")
	v.post("/authorizers/a1", form).want(t, http.StatusSeeOther)
	if secret := p.shop().Secrets["password"]; !secret.Empty() {
		t.Error("the secret was not removed")
	}
}

func TestAStoredSecretIsNotSentLessProtected(t *testing.T) {
	p := newPages(t)
	w := p.world()
	v := p.as(accounts.Editor)
	authority := newAuthority(t)
	store := func(tls dial.TLS) {
		w.authorizer.TLS = tls
		if err := p.store.SaveAuthorizer(t.Context(), w.authorizer); err != nil {
			t.Fatal(err)
		}
	}
	try := func(action string, change func(url.Values)) int {
		form := fields(t, v.get("/authorizers/a1").want(t, http.StatusOK).Find("form[data-testid=authorizer-form]"))
		form.Set("action", action)
		change(form)
		got := v.post("/authorizers/a1", form)
		asked := got.Find(`[data-field="setting.password"] .field-error`).Length() == 1
		if asked != (got.status == http.StatusUnprocessableEntity) {
			t.Errorf("status %d, and asked is %v", got.status, asked)
		}
		return got.status
	}
	modes := dial.TLSModes()
	for high := range modes {
		for low := range high {
			for _, action := range []string{"test", "save"} {
				store(dial.TLS{Mode: modes[high]})
				if status := try(action, func(f url.Values) { f.Set("tls.mode", string(modes[low])) }); status != http.StatusUnprocessableEntity {
					t.Errorf("%s from %s to %s: status %d", action, modes[high], modes[low], status)
				}
			}
		}
	}
	store(dial.TLS{Mode: dial.TLSVerifyFull})
	for name, value := range map[string]string{"tls.ca": authority, "tls.server_name": "evil.example", "tls.allow_cleartext_password": "true"} {
		if status := try("test", func(f url.Values) { f.Set(name, value) }); status != http.StatusUnprocessableEntity {
			t.Errorf("another %s: status %d", name, status)
		}
	}
	if len(p.engine.checked) != 0 || p.shop().Secrets["password"].Reveal() != canary {
		t.Fatal("a stored secret was sent, or lost")
	}
	store(dial.TLS{Mode: dial.TLSDisable})
	if status := try("save", func(f url.Values) { f.Set("tls.mode", "verify-full") }); status != http.StatusSeeOther || p.shop().Secrets["password"].Reveal() != canary {
		t.Errorf("a stronger mode asks for the secret: status %d", status)
	}
	if status := try("save", func(f url.Values) { f.Set("tls.mode", "prefer"); f.Set("setting.password", "typed again") }); status != http.StatusSeeOther {
		t.Errorf("a weaker mode with a typed secret: status %d", status)
	}
	inClear := func(f url.Values) { f.Set("tls.allow_cleartext_password", "true"); f.Set("setting.password", "again") }
	if status := try("save", inClear); status != http.StatusSeeOther || !p.shop().TLS.AllowCleartextPassword {
		t.Errorf("a password in clear text is not allowed: status %d", status)
	}
	if status := try("save", func(f url.Values) { f.Set("name", "renamed") }); status != http.StatusSeeOther || !p.shop().TLS.AllowCleartextPassword {
		t.Errorf("the form forgets that a password in clear text is allowed: status %d", status)
	}
}

// A secret that was typed a moment ago is not sent less protected either.
func TestATypedSecretIsNotSentLessProtected(t *testing.T) {
	p := newPages(t)
	v := p.as(accounts.Editor)
	form := newAuthorizerForm(t, v)
	for name, value := range map[string]string{
		"setting.host": "db.example", "setting.database": "shop", "setting.password": canary, "tls.mode": "verify-full", "action": "test",
	} {
		form.Set(name, value)
	}
	v.post("/authorizers", form).want(t, http.StatusOK)
	form.Del("setting.password")
	for _, mode := range []string{"verify-full", "prefer"} {
		form.Set("tls.mode", mode)
		v.post("/authorizers", form).want(t, http.StatusOK)
	}
	checked := p.engine.checked
	if len(checked) != 3 || checked[1].Secrets["password"].Reveal() != canary {
		t.Fatalf("%d checks, or the typed secret was forgotten", len(checked))
	}
	if secret := checked[2].Secrets["password"]; !secret.Empty() {
		t.Error("the typed secret was sent less protected")
	}
}

// newAuthority makes the certificate of an authority.
func newAuthority(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// shop is the authorizer of the world as it is stored now.
func (p *pages) shop() authorizers.Authorizer {
	p.t.Helper()
	a, err := p.store.Authorizer(p.t.Context(), "a1")
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

func TestTestConnectionSavesNothing(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	form := fields(t, v.get("/authorizers/a1").Find("form[data-testid=authorizer-form]"))
	form.Set("action", "test")
	got := v.post("/authorizers/a1", form).want(t, http.StatusOK)
	if !strings.Contains(got.Find("[data-testid=check-report]").Text(), "Passed") || p.shop().LastCheck == nil {
		t.Error("the check of the saved authorizer is not shown or not remembered")
	}
	form.Set("setting.password", "wrong")
	p.engine.check = authorizers.CheckReport{Message: "the password is wrong", Stages: []authorizers.CheckStage{
		{Name: "tcp", Status: authorizers.StageOK},
		{Name: "auth", Status: authorizers.StageFailed, Message: "the password is wrong", Fix: "Type it again."},
		{Name: "database", Status: authorizers.StageNotReached},
	}}
	got = v.post("/authorizers/a1", form).want(t, http.StatusOK)
	var states []string
	for _, stage := range got.Find("[data-testid=check-report] .stage").EachIter() {
		states = append(states, stage.AttrOr("data-state", ""))
	}
	if strings.Join(states, ",") != "passed,failed,not reached" {
		t.Errorf("the stages are %v", states)
	}
	after := p.shop()
	if after.Secrets["password"].Reveal() != canary || !after.LastCheck.OK {
		t.Error("a test changed the saved authorizer")
	}
}

func TestConnectionStringFillsTheFields(t *testing.T) {
	p := newPages(t)
	v := p.as(accounts.Editor)
	form := newAuthorizerForm(t, v)
	form.Set("action", "fill")
	form.Set("url", "shelf://loader:"+url.QueryEscape(canary+"@")+"@db.example:7001/dwh?color=red")
	got := v.post("/authorizers", form).want(t, http.StatusOK)
	if strings.Contains(got.body, canary) {
		t.Fatal("the page shows the connection string or its password")
	}
	if !strings.Contains(got.Find("main").Text(), "color") {
		t.Error("the unknown parameter is not named")
	}
	filled := fields(t, got.Find("form[data-testid=authorizer-form]"))
	for name, want := range map[string]string{"setting.host": "db.example", "setting.port": "7001", "setting.username": "loader", "name": "dwh", "url": "", "setting.password": ""} {
		if filled.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, filled.Get(name), want)
		}
	}
	moved := url.Values{}
	for name, values := range filled {
		moved[name] = values
	}
	moved.Set("setting.host", "evil.example")
	moved.Set("action", "test")
	v.post("/authorizers", moved).want(t, http.StatusOK)
	if secret := p.engine.checked[0].Secrets["password"]; !secret.Empty() {
		t.Fatal("a password from a connection string was sent to another host")
	}
	v.post("/authorizers", filled).want(t, http.StatusSeeOther)
	saved, err := p.store.AuthorizerByName(t.Context(), "dwh")
	if err != nil || saved.Secrets["password"].Reveal() != canary+"@" {
		t.Fatalf("the password is lost: %v", err)
	}
}

func TestReferencesNeedTheOperator(t *testing.T) {
	p := newPages(t)
	v := p.as(accounts.Editor)
	form := newAuthorizerForm(t, v)
	form.Set("setting.host", "db.example")
	form.Set("setting.database", "shop")
	for _, reference := range []string{"${env:LEAT_SECRET_KEY}", "${file:/etc/passwd}", "${secret:other.password}"} {
		form.Set("setting.password", reference)
		got := v.post("/authorizers", form).want(t, http.StatusUnprocessableEntity)
		if got.Find(`[data-field="setting.password"] .field-error`).Length() != 1 {
			t.Errorf("%s is not refused", reference)
		}
	}
	form.Set("setting.password", "${env:ALLOWED_PASSWORD}")
	v.post("/authorizers", form).want(t, http.StatusSeeOther)
}

func TestWhatIsInUseIsNotDeleted(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	for path, user := range map[string]string{"/authorizers/a1": "Source shop-sales", "/sources/s1": "Flow orders", "/destinations/d1": "Flow orders"} {
		v.get(path+"/delete").want(t, http.StatusOK)
		got := v.post(path+"/delete", url.Values{}).want(t, http.StatusConflict)
		if !strings.Contains(got.Find("main").Text(), user) {
			t.Errorf("%s does not name %s", path, user)
		}
	}
	for _, path := range []string{"/flows/f1", "/sources/s1", "/destinations/d1", "/authorizers/a1"} {
		v.post(path+"/delete", url.Values{"choice": {"keep"}}).want(t, http.StatusSeeOther)
		v.get(path).want(t, http.StatusNotFound)
	}
}

func TestNoPageShowsASecret(t *testing.T) {
	p := newPages(t)
	w := p.world()
	w.authorizer.Secrets[authorizers.SecretTLSKey] = secrets.New(canary)
	if err := p.store.SaveAuthorizer(t.Context(), w.authorizer); err != nil {
		t.Fatal(err)
	}
	p.addRun("r1", 2, "failed")
	v := p.as(accounts.Owner)
	for _, r := range p.server.Table() {
		if r.Method == http.MethodGet && !strings.HasSuffix(r.Path, "*") {
			if got := v.get(at(r.Path)); strings.Contains(got.body, canary) {
				t.Errorf("%s shows a secret", r.Path)
			}
		}
	}
	form := fields(t, v.get("/authorizers/a1").Find("form[data-testid=authorizer-form]"))
	form.Set("setting.password", canary)
	form.Set("name", "")
	if got := v.post("/authorizers/a1", form); strings.Contains(got.body, canary) {
		t.Error("a refused form shows a secret")
	}
	if strings.Contains(p.logged.String(), canary) {
		t.Error("the log holds a secret")
	}
}
