package duckdb_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"leat/connectors"
	"leat/connectors/duckdb"
	"leat/internal/duck"
)

// TestAFileThatAnotherProcessHolds runs this test binary once more as that process.
func TestAFileThatAnotherProcessHolds(t *testing.T) {
	t.Parallel()
	const variable = "LEAT_TEST_HOLD"
	if path := os.Getenv(variable); path != "" {
		db, err := duck.Open(path, duck.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		_, _ = os.Stdout.WriteString("open\n")
		_, _ = os.Stdin.Read(make([]byte, 1))
		return
	}
	s := newSite(t, "CREATE TABLE t (id INT)")
	holder := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAFileThatAnotherProcessHolds$")
	holder.Env = append(os.Environ(), variable+"="+s.path)
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 5)); err != nil {
		t.Fatalf("the holder did not start: %v", err)
	}
	err = s.Check(t.Context())
	if !connectors.Is(err, connectors.Conflict) || !strings.Contains(err.Error(), `"site.duckdb" is in use by another program`) {
		t.Errorf("got %v, want the file and who holds it", err)
	}
	_ = stdin.Close()
	_ = holder.Wait()
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDatabasesInTheCloudAreNoFiles(t *testing.T) {
	t.Parallel()
	folder, env := place(t)
	for _, path := range []string{"md:foo", "duckdb:///md:foo", "motherduck:foo"} {
		_, err := duckdb.New().Open(t.Context(), connectors.Settings{"path": path}, env)
		if !connectors.Is(err, connectors.Config) || !strings.Contains(err.Error(), "MotherDuck") {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if found, _ := filepath.Glob(filepath.Join(folder, "*")); len(found) > 0 {
		t.Errorf("files were made: %q", found)
	}
}
