package accounts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"leat/accounts"
)

const good = "grey heron under the weir"

func TestPasswordRules(t *testing.T) {
	for password, fix := range map[string]string{
		"short": "at least 8", "žluťouč": "at least 8", strings.Repeat("x1", 65): "at most 128",
		"password123": "several words", "PassWord123": "several words", "aaaaaaaaaaaaaaaa": "several words",
		"ann.smith": "several words", "ann.smith@example.org": "several words", "\xff\xff\xff\xff\xff\xff\xff\xff": "type it again",
	} {
		err := accounts.CheckPassword(password, "Ann.Smith@example.org", "Ann")
		if err == nil || !strings.Contains(err.Error(), fix) || strings.Contains(err.Error(), password) {
			t.Errorf("%q: %v", password, err)
		}
	}
	for _, password := range []string{good, "žluťoučký", strings.Repeat("x1", 64), "12345678 apples"} {
		if err := accounts.CheckPassword(password, "a@example.org", ""); err != nil {
			t.Errorf("%q: %v", password, err)
		}
	}
}

func TestPasswordsAreChecked(t *testing.T) {
	p, ctx := accounts.NewPasswords(accounts.SafeCost), t.Context()
	ann, err := accounts.NewUser(ctx, p, "id", " Ann@Example.org", " Ann ", accounts.Owner, good)
	if err != nil {
		t.Fatal(err)
	}
	if ann.Email != "ann@example.org" || ann.Name != "Ann" || ann.Generation != 1 || !strings.HasPrefix(ann.PasswordHash, "$argon2id$v=19$m=65536,t=3,p=2$") {
		t.Errorf("%+v", ann)
	}
	if err := p.Check(ctx, ann.PasswordHash, good); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"", good + "x", strings.Repeat("x", 1<<20)} {
		if err := p.Check(ctx, ann.PasswordHash, wrong); !errors.Is(err, accounts.ErrWrongPassword) {
			t.Errorf("%d characters: %v", len(wrong), err)
		}
	}
	for _, guess := range []string{"", "nobody has this password"} {
		if err := p.Check(ctx, "", guess); !errors.Is(err, accounts.ErrWrongPassword) {
			t.Errorf("an unknown user: %v", err)
		}
	}
	again, err := ann.WithPassword(ctx, p, good+"!")
	if err != nil || again.Generation != 2 || p.Check(ctx, again.PasswordHash, good) == nil {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := ann.WithPassword(ctx, p, "password1"); err == nil {
		t.Error("a new password skips the rules")
	}
	if same := ann.WithRole(accounts.Owner); same.Generation != 1 || ann.WithRole(accounts.Viewer).Generation != 2 {
		t.Error("a role does not raise the generation once")
	}
}

func TestUserProblems(t *testing.T) {
	user := accounts.User{Email: "ann@example.org", Name: "Ann", Role: accounts.Viewer}
	if err := user.Validate(); err != nil {
		t.Error(err)
	}
	for what, change := range map[string]func(*accounts.User){
		"e-mail": func(u *accounts.User) { u.Email = "ann" },
		"name":   func(u *accounts.User) { u.Name = "a\nb" },
		"role":   func(u *accounts.User) { u.Role = "admin" },
	} {
		bad := user
		change(&bad)
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, email := range []string{"", "a", "a@", "@b", "Ann <a@b.c>", "a@b, c@d", "a b@c", "a@b\r\nx: y", "a@" + strings.Repeat("x", 260)} {
		if accounts.CheckEmail(email) == nil {
			t.Errorf("%q is taken", email)
		}
	}
	for _, email := range []string{"a@localhost", "Jiří@example.cz", "a+b@c.example"} {
		if err := accounts.CheckEmail(email); err != nil {
			t.Errorf("%q: %v", email, err)
		}
	}
}

func TestSetupToken(t *testing.T) {
	now := time.Unix(1000, 0)
	token, text := accounts.NewSetupToken(now)
	_, other := accounts.NewSetupToken(now)
	if len(text) != 43 || text == other {
		t.Errorf("tokens %q %q", text, other)
	}
	if !token.Valid(text, now) || token.Valid(other, now) || token.Valid("", now) || token.Valid(text, now.Add(accounts.SetupLifetime)) {
		t.Error("the wrong tokens are valid")
	}
	token.Use()
	if token.Valid(text, now) {
		t.Error("a used token is valid")
	}
}

func TestLoginLimits(t *testing.T) {
	l, now := accounts.NewLoginLimiter(), time.Unix(1000, 0)
	for i := range 5 {
		if wait := l.Allow("Ann@example.org", "1.1.1.1", now.Add(time.Duration(i)*time.Second)); wait != 0 {
			t.Fatalf("try %d waits %v", i, wait)
		}
	}
	now = now.Add(10 * time.Second)
	for range 100 {
		if wait := l.Allow("ann@EXAMPLE.org ", "1.1.1.1", now); wait != 50*time.Second {
			t.Fatalf("the sixth try waits %v", wait)
		}
	}
	if wait := l.Allow("ann@example.org", "2.2.2.2", now); wait != 0 {
		t.Errorf("another address is locked out: %v", wait)
	}
	if wait := l.Allow("ann@example.org", "1.1.1.1", now.Add(50*time.Second)); wait != 0 {
		t.Errorf("after the wait: %v", wait)
	}
	l.Succeeded("ann@example.org", "1.1.1.1")
	if wait := l.Allow("ann@example.org", "1.1.1.1", now.Add(50*time.Second)); wait != 0 {
		t.Errorf("after a login: %v", wait)
	}

	for i := range 20 {
		if wait := l.Allow(strings.Repeat("x", i+1), "3.3.3.3", now); wait != 0 {
			t.Fatalf("address try %d waits %v", i, wait)
		}
	}
	if wait := l.Allow("new", "3.3.3.3", now); wait != time.Minute {
		t.Errorf("try 21 of an address waits %v", wait)
	}
	if wait := l.Allow("new", "4.4.4.4", now); wait != 0 {
		t.Errorf("another address waits %v", wait)
	}
}

// Who has a network of IPv6 has one address, and not 2^64.
func TestLoginLimitsOfIPv6(t *testing.T) {
	l, now := accounts.NewLoginLimiter(), time.Unix(1000, 0)
	for i := range 5 {
		if wait := l.Allow("ann@example.org", fmt.Sprintf("2001:db8::%d", i+1), now); wait != 0 {
			t.Fatalf("try %d waits %v", i, wait)
		}
	}
	if wait := l.Allow("ann@example.org", "2001:db8::ff:1", now); wait != time.Minute {
		t.Errorf("another address of the network waits %v", wait)
	}
	if wait := l.Allow("ann@example.org", "2001:db8:0:1::1", now); wait != 0 {
		t.Errorf("another network waits %v", wait)
	}
}
