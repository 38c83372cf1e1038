package secrets_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"leat/secrets"
)

func TestLoadOrCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	if _, err := secrets.LoadOrCreate(path, false); !errors.Is(err, secrets.ErrKeyMissing) || !strings.Contains(err.Error(), path) {
		t.Fatalf("a store with content and no key: %v", err)
	}
	made, err := secrets.LoadOrCreate(path, true)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for _, empty := range []bool{true, false} {
		again, err := secrets.LoadOrCreate(path, empty)
		if err != nil || again.Fingerprint() != made.Fingerprint() {
			t.Errorf("read again: %v", err)
		}
	}
	mustBeAlone(t, path)
}

// mustBeAlone finds temporary files that were left behind.
func mustBeAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestOneKeyForAllStarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	prints := make([]string, 16)
	var group sync.WaitGroup
	for i := range prints {
		group.Go(func() {
			r, err := secrets.LoadOrCreate(path, true)
			if err != nil {
				t.Error(err)
				return
			}
			prints[i] = r.Fingerprint()
		})
	}
	group.Wait()
	for _, p := range prints {
		if p == "" || p != prints[0] {
			t.Fatalf("the starts got different keys: %v", prints)
		}
	}
	mustBeAlone(t, path)
}

func TestBrokenKeyFileIsNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	if err := os.WriteFile(path, []byte("changeme\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.LoadOrCreate(path, true); !errors.Is(err, secrets.ErrBadKey) || !strings.Contains(err.Error(), path) {
		t.Errorf("a sample key: %v", err)
	}
	if _, err := secrets.Rotate(path); !errors.Is(err, secrets.ErrBadKey) {
		t.Errorf("rotating a sample key: %v", err)
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != "changeme\n" {
		t.Errorf("the file was changed to %q, %v", content, err)
	}
	mustBeAlone(t, path)
	if _, err := secrets.LoadOrCreate(filepath.Join(path, "below"), true); err == nil {
		t.Error("a key in a folder that is a file")
	}
}

func TestRotateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	first, err := secrets.LoadOrCreate(path, true)
	if err != nil {
		t.Fatal(err)
	}
	sealed := seal(t, first, "b", canary)
	second, err := secrets.Rotate(path)
	if err != nil || second.Keys() != 2 || second.Fingerprint() == first.Fingerprint() {
		t.Fatalf("rotate: %v", err)
	}
	fresh, _, err := second.Rewrap("b", sealed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.DropOld(path); err != nil {
		t.Fatal(err)
	}
	third, err := secrets.LoadOrCreate(path, false)
	if err != nil || third.Keys() != 1 {
		t.Fatalf("after dropping: %v", err)
	}
	if got, err := third.Open("b", fresh); err != nil || got.Reveal() != canary {
		t.Errorf("after dropping: %v", err)
	}
	if _, err := third.Open("b", sealed); err == nil {
		t.Error("the dropped key still opens")
	}
	mustBeAlone(t, path)
}

func TestTwoRotationsAtOnceLoseNoKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	if _, err := secrets.LoadOrCreate(path, true); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var lock sync.Mutex
	var made []string
	for range 8 {
		group.Go(func() {
			if r, err := secrets.Rotate(path); err == nil {
				lock.Lock()
				defer lock.Unlock()
				made = append(made, r.Fingerprint())
			}
		})
	}
	group.Wait()
	final, err := secrets.LoadOrCreate(path, false)
	if err != nil || len(made) == 0 || final.Keys() != len(made)+1 {
		t.Fatalf("%d rotations: %v", len(made), err)
	}
	for _, print := range made {
		if err := final.Knows(print); err != nil {
			t.Errorf("a key is lost: %v", err)
		}
	}
	if err := os.WriteFile(path+".new", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.Rotate(path); err == nil || !strings.Contains(err.Error(), path+".new") {
		t.Errorf("beside another rotation: %v", err)
	}
}
