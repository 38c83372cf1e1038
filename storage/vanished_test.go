package storage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leat/accounts"
	"leat/storage"
)

func testUser() accounts.User {
	return accounts.User{ID: storage.NewID(), Email: "ann@example.org", Name: "Ann", Role: accounts.Owner, Generation: 1, CreatedAt: time.Now(), UpdatedAt: time.Now()}
}

// What is gone is never made anew behind the back of people, neither by a running
// program nor by the next one.
func TestAStoreThatVanishesIsAnError(t *testing.T) {
	t.Parallel()
	for name, vanish := range map[string]func(t *testing.T, folder, file string){
		"file removed": func(t *testing.T, _, file string) { must(t, os.Remove(file)) },
		"file renamed": func(t *testing.T, _, file string) { must(t, os.Rename(file, file+".old")) },
		"file replaced": func(t *testing.T, _, file string) {
			content, err := os.ReadFile(file)
			must(t, err)
			must(t, os.WriteFile(file+".copy", content, 0o600))
			must(t, os.Rename(file+".copy", file))
		},
		"folder removed": func(t *testing.T, folder, _ string) { must(t, os.RemoveAll(folder)) },
		"folder renamed": func(t *testing.T, folder, _ string) { must(t, os.Rename(folder, folder+".old")) },
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "data")
			file := filepath.Join(folder, storage.DatabaseFile)
			options := storage.Options{DataDir: folder}
			s := open(t, options)
			must(t, s.Ready(t.Context()))
			vanish(t, folder, file)
			before, _ := os.Stat(file)
			_, readErr := s.Users(t.Context())
			for what, err := range map[string]error{"ready": s.Ready(t.Context()), "read": readErr, "write": s.SaveUser(t.Context(), testUser())} {
				if err == nil || !strings.Contains(err.Error(), "removed or replaced") {
					t.Errorf("%s: %v", what, err)
				}
			}
			after, _ := os.Stat(file)
			if (before == nil) != (after == nil) {
				t.Error("the running program made the file")
			}
			if !strings.HasPrefix(name, "file re") || before != nil {
				return
			}
			if _, err := storage.Open(t.Context(), options); err == nil || !strings.Contains(err.Error(), "is gone: put it back") {
				t.Errorf("the next start: %v", err)
			}
			if _, err := os.Stat(file); err == nil {
				t.Error("the next start made an empty store")
			}
			must(t, os.Remove(file+".lock"))
			must(t, open(t, options).Ready(t.Context()))
		})
	}
}

// A database that answers, and has lost its tables, is not ready.
func TestAStoreWithoutItsTablesIsNotReady(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s := open(t, options)
		must(t, s.Ready(t.Context()))
		execute(t, options, "DROP TABLE installation")
		if err := s.Ready(t.Context()); err == nil {
			t.Error("it is ready")
		}
		if _, err := storage.Open(t.Context(), options); err == nil {
			t.Error("a start makes the table anew")
		}
	})
}
