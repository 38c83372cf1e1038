package testdb_test

import (
	"os"
	"path/filepath"
	"testing"

	"leat/internal/testdb"
)

func TestNewestCompleteVersionWins(t *testing.T) {
	root := t.TempDir()
	for folder, programs := range map[string][]string{
		"9":  {"initdb", "postgres"},
		"15": {"initdb", "postgres"},
		"18": {"initdb"}, // a client package without its server
	} {
		bin := filepath.Join(root, folder, "bin")
		if err := os.MkdirAll(bin, 0o750); err != nil {
			t.Fatal(err)
		}
		for _, program := range programs {
			if err := os.WriteFile(filepath.Join(bin, program), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := filepath.Join(root, "15", "bin")
	if got := testdb.NewestVersion(filepath.Join(root, "*", "bin")); got != want {
		t.Errorf("newest = %q, want %q", got, want)
	}
}
