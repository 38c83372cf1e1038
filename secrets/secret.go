// Package secrets keeps what must not be seen: a string type that never prints
// itself, a key ring that seals values to the place where they are stored, and
// references that stand for a value kept elsewhere.
package secrets

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// mask is what is shown instead of a secret.
const mask = "***"

// Secret is a string that shows itself as *** wherever it is printed, logged
// or encoded. The zero value is the empty secret. There is no decoding
// counterpart, so that *** never comes back as a value.
type Secret struct {
	// A pointer, because fmt prints the unexported fields of a struct around a
	// Secret without asking it: all it can show then is an address.
	value *string
}

// New makes a Secret of value.
func New(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{value: &value}
}

// Reveal gives the value itself. Call it where the value is used, not before.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty tells whether there is no value.
func (s Secret) Empty() bool { return s.value == nil }

// Equal compares two secrets in a time that tells nothing about them.
func (s Secret) Equal(other Secret) bool {
	a, b := sha256.Sum256([]byte(s.Reveal())), sha256.Sum256([]byte(other.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// String gives the mask.
func (s Secret) String() string { return mask }

// GoString gives the mask.
func (s Secret) GoString() string { return mask }

// Format writes the mask for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// MarshalText gives the mask, to YAML and XML among others.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// MarshalJSON gives the mask as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// LogValue gives the mask to slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(mask) }
