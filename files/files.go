// Package files opens the files that users name. They live below the folders that the
// operator allows; a name can not lead out of them, neither by "..", nor by a symbolic
// link, nor by a device. It also keeps files that users send.
package files

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"leat/connectors"
)

// Roots are the folders that files may lie in. It implements connectors.Files and may
// be used by several goroutines.
type Roots struct {
	folders []folder
}

// folder is one allowed folder, held open so that it cannot be swapped.
type folder struct {
	// typed is the absolute path as configured, real the one without symbolic links.
	typed, real string
	root        *os.Root
}

// Open opens the folders of list, absolute or relative paths separated like those of
// PATH. When list is empty the only folder is fallback, which is made (0700) when it
// is missing. A folder that does not exist is an error that names it.
func Open(list, fallback string) (*Roots, error) {
	paths := slices.DeleteFunc(filepath.SplitList(list), func(p string) bool { return p == "" })
	if len(paths) == 0 {
		if err := os.MkdirAll(fallback, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder for files: %w", err)
		}
		paths = []string{fallback}
	}
	r := &Roots{}
	for _, path := range paths {
		opened, err := openFolder(path)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open the folder for files %s: %w", path, err), r.Close())
		}
		r.folders = append(r.folders, opened)
	}
	return r, nil
}

func openFolder(path string) (folder, error) {
	typed, err := filepath.Abs(path)
	if err != nil {
		return folder{}, err
	}
	resolved, err := filepath.EvalSymlinks(typed)
	if err != nil {
		return folder{}, err
	}
	root, err := os.OpenRoot(resolved)
	if err != nil {
		return folder{}, err
	}
	return folder{typed: typed, real: resolved, root: root}, nil
}

// Close closes the folders. Files opened before stay open.
func (r *Roots) Close() error {
	var all error
	for _, f := range r.folders {
		all = errors.Join(all, f.root.Close())
	}
	return all
}

// Folders lists the folders, for the pages and for messages.
func (r *Roots) Folders() []string {
	paths := make([]string, len(r.folders))
	for i, f := range r.folders {
		paths[i] = f.typed
	}
	return paths
}

// Open opens a regular file for reading.
func (r *Roots) Open(name string) (*os.File, error) {
	f, local, err := r.find(name)
	if err != nil {
		return nil, err
	}
	// Without O_NONBLOCK opening a named pipe would wait for its other end.
	file, err := f.root.OpenFile(local, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, r.refuse(name, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, errors.Join(r.refuse(name, err), file.Close())
	}
	return file, nil
}

// Path returns the absolute path of a file, without symbolic links, for a system that
// opens it itself. Neither the file nor its folders need exist.
func (r *Roots) Path(name string) (string, error) {
	f, local, err := r.find(name)
	if err != nil {
		return "", err
	}
	info, err := f.root.Stat(local)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return "", r.refuse(name, errNotRegular)
	case err == nil:
		return r.real(f, name, local)
	case !errors.Is(err, os.ErrNotExist):
		return "", r.refuse(name, err)
	}
	if _, err := f.root.Lstat(local); err == nil {
		return "", r.refuse(name, errDangling)
	}
	parent := filepath.Dir(local)
	switch info, err := f.root.Stat(parent); {
	case errors.Is(err, os.ErrNotExist):
		folder, err := r.Path(filepath.Join(f.real, parent))
		return filepath.Join(folder, filepath.Base(local)), err
	case err != nil:
		return "", r.refuse(name, err)
	case !info.IsDir():
		return "", r.refuse(name, syscall.ENOTDIR)
	}
	folder, err := r.real(f, name, parent)
	return filepath.Join(folder, filepath.Base(local)), err
}

// MakeFolder makes the folders of a file that are missing, for this user alone.
func (r *Roots) MakeFolder(name string) error {
	f, local, err := r.find(name)
	if err != nil {
		return err
	}
	if err := f.root.MkdirAll(filepath.Dir(local), 0o700); err != nil {
		return r.refuse(name, err)
	}
	return nil
}

// real resolves symbolic links and makes sure once more that they stay inside.
func (r *Roots) real(f folder, name, local string) (string, error) {
	path, err := filepath.EvalSymlinks(filepath.Join(f.real, local))
	if err != nil {
		return "", r.refuse(name, err)
	}
	if path != f.real && !strings.HasPrefix(path, f.real+string(filepath.Separator)) {
		return "", r.outside(name)
	}
	return path, nil
}

// find splits a name into a folder and a path below it.
func (r *Roots) find(name string) (folder, string, error) {
	switch {
	case strings.TrimSpace(name) == "":
		return folder{}, "", refusal("the name of the file is empty", "Name a file below "+r.list()+".")
	case strings.ContainsRune(name, 0):
		return folder{}, "", refusal("the name of the file holds a NUL character", "Name a file below "+r.list()+".")
	case slices.Contains(strings.Split(filepath.ToSlash(name), "/"), ".."):
		return folder{}, "", r.outside(name)
	}
	if !filepath.IsAbs(name) {
		return r.folders[0], filepath.Clean(name), nil
	}
	clean := filepath.Clean(name)
	for _, f := range r.folders {
		for _, path := range []string{f.typed, f.real} {
			if local, ok := strings.CutPrefix(clean, path+string(filepath.Separator)); ok {
				return f, local, nil
			}
		}
	}
	return folder{}, "", r.outside(name)
}

// list names the folders in a message.
func (r *Roots) list() string { return strings.Join(r.Folders(), " or ") }

var (
	errNotRegular = errors.New("not a regular file")
	errDangling   = errors.New("a symbolic link to nothing")
)

func refusal(message, fix string) *connectors.Error {
	return &connectors.Error{Kind: connectors.Config, Message: message, Fix: fix}
}

// outside refuses a name that leaves the folders.
func (r *Roots) outside(name string) *connectors.Error {
	return refusal(fmt.Sprintf("the file %q lies outside the allowed folders", name),
		"Use a file below "+r.list()+", or ask the operator to add its folder to LEAT_FILES.")
}

// refuse turns a failure to open into a sentence. Whatever os.Root refuses without
// another reason leads out of the folder.
func (r *Roots) refuse(name string, err error) *connectors.Error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return &connectors.Error{
			Kind: connectors.NotFound, Message: fmt.Sprintf("there is no file %q", name),
			Fix: "Put it below " + r.list() + ", or change the path.", Cause: err,
		}
	case errors.Is(err, os.ErrPermission):
		return &connectors.Error{
			Kind: connectors.Permission, Message: fmt.Sprintf("Leat may not open the file %q", name),
			Fix: "Give the user that runs Leat the right to read it.", Cause: err,
		}
	case errors.Is(err, errNotRegular), errors.Is(err, errDangling), errors.Is(err, syscall.ENXIO),
		errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EEXIST), errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENAMETOOLONG):
		return refusal(fmt.Sprintf("%q is not a regular file", name), "Name a file below "+r.list()+".")
	case strings.Contains(err.Error(), "escapes"):
		return r.outside(name)
	default:
		return &connectors.Error{
			Kind: connectors.Unreachable, Retryable: true,
			Message: fmt.Sprintf("the file %q cannot be opened", name), Fix: "Check the disk or the share that the file is on.", Cause: err,
		}
	}
}
