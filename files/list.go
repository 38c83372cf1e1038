package files

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// maxListed bounds how many entries of a folder List looks at.
const maxListed = 100_000

// hiddenPrefix starts the names of files that are still being written.
const hiddenPrefix = ".leat-"

// List names the regular files whose name ends in one of the suffixes, in any case:
// relative names in the first folder, then absolute ones in the others, each sorted.
// Folders that may not be read are left out. Symbolic links to folders are not followed.
func (r *Roots) List(suffixes ...string) ([]string, error) {
	var names []string
	for i, f := range r.folders {
		found, err := f.list(suffixes)
		if err != nil {
			return nil, fmt.Errorf("list the files of %s: %w", f.typed, err)
		}
		for _, name := range found {
			if i > 0 {
				name = filepath.Join(f.typed, name)
			}
			names = append(names, name)
		}
	}
	return names, nil
}

func (f folder) list(suffixes []string) ([]string, error) {
	var names []string
	seen := 0
	err := fs.WalkDir(f.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if seen++; seen > maxListed {
			return fs.SkipAll
		}
		if err != nil {
			return skip(name, entry, err)
		}
		if !entry.IsDir() && f.wanted(name, entry, suffixes) {
			names = append(names, name)
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}

// skip goes on after a part that cannot be read; only the folder itself must be.
func skip(name string, entry fs.DirEntry, err error) error {
	switch {
	case name == ".":
		return err
	case entry != nil && entry.IsDir():
		return fs.SkipDir
	default:
		return nil
	}
}

func (f folder) wanted(name string, entry fs.DirEntry, suffixes []string) bool {
	lower := strings.ToLower(entry.Name())
	if strings.HasPrefix(lower, hiddenPrefix) {
		return false
	}
	if len(suffixes) > 0 && !slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(lower, strings.ToLower(s)) }) {
		return false
	}
	info, err := f.root.Stat(filepath.FromSlash(name)) // refuses links that lead out
	return err == nil && info.Mode().IsRegular()
}
