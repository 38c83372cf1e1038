package files_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
	"leat/files"
)

var _ connectors.Files = (*files.Roots)(nil)

// open makes two folders with some entries and a secret beside them.
func open(t *testing.T) (roots *files.Roots, first, second string) {
	t.Helper()
	base := t.TempDir()
	first, second = filepath.Join(base, "first"), filepath.Join(base, "second")
	for _, path := range []string{first, second, filepath.Join(first, "sub")} {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(base, "secret.csv"), "secret")
	write(t, filepath.Join(first, "a.csv"), "a")
	write(t, filepath.Join(first, "sub", "B.CSV"), "b")
	write(t, filepath.Join(first, "sub", "c.txt"), "c")
	write(t, filepath.Join(second, "d.csv"), "d")
	link(t, "../secret.csv", filepath.Join(first, "leak.csv"))
	link(t, filepath.Join(base, "secret.csv"), filepath.Join(first, "absolute.csv"))
	link(t, "..", filepath.Join(first, "up"))
	link(t, "a.csv", filepath.Join(first, "inner.csv"))
	link(t, "gone.csv", filepath.Join(first, "dangling.csv"))
	if err := syscall.Mkfifo(filepath.Join(first, "pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	roots, err := files.Open(first+":"+second, "unused")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := roots.Close(); err != nil {
			t.Error(err)
		}
	})
	return roots, first, second
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func TestOpenInside(t *testing.T) {
	roots, first, second := open(t)
	for name, want := range map[string]string{
		"a.csv": "a", "./a.csv": "a", "sub/B.CSV": "b", "inner.csv": "a",
		filepath.Join(first, "a.csv"): "a", filepath.Join(second, "d.csv"): "d",
	} {
		file, err := roots.Open(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := io.ReadAll(file)
		if err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
		_ = file.Close()
	}
}

func TestRefusals(t *testing.T) {
	roots, first, second := open(t)
	for name, want := range map[string]connectors.Kind{
		"":                               connectors.Config,
		"../secret.csv":                  connectors.Config,
		"sub/../a.csv":                   connectors.Config,
		"sub/../../secret.csv":           connectors.Config,
		"/etc/passwd":                    connectors.Config,
		first + "x/a.csv":                connectors.Config,
		filepath.Dir(first):              connectors.Config,
		first + "/../secret.csv":         connectors.Config,
		"a\x00.csv":                      connectors.Config,
		"leak.csv":                       connectors.Config,
		"absolute.csv":                   connectors.Config,
		"up/secret.csv":                  connectors.Config,
		"pipe.csv":                       connectors.Config,
		"sub":                            connectors.Config,
		"a.csv/b":                        connectors.Config,
		".":                              connectors.Config,
		"/dev/null":                      connectors.Config,
		strings.Repeat("x", 5_000):       connectors.Config,
		filepath.Join(second, "a.csv"):   connectors.NotFound,
		filepath.Join(first, "nope.csv"): connectors.NotFound,
	} {
		file, err := roots.Open(name)
		if err == nil {
			_ = file.Close()
		}
		if !connectors.Is(err, want) {
			t.Errorf("open %.60q: got %v, want kind %s", name, err, want)
		}
		if want != connectors.Config || name == "a.csv/b" {
			continue
		}
		if path, err := roots.Path(name); !connectors.Is(err, want) {
			t.Errorf("path of %.60q: got %q, %v, want kind %s", name, path, err, want)
		}
	}
}

func TestRefusalNamesPathAndFolders(t *testing.T) {
	roots, first, second := open(t)
	_, err := roots.Open("/etc/passwd")
	for _, part := range []string{"/etc/passwd", first, second, "LEAT_FILES"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("the refusal %q does not name %s", err, part)
		}
	}
}

func TestPath(t *testing.T) {
	roots, first, second := open(t)
	resolved, err := filepath.EvalSymlinks(first)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"new.duckdb":                        filepath.Join(resolved, "new.duckdb"),
		"inner.csv":                         filepath.Join(resolved, "a.csv"),
		"sub/new.duckdb":                    filepath.Join(resolved, "sub", "new.duckdb"),
		filepath.Join(second, "new.duckdb"): filepath.Join(second, "new.duckdb"),
		"nowhere/at/all.duckdb":             filepath.Join(resolved, "nowhere", "at", "all.duckdb"),
	} {
		if got, err := roots.Path(name); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(first, "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder was made for a name alone: %v", err)
	}
	for name, want := range map[string]connectors.Kind{
		"a.csv/x/new.duckdb": connectors.Config, "up/x/new.duckdb": connectors.Config, "dangling.csv/new.duckdb": connectors.Config,
		"../x/new.duckdb": connectors.Config, "/var/local/leat-test/new.duckdb": connectors.Config,
	} {
		if path, err := roots.Path(name); !connectors.Is(err, want) {
			t.Errorf("the path of %s is %q, %v", name, path, err)
		}
		if err := roots.MakeFolder(name); !connectors.Is(err, want) {
			t.Errorf("the folder of %s: %v", name, err)
		}
	}
	if err := roots.MakeFolder("nowhere/at/all.duckdb"); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(filepath.Join(first, "nowhere", "at")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder that was made: %v, %v", info, err)
	}
	if _, err := roots.Path("dangling.csv"); !connectors.Is(err, connectors.Config) {
		t.Errorf("a dangling link: %v", err)
	}
}

func TestList(t *testing.T) {
	roots, _, second := open(t)
	got, err := roots.List(".csv")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a.csv", "inner.csv", "sub/B.CSV", filepath.Join(second, "d.csv")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestDefaultFolderIsMadePrivate(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data", "files")
	roots, err := files.Open("", folder)
	if err != nil {
		t.Fatal(err)
	}
	defer roots.Close()
	info, err := os.Stat(folder)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder %v, %v", info, err)
	}
	if _, err := files.Open(filepath.Join(folder, "missing"), ""); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a missing folder of the list: %v", err)
	}
}

func TestSave(t *testing.T) {
	roots, first, _ := open(t)
	ctx := t.Context()
	one, err := roots.Save(ctx, `C:\data\Orders "2026" č.csv.gz`, []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := roots.SaveFrom(ctx, "../../etc/Orders.csv", strings.NewReader("two"), 3)
	if err != nil {
		t.Fatal(err)
	}
	if one == two || !strings.HasPrefix(one, "uploads/Orders__2026___-") || !strings.HasSuffix(one, ".csv.gz") ||
		!strings.HasPrefix(two, "uploads/Orders-") || strings.Contains(two, "..") {
		t.Errorf("stored as %q and %q", one, two)
	}
	file, err := roots.Open(one)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got, err := io.ReadAll(file); err != nil || string(got) != "one" {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := file.Stat(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the stored file is open to others: %v, %v", info, err)
	}
	if _, err := roots.SaveFrom(ctx, "big.csv", strings.NewReader("four"), 3); !connectors.Is(err, connectors.Config) {
		t.Errorf("too large: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := roots.Save(cancelled, "x.csv", []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	entries, err := os.ReadDir(filepath.Join(first, "uploads"))
	if err != nil || len(entries) != 2 {
		t.Errorf("%d entries stay, want 2: %v", len(entries), err)
	}
}

func TestPut(t *testing.T) {
	roots, first, _ := open(t)
	for _, content := range []string{"old", "new"} {
		if err := roots.Put(t.Context(), "samples/x.csv", strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(filepath.Join(first, "samples", "x.csv")); err != nil || string(got) != "new" {
		t.Errorf("%q, %v", got, err)
	}
	for _, name := range []string{"../x.csv", "up/x.csv", "/tmp/x.csv"} {
		if err := roots.Put(t.Context(), name, strings.NewReader("x")); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}
