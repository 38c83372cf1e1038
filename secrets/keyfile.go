package secrets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrKeyMissing means that a store with content has no key.
var ErrKeyMissing = errors.New("put the key file back, or set LEAT_SECRET_KEY to the key that belongs to this store")

const fileHeader = "# The key of the sealed secrets. Keep a copy apart from the database; without it they are lost.\n"

// LoadOrCreate reads the key ring from the file at path. When there is no file
// and the store is empty it makes one that only its owner may read; when the
// store has content it fails with ErrKeyMissing. Processes that start at once
// end up with the same key.
func LoadOrCreate(path string, storeEmpty bool) (*KeyRing, error) {
	ring, err := load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return ring, err
	}
	if !storeEmpty {
		return nil, fmt.Errorf("the key file %s is missing, but the store has content: %w", path, ErrKeyMissing)
	}
	ring, err = newRing(newMaster())
	if err != nil {
		return nil, err
	}
	err = create(path, ring)
	if errors.Is(err, fs.ErrExist) {
		return load(path)
	}
	if err != nil {
		return nil, fmt.Errorf("making the key file %s (LEAT_SECRET_KEY can take its place): %w", path, err)
	}
	return ring, nil
}

// Rotate puts a new key before the others in the file at path and returns the
// new ring. The older keys stay until DropOld, so that a rotation that stops
// half-way loses nothing.
func Rotate(path string) (*KeyRing, error) {
	return rewrite(path, func(old *KeyRing) (*KeyRing, error) {
		masters := [][keySize]byte{newMaster()}
		for _, k := range old.keys {
			masters = append(masters, k.master)
		}
		return newRing(masters...)
	})
}

// DropOld keeps only the newest key in the file at path. Call it when every
// sealed value was rewrapped.
func DropOld(path string) (*KeyRing, error) {
	return rewrite(path, func(old *KeyRing) (*KeyRing, error) {
		return &KeyRing{keys: old.keys[:1]}, nil
	})
}

func load(path string) (*KeyRing, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	ring, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return ring, nil
}

// create writes a new file beside path and links it there, so that path is
// either absent or whole, and an existing file is never replaced.
func create(path string, ring *KeyRing) error {
	beside, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(beside.Name()) }()
	if err := writeRing(beside, ring); err != nil {
		return err
	}
	return os.Link(beside.Name(), path)
}

// rewrite replaces the file at path by what change makes of it. The file
// path.new is both the lock and the new content: two rewrites at once would
// lose a key.
func rewrite(path string, change func(*KeyRing) (*KeyRing, error)) (*KeyRing, error) {
	beside, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("another change of the key is under way; if none is, remove %s.new", path)
	}
	if err != nil {
		return nil, fmt.Errorf("changing the key file %s: %w", path, err)
	}
	ring, err := rewriteInto(beside, path, change)
	if err != nil {
		return nil, errors.Join(err, os.Remove(beside.Name()))
	}
	return ring, nil
}

func rewriteInto(beside *os.File, path string, change func(*KeyRing) (*KeyRing, error)) (*KeyRing, error) {
	old, err := load(path)
	if err != nil {
		return nil, errors.Join(err, beside.Close())
	}
	ring, err := change(old)
	if err != nil {
		return nil, errors.Join(err, beside.Close())
	}
	if err := writeRing(beside, ring); err != nil {
		return nil, fmt.Errorf("changing the key file %s: %w", path, err)
	}
	if err := os.Rename(beside.Name(), path); err != nil {
		return nil, fmt.Errorf("changing the key file %s: %w", path, err)
	}
	return ring, nil
}

// writeRing writes the keys to disk, newest first, and closes the file.
func writeRing(f *os.File, ring *KeyRing) error {
	var text strings.Builder
	text.WriteString(fileHeader)
	for _, k := range ring.keys {
		text.WriteString(encoding.EncodeToString(k.master[:]) + "\n")
	}
	_, err := f.WriteString(text.String())
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
