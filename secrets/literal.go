package secrets

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ErrBadKey means that a key is too short, not random, or not readable.
var ErrBadKey = errors.New("make a key with: openssl rand -base64 32")

// minDistinct is how many different bytes a random key surely has: fewer than
// 16 of 32 happens by chance less than once in 10^14 keys.
const minDistinct = 16

// Parse reads a key ring from text: one or more keys of 32 random bytes in
// base64, newest first, separated by white space or commas. Lines that begin
// with # are skipped. Its errors wrap ErrBadKey and never hold the key.
func Parse(text string) (*KeyRing, error) {
	var masters [][keySize]byte
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for word := range strings.FieldsSeq(strings.ReplaceAll(line, ",", " ")) {
			master, err := parseKey(word)
			if err != nil {
				return nil, fmt.Errorf("secret key %d %w", len(masters)+1, err)
			}
			masters = append(masters, master)
		}
	}
	if len(masters) == 0 {
		return nil, fmt.Errorf("the secret key is empty: %w", ErrBadKey)
	}
	return newRing(masters...)
}

func parseKey(word string) (master [keySize]byte, err error) {
	raw, err := decodeKey(word)
	if err != nil {
		return master, fmt.Errorf("is not base64: %w", ErrBadKey)
	}
	if len(raw) != keySize {
		return master, fmt.Errorf("holds %d bytes instead of %d: %w", len(raw), keySize, ErrBadKey)
	}
	if isSample(raw) {
		return master, fmt.Errorf("is a sample or a typed text, not random bytes: %w", ErrBadKey)
	}
	return [keySize]byte(raw), nil
}

// decodeKey takes both alphabets of base64, with and without padding.
func decodeKey(word string) ([]byte, error) {
	word = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(word), "=")
	return base64.RawStdEncoding.DecodeString(word)
}

// isSample finds what people put where a random key belongs: one repeated
// word or byte, a counted row, readable text.
func isSample(raw []byte) bool {
	distinct := map[byte]bool{}
	printable, counted := true, true
	for i, b := range raw {
		distinct[b] = true
		printable = printable && b >= ' ' && b <= '~'
		counted = counted && (i == 0 || b-raw[i-1] == raw[1]-raw[0])
	}
	return len(distinct) < minDistinct || printable || counted
}
