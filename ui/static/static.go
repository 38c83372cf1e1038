// Package static holds the style sheets, scripts and the favicon of the web
// interface inside the binary, and serves them under addresses that carry a hash
// of the content, so that a browser may keep them for ever.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

// Prefix is the folder of the site that Handler serves.
const Prefix = "/static/"

//go:embed css js favicon.svg
var files embed.FS

// styleParts are joined, in this order, into the one sheet "css/app.css": a page
// then waits for one answer, and the order of the cascade layers is fixed.
var styleParts = []string{"css/tokens.css", "css/base.css", "css/components.css", "css/pages.css"}

type asset struct {
	content     []byte
	contentType string
	address     string
}

// table maps both the plain name and the hashed address to the file.
type table struct {
	byName    map[string]*asset
	byAddress map[string]*asset
}

var assets = sync.OnceValue(func() table {
	t, err := load(files)
	if err != nil {
		panic(err) // the files are part of the binary, so this cannot happen at a user's
	}
	return t
})

func load(from fs.FS) (table, error) {
	t := table{byName: map[string]*asset{}, byAddress: map[string]*asset{}}
	var sheet []byte
	for _, part := range styleParts {
		content, err := fs.ReadFile(from, part)
		if err != nil {
			return t, fmt.Errorf("read style sheet %s: %w", part, err)
		}
		for line := range bytes.Lines(content) { // indentation is for us, not for the wire
			sheet = append(sheet, bytes.TrimLeft(line, " ")...)
		}
	}
	t.add("css/app.css", sheet)
	err := fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == ".css" {
			return err
		}
		content, err := fs.ReadFile(from, name)
		if err != nil {
			return fmt.Errorf("read asset %s: %w", name, err)
		}
		t.add(name, content)
		return nil
	})
	return t, err
}

func (t table) add(name string, content []byte) {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	a := &asset{
		content:     content,
		contentType: contentTypes[ext],
		address:     Prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
	}
	t.byName[name], t.byAddress[a.address] = a, a
}

// contentTypes is our own list: the one of the operating system may differ.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// Path returns the address of a file, for example Path("css/app.css"). A name that
// is not embedded is a mistake of the program and panics.
func Path(name string) string {
	a, ok := assets().byName[name]
	if !ok {
		panic(fmt.Sprintf("static: no file %q", name))
	}
	return a.address
}

// Handler serves every file under its hashed address and nothing else.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets().byAddress[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.contentType)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Method == http.MethodHead {
			return
		}
		if _, err := w.Write(a.content); err != nil {
			return // the reader has gone; there is nobody to tell
		}
	})
}
