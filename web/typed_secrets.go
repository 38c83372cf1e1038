package web

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"leat/dial"
	"leat/secrets"
)

// typedSecrets remembers, in memory and for a short time, secrets that were typed into
// a form which was not saved: it had a problem, it was only tested, or the secret came
// out of a connection string. The page never shows them again, so without this they
// would have to be typed twice. A secret is found again only by the same person for
// the same place: another host or user name is another place. It must be protected as
// well as when it was typed.
type typedSecrets struct {
	now  func() time.Time
	mu   sync.Mutex
	kept map[string]typedSecret
}

type typedSecret struct {
	value secrets.Secret
	tls   dial.TLS
	until time.Time
}

const (
	typedLife = 30 * time.Minute
	maxTyped  = 1000
)

func newTypedSecrets(now func() time.Time) *typedSecrets {
	return &typedSecrets{now: now, kept: map[string]typedSecret{}}
}

// place is what a secret was typed for.
type place struct {
	user, connector string
	// where are the settings that say where the authorizer leads.
	where map[string]string
	// tls protects the way there.
	tls dial.TLS
}

func (p place) key(field string) string {
	parts := []string{p.user, p.connector, field}
	for _, name := range slices.Sorted(maps.Keys(p.where)) {
		parts = append(parts, name, p.where[name])
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

func (t *typedSecrets) remember(p place, field string, value secrets.Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	maps.DeleteFunc(t.kept, func(_ string, s typedSecret) bool { return now.After(s.until) })
	if len(t.kept) < maxTyped {
		t.kept[p.key(field)] = typedSecret{value: value, tls: p.tls, until: now.Add(typedLife)}
	}
}

func (t *typedSecrets) find(p place, field string) (secrets.Secret, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	found, ok := t.kept[p.key(field)]
	if !ok || t.now().After(found.until) || p.tls.Weaker(found.tls) != "" {
		return secrets.Secret{}, false
	}
	return found.value, true
}

func (t *typedSecrets) forget(p place, field string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.kept, p.key(field))
}
