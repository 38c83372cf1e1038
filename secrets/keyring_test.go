package secrets_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"leat/secrets"
)

func randomKey(t *testing.T) string {
	t.Helper()
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(key)
}

func ring(t *testing.T, keys ...string) *secrets.KeyRing {
	t.Helper()
	r, err := secrets.Parse(strings.Join(keys, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func seal(t *testing.T, r *secrets.KeyRing, binding, value string) string {
	t.Helper()
	sealed, err := r.Seal(binding, secrets.New(value))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// keysWithOtherIDs gives two keys whose one-byte ids differ, which random keys
// do in 255 of 256 cases.
func keysWithOtherIDs(t *testing.T) (a, b string) {
	t.Helper()
	id := func(key string) byte {
		raw, err := base64.StdEncoding.DecodeString(seal(t, ring(t, key), "x", "y"))
		if err != nil {
			t.Fatal(err)
		}
		return raw[1]
	}
	for a = randomKey(t); b == "" || id(a) == id(b); b = randomKey(t) {
	}
	return a, b
}

func TestSealAndOpen(t *testing.T) {
	r := ring(t, randomKey(t))
	for _, value := range []string{"", "x", "päss wörd\n\x00", strings.Repeat("long", 10_000)} {
		sealed := seal(t, r, "authorizers/1/password", value)
		if value != "" && len(value) > 8 && strings.Contains(sealed, value) {
			t.Error("the sealed text shows the value")
		}
		got, err := r.Open("authorizers/1/password", sealed)
		if err != nil || got.Reveal() != value {
			t.Errorf("opened %d bytes instead of %d, %v", len(got.Reveal()), len(value), err)
		}
	}
	first, second := seal(t, r, "b", "same"), seal(t, r, "b", "same")
	if first == second {
		t.Error("the same value is sealed to the same text")
	}
	if _, err := r.Seal("", secrets.New("x")); err == nil {
		t.Error("sealed without a place")
	}
}

func TestSwappedRowsDoNotOpen(t *testing.T) {
	r := ring(t, randomKey(t))
	places := []string{"authorizers/1/password", "authorizers/2/password", "authorizers/1/key", "tunnels/1/password"}
	for _, from := range places {
		sealed := seal(t, r, from, canary)
		for _, to := range places {
			got, err := r.Open(to, sealed)
			if from == to && (err != nil || got.Reveal() != canary) {
				t.Errorf("%s does not open: %v", from, err)
			}
			if from != to && (!errors.Is(err, secrets.ErrTampered) || !got.Empty()) {
				t.Errorf("sealed for %s, opened for %s: %v", from, to, err)
			}
		}
	}
}

func TestEveryChangedByteIsNoticed(t *testing.T) {
	r := ring(t, randomKey(t))
	raw, err := base64.StdEncoding.DecodeString(seal(t, r, "b", canary))
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 0x41
		_, err := r.Open("b", base64.StdEncoding.EncodeToString(changed))
		if !errors.Is(err, secrets.ErrTampered) && !errors.Is(err, secrets.ErrWrongKey) {
			t.Errorf("byte %d: %v", i, err)
		}
		if _, err := r.Open("b", base64.StdEncoding.EncodeToString(raw[:i])); err == nil {
			t.Errorf("cut to %d bytes it opens", i)
		}
	}
	for _, text := range []string{"", "plain text", "***", "AQ==", "AQE=", "!", strings.Repeat("A", 100)} {
		if _, err := r.Open("b", text); err == nil {
			t.Errorf("%q opens", text)
		} else if strings.Contains(err.Error(), "plain") {
			t.Errorf("the error repeats the value: %v", err)
		}
	}
}

func TestForeignKey(t *testing.T) {
	own, foreign := keysWithOtherIDs(t)
	mine, other := ring(t, own), ring(t, foreign)
	if _, err := other.Open("b", seal(t, mine, "b", "x")); !errors.Is(err, secrets.ErrWrongKey) {
		t.Errorf("a foreign key gives %v", err)
	}
	if err := mine.Knows(mine.Fingerprint()); err != nil {
		t.Errorf("its own fingerprint: %v", err)
	}
	if err := mine.Knows(""); err != nil {
		t.Errorf("nothing remembered: %v", err)
	}
	if err := other.Knows(mine.Fingerprint()); !errors.Is(err, secrets.ErrWrongKey) {
		t.Errorf("a foreign fingerprint: %v", err)
	}
	if strings.Contains(own, mine.Fingerprint()) || mine.Fingerprint() != ring(t, own).Fingerprint() {
		t.Error("the fingerprint is part of the key or changes")
	}
}

func TestRotation(t *testing.T) {
	oldKey, newKey := keysWithOtherIDs(t)
	old := ring(t, oldKey)
	sealed := seal(t, old, "b", canary)
	both := ring(t, newKey, oldKey)
	if both.Keys() != 2 || both.Fingerprint() != ring(t, newKey).Fingerprint() || both.Knows(old.Fingerprint()) != nil {
		t.Error("the ring is not newest first")
	}
	fresh, changed, err := both.Rewrap("b", sealed)
	if err != nil || !changed {
		t.Fatalf("rewrap: %v, %v", changed, err)
	}
	got, err := ring(t, newKey).Open("b", fresh)
	if err != nil || got.Reveal() != canary {
		t.Errorf("the new key alone: %v", err)
	}
	if _, err := old.Open("b", fresh); err == nil {
		t.Error("the old key opens a new seal")
	}
	if same, changed, err := both.Rewrap("b", fresh); err != nil || changed || same != fresh {
		t.Errorf("the second rewrap: %v, %v", changed, err)
	}
	if _, _, err := both.Rewrap("elsewhere", sealed); !errors.Is(err, secrets.ErrTampered) {
		t.Errorf("rewrap for another place: %v", err)
	}
}

// Among 300 keys some share their one-byte id; each must still open its own.
func TestKeysWithTheSameID(t *testing.T) {
	keys, sealed := make([]string, 300), make([]string, 300)
	for i := range keys {
		keys[i] = randomKey(t)
		sealed[i] = seal(t, ring(t, keys[i]), "b", keys[i])
	}
	all := ring(t, keys...)
	for i := range keys {
		if got, err := all.Open("b", sealed[i]); err != nil || got.Reveal() != keys[i] {
			t.Fatalf("key %d: %v", i, err)
		}
	}
}

func TestParseRefusesBadKeys(t *testing.T) {
	encode := base64.StdEncoding.EncodeToString
	count := make([]byte, 32)
	for i := range count {
		count[i] = byte(i * 3)
	}
	bad := map[string]string{
		"empty":           "",
		"only a comment":  "# nothing\n",
		"a word":          "changeme",
		"not base64":      "this is not a key!",
		"short":           encode([]byte("sixteen bytes ok")),
		"long":            encode(make([]byte, 64)),
		"zeros":           encode(make([]byte, 32)),
		"one byte":        encode(bytes.Repeat([]byte{0xab}, 32)),
		"a repeated word": encode(bytes.Repeat([]byte("changeme"), 4)),
		"readable text":   encode([]byte("a typed passphrase, 32 characte!")),
		"counted":         encode(count),
		"second is bad":   randomKey(t) + ", changeme",
	}
	for name, text := range bad {
		if _, err := secrets.Parse(text); !errors.Is(err, secrets.ErrBadKey) {
			t.Errorf("%s: %v", name, err)
		} else if len(text) > 7 && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error repeats the key: %v", name, err)
		}
	}
}

func TestParseTakesBothAlphabets(t *testing.T) {
	key := randomKey(t)
	want := ring(t, key).Fingerprint()
	url := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(key, "="))
	for _, text := range []string{key, url, "# comment\n\n " + key + " \r\n", key + ", " + randomKey(t)} {
		if r, err := secrets.Parse(text); err != nil || r.Fingerprint() != want {
			t.Errorf("%v", err)
		}
	}
}
