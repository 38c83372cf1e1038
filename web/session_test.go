package web_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"leat/accounts"
)

// from makes the visitor speak from an address of this machine.
func (v *visitor) from(address string) *visitor {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	v.http.Transport = &http.Transport{DialContext: dialer.DialContext}
	v.t.Cleanup(v.http.CloseIdleConnections)
	return v
}

func TestWrongLoginsElsewhereLockNobodyOut(t *testing.T) {
	p := newPages(t)
	owner := p.addUser(accounts.Owner)
	right, wrong := url.Values{"email": {owner.Email}, "password": {password}}, url.Values{"email": {owner.Email}, "password": {"wrong"}}
	logged := p.visitor().from("127.0.0.2")
	logged.post("/login", right).want(t, http.StatusSeeOther)
	guesser := p.visitor().from("127.0.0.2")
	for range 5 {
		guesser.post("/login", wrong).want(t, http.StatusUnauthorized)
	}
	guesser.post("/login", right).want(t, http.StatusTooManyRequests)
	logged.get("/flows").want(t, http.StatusOK)
	logged.post("/login", right).want(t, http.StatusSeeOther)
	guesser.post("/login", right).want(t, http.StatusSeeOther) // the login above cleared the tries
	p.visitor().from("127.0.0.3").post("/login", right).want(t, http.StatusSeeOther)
}

// A session of one person is no way to guess the password of another.
func TestASessionDoesNotFreeOtherAccounts(t *testing.T) {
	p := newPages(t)
	owner := p.addUser(accounts.Owner)
	viewer := p.as(accounts.Viewer)
	wrong := url.Values{"email": {owner.Email}, "password": {"wrong"}}
	for range 5 {
		viewer.post("/login", wrong).want(t, http.StatusUnauthorized)
	}
	viewer.post("/login", wrong).want(t, http.StatusTooManyRequests)
}

func TestALiveStreamEndsWithItsSession(t *testing.T) {
	for name, end := range map[string]func(p *pages, v *visitor, user accounts.User) error{
		"logout": func(_ *pages, v *visitor, _ accounts.User) error {
			v.post("/logout", url.Values{}).want(t, http.StatusSeeOther)
			return nil
		},
		"another role": func(p *pages, _ *visitor, user accounts.User) error {
			return p.store.SaveUser(t.Context(), user.WithRole(accounts.Operator))
		},
		"revoked": func(p *pages, _ *visitor, user accounts.User) error {
			return p.store.Sessions().DeleteUserSessions(t.Context(), user.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPages(t)
			p.world()
			p.addRun("r1", 3, "running")
			user, v := p.addUser(accounts.Viewer), p.visitor()
			v.post("/login", url.Values{"email": {user.Email}, "password": {password}}).want(t, http.StatusSeeOther)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.http.URL+"/runs/r1/events", nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := v.http.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if _, err := response.Body.Read(make([]byte, 1)); err != nil || response.StatusCode != http.StatusOK {
				t.Fatalf("the stream answers %d: %v", response.StatusCode, err)
			}
			if err := end(p, v, user); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil {
				t.Errorf("the stream goes on after its session: %v", err)
			}
		})
	}
}
