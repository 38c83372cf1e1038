package files

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"leat/connectors"
)

// uploads is the folder below the first one that takes files sent by users.
const uploads = "uploads"

// Save keeps a file sent by a user under a new name and returns that name. The given
// name is only a hint.
func (r *Roots) Save(ctx context.Context, name string, content []byte) (string, error) {
	return r.SaveFrom(ctx, name, bytes.NewReader(content), int64(len(content)))
}

// SaveFrom is Save for a stream of at most maxBytes; a longer one is refused and leaves
// nothing behind.
func (r *Roots) SaveFrom(ctx context.Context, name string, content io.Reader, maxBytes int64) (string, error) {
	stored := uploads + "/" + safeName(name)
	return stored, r.write(ctx, stored, content, maxBytes)
}

// Put writes a file of that name, relative to the first folder, in place of an older
// one.
func (r *Roots) Put(ctx context.Context, name string, content io.Reader) error {
	return r.write(ctx, name, content, -1)
}

// write fills a hidden file and gives it its name when it is whole and on disk.
func (r *Roots) write(ctx context.Context, name string, content io.Reader, maxBytes int64) error {
	if filepath.IsAbs(name) {
		return r.outside(name)
	}
	f, local, err := r.find(name)
	if err != nil {
		return err
	}
	if err := f.root.MkdirAll(filepath.Dir(local), 0o700); err != nil {
		return r.cannotWrite(name, err)
	}
	hidden := filepath.Join(filepath.Dir(local), hiddenPrefix+rand.Text())
	if err := fill(ctx, f.root, hidden, content, maxBytes); err != nil {
		_ = f.root.Remove(hidden)
		return r.cannotWrite(name, err)
	}
	if err := f.root.Rename(hidden, local); err != nil {
		_ = f.root.Remove(hidden)
		return r.cannotWrite(name, err)
	}
	return nil
}

// tooLarge is the error of a stream beyond its limit.
type tooLarge int64

func (t tooLarge) Error() string { return fmt.Sprintf("larger than %d bytes", int64(t)) }

func fill(ctx context.Context, root *os.Root, name string, content io.Reader, maxBytes int64) (err error) {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	source := io.Reader(cancellable{ctx, content})
	if maxBytes >= 0 {
		source = io.LimitReader(source, maxBytes+1)
	}
	written, err := io.Copy(file, source)
	if err != nil {
		return err
	}
	if maxBytes >= 0 && written > maxBytes {
		return tooLarge(maxBytes)
	}
	return file.Sync()
}

// cancellable ends a stream when its context ends.
type cancellable struct {
	ctx context.Context //nolint:containedctx // io.Reader has no room for it; it lives for one Save
	io.Reader
}

func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.Reader.Read(p)
}

func (r *Roots) cannotWrite(name string, err error) error {
	if limit, ok := errors.AsType[tooLarge](err); ok {
		return refusal(fmt.Sprintf("the file %q is larger than the limit of %d MiB", path.Base(name), int64(limit)>>20),
			"Send a smaller or a compressed file, or copy it to "+r.list()+" by other means.")
	}
	return &connectors.Error{
		Kind: connectors.Unreachable, Message: fmt.Sprintf("the file %q could not be stored", name),
		Fix: "Check that " + r.folders[0].typed + " is writable and has room.", Cause: err,
	}
}

// maxStem is the longest part of a sent name that is kept.
const maxStem = 60

// safeName makes a new name that shows the given one: letters, digits, dots, dashes and
// underscores stay, folders go, and a random part keeps names apart.
func safeName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c) {
			return c
		}
		return '_'
	}, name)
	stem, suffix := name, ""
	for range 2 { // ".csv.gz"
		if ext := path.Ext(stem); len(ext) > 1 && len(ext) <= 5 {
			stem, suffix = strings.TrimSuffix(stem, ext), ext+suffix
		}
	}
	stem = strings.Trim(stem, ".")
	if stem == "" {
		stem = "file"
	}
	return stem[:min(len(stem), maxStem)] + "-" + strings.ToLower(rand.Text()[:8]) + suffix
}
