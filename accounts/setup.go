package accounts

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"sync"
	"time"
)

// SetupLifetime is how long a setup link works.
const SetupLifetime = 30 * time.Minute

// SetupToken is the one-time right to make the first owner. Each start of a platform
// without users makes one and prints its link. Only the hash is kept, in memory: after
// a restart there is a new one.
type SetupToken struct {
	mutex   sync.Mutex
	hash    [sha256.Size]byte
	expires time.Time
	used    bool
}

// NewSetupToken makes a token of 256 random bits and returns its text, which is shown
// once.
func NewSetupToken(now time.Time) (token *SetupToken, text string) {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails: it ends the program instead
	text = base64.RawURLEncoding.EncodeToString(raw[:])
	return &SetupToken{hash: sha256.Sum256([]byte(text)), expires: now.Add(SetupLifetime)}, text
}

// Valid tells whether text is the token and may still be used.
func (t *SetupToken) Valid(text string, now time.Time) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	hash := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(hash[:], t.hash[:]) == 1 && !t.used && now.Before(t.expires)
}

// Use ends the token. Call it when the first owner exists.
func (t *SetupToken) Use() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.used = true
}
