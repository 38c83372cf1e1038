package faults_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// steps are the labelled steps of the program in the order of a run, each with what has
// happened by then.
var steps = []struct{ name, done string }{
	{"run.queued", "the run is stored"},
	{"run.claimed", "the run has a lease"},
	{"load.before_claim", "the destination is open, the state tables are there"},
	{"load.fence_raised", "the fence is raised"},
	{"load.after_claim", "older sessions are ended"},
	{"run.table_claimed", "the position is read"},
	{"load.begun", "the applying transaction is open"},
	{"load.copy_open", "the COPY has begun"},
	{"load.batch_written", "a batch is sent"},
	{"read.complete", "the source is read to its end"},
	{"load.copied", "every row is copied"},
	{"load.applied", "the mode's statements have run"},
	{"load.state_written", "load row and position are written"},
	{"load.before_commit", "only the COMMIT is missing"},
	{"load.committed", "the rows are stored"},
	{"load.reported", "the engine knows that"},
	{"run.finishing", "the outcome is known"},
	{"run.finished", "the outcome is stored"},
}

// stepNames lists them, the ones that come once per batch with a pass in the middle.
func stepNames() []string {
	var names []string
	for _, step := range steps {
		names = append(names, step.name)
		if step.name == "load.batch_written" {
			names = append(names, step.name+":3")
		}
	}
	return names
}

var reach = regexp.MustCompile(`crashpoint\.Reach\("([^"]+)"\)`)

// A step that nobody tests would be a promise that nobody keeps.
func TestEveryLabelledStepIsInTheTable(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, match := range reach.FindAllSubmatch(source, -1) {
			found[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, step := range steps {
		listed = append(listed, step.name)
	}
	slices.Sort(listed)
	if marked := slices.Sorted(maps.Keys(found)); !slices.Equal(marked, listed) {
		t.Errorf("the program marks the steps %q, the table lists %q", marked, listed)
	}
}
