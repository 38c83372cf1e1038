package secrets

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// The ways in which a sealed value cannot be opened.
var (
	// ErrWrongKey means that no key of the ring sealed the value.
	ErrWrongKey = errors.New("the secret was sealed with another key: put back the key file, or the LEAT_SECRET_KEY, that belongs to this store")
	// ErrTampered means that the value was changed, or moved from another row or field.
	ErrTampered = errors.New("the sealed secret was changed or belongs to another place: enter the secret again")
)

const (
	keySize       = 32
	formatVersion = 1
	headerSize    = 2 // format version, key id
)

// encoding is the text form of keys and of sealed values.
var encoding = base64.StdEncoding

// KeyRing seals secrets with its newest key and opens what any of its keys
// sealed. It is safe for concurrent use and never changes.
type KeyRing struct {
	keys []key // newest first, at least one
}

// key is one master key with what is derived from it.
type key struct {
	master      [keySize]byte
	id          byte
	fingerprint string
	aead        cipher.AEAD
}

// newKey derives a key for each purpose, so that none is used for two.
func newKey(master [keySize]byte) (key, error) {
	k := key{master: master}
	sealing, err := derive(master, "leat seal v1", keySize)
	if err != nil {
		return key{}, err
	}
	id, err := derive(master, "leat key id v1", 1)
	if err != nil {
		return key{}, err
	}
	print, err := derive(master, "leat fingerprint v1", 8)
	if err != nil {
		return key{}, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return key{}, fmt.Errorf("preparing the cipher: %w", err)
	}
	if k.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return key{}, fmt.Errorf("preparing the cipher: %w", err)
	}
	k.id, k.fingerprint = id[0], hex.EncodeToString(print)
	return k, nil
}

func derive(master [keySize]byte, purpose string, size int) ([]byte, error) {
	out, err := hkdf.Key(sha256.New, master[:], nil, purpose, size)
	if err != nil {
		return nil, fmt.Errorf("deriving the key for %q: %w", purpose, err)
	}
	return out, nil
}

// newMaster makes a random master key.
func newMaster() (master [keySize]byte) {
	_, _ = rand.Read(master[:]) // never fails: it ends the program instead
	return master
}

// newRing makes a ring of the given master keys, newest first.
func newRing(masters ...[keySize]byte) (*KeyRing, error) {
	ring := &KeyRing{}
	for _, m := range masters {
		k, err := newKey(m)
		if err != nil {
			return nil, err
		}
		ring.keys = append(ring.keys, k)
	}
	return ring, nil
}

// Fingerprint names the newest key without telling anything about it. A store
// remembers it to notice a foreign key.
func (r *KeyRing) Fingerprint() string { return r.keys[0].fingerprint }

// Keys counts the keys of the ring; more than one means that values sealed
// with older keys may still be around.
func (r *KeyRing) Keys() int { return len(r.keys) }

// Knows tells whether the key with that fingerprint is in the ring; it returns
// an error that wraps ErrWrongKey when it is not. Nothing remembered is fine.
func (r *KeyRing) Knows(fingerprint string) error {
	known := func(k key) bool { return k.fingerprint == fingerprint }
	if fingerprint == "" || slices.ContainsFunc(r.keys, known) {
		return nil
	}
	return fmt.Errorf("the store was sealed with the key %s, the given one is %s: %w", fingerprint, r.Fingerprint(), ErrWrongKey)
}

// Seal encrypts plaintext for the place named by binding, such as
// "authorizers/01H…/password". Only the same binding opens it.
func (r *KeyRing) Seal(binding string, plaintext Secret) (string, error) {
	if binding == "" {
		return "", errors.New("sealing a secret: the binding is empty")
	}
	k := r.keys[0]
	header := []byte{formatVersion, k.id}
	sealed := k.aead.Seal(header, nil, []byte(plaintext.Reveal()), additional(header, binding))
	return encoding.EncodeToString(sealed), nil
}

// Open decrypts what Seal made for the same binding. Its errors wrap
// ErrWrongKey or ErrTampered.
func (r *KeyRing) Open(binding, sealed string) (Secret, error) {
	raw, err := encoding.DecodeString(sealed)
	if err != nil || len(raw) < headerSize || raw[0] != formatVersion {
		return Secret{}, fmt.Errorf("opening %s: %w", binding, ErrTampered)
	}
	cause := ErrWrongKey
	for _, k := range r.keys {
		if k.id != raw[1] {
			continue
		}
		plain, err := k.aead.Open(nil, nil, raw[headerSize:], additional(raw[:headerSize], binding))
		if err == nil {
			return New(string(plain)), nil
		}
		cause = ErrTampered
	}
	return Secret{}, fmt.Errorf("opening %s: %w", binding, cause)
}

// Rewrap seals a value again with the newest key. It returns the same text and
// false when the newest key sealed it already.
func (r *KeyRing) Rewrap(binding, sealed string) (text string, changed bool, err error) {
	newest := &KeyRing{keys: r.keys[:1]}
	if _, err := newest.Open(binding, sealed); err == nil {
		return sealed, false, nil
	}
	plain, err := r.Open(binding, sealed)
	if err != nil {
		return "", false, err
	}
	text, err = r.Seal(binding, plain)
	return text, err == nil, err
}

// additional is what is authenticated beside the value: its header and place.
func additional(header []byte, binding string) []byte {
	return append(slices.Clone(header), binding...)
}
