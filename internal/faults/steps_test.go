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

// step is a labelled step of the program.
type step struct {
	name string
	// done says what has happened by then.
	done string
	// passed says which scenarios come to the step; nil means all of them.
	passed func(s scenario) bool
	// only names the one scenario that does; empty means more than one.
	only string
}

// steps are all labelled steps in the order of a run.
var steps = []step{
	{name: "run.queued", done: "the run is stored"},
	{name: "run.claimed", done: "the run has a lease"},
	{name: "load.before_claim", done: "the destination is open, the state tables are there"},
	{name: "load.fence_raised", done: "the fence is raised", passed: hasSessions},
	{name: "load.after_claim", done: "older sessions are ended"},
	{name: "run.table_claimed", done: "the position is read"},
	{name: "load.begun", done: "the applying transaction is open"},
	{name: "load.copy_open", done: "the COPY has begun"},
	{name: "load.batch_written", done: "a batch is sent"},
	{name: "load.hidden_made", done: "the hidden table is there", only: byWriters},
	{name: "load.writer_batch", done: "one of several writers has sent a batch", only: byWriters},
	{name: "load.writers_done", done: "every writer has committed", only: byWriters},
	{name: "read.complete", done: "the source is read to its end"},
	{name: "read.batch", done: "a batch is read", passed: readsDuckDB},
	{name: "load.rejects_kept", done: "rejected rows are stored", passed: keepsRejects},
	{name: "load.copied", done: "every row is copied"},
	{name: "load.taken_over", done: "the rows of the hidden table are in the target", only: byWriters},
	{name: "load.applied", done: "the mode's statements have run"},
	{name: "load.state_written", done: "load row and position are written"},
	{name: "load.before_commit", done: "only the COMMIT is missing"},
	{name: "load.committed", done: "the rows are stored"},
	{name: "load.reported", done: "the engine knows that"},
	{name: "run.finishing", done: "the outcome is known"},
	{name: "run.finished", done: "the outcome is stored"},
}

// hasSessions: a DuckDB file has one writer, so there are no older sessions to end between
// the raised fence and the finished claim.
func hasSessions(s scenario) bool  { return s.into != duckdb }
func readsDuckDB(s scenario) bool  { return s.from == duckdb }
func keepsRejects(s scenario) bool { return s.rejects[0] != "" }

// middle is a pass of the steps that come once per batch; a read of new rows has few.
func (s scenario) middle() string {
	if s.dataset != "" {
		return "2"
	}
	return "3"
}

// stepNames lists the steps of a scenario, the ones that come once per batch with a pass
// in the middle.
func stepNames(s scenario) []string {
	var names []string
	for _, step := range steps {
		if step.passed != nil && !step.passed(s) || step.only != "" && step.only != s.name {
			continue
		}
		names = append(names, step.name)
		if step.name == "load.batch_written" {
			names = append(names, step.name+":"+s.middle())
		}
	}
	return names
}

// everyStep lets a fault strike a scenario at each step of a load of few rows.
func everyStep(s scenario, f fault) []cell {
	var all []cell
	for _, step := range stepNames(s) {
		if strings.Contains(step, ":") || f.retaken && step == "run.finished" {
			continue // the small table has one batch; a run that ended cannot be retaken
		}
		all = append(all, cell{scenario: s, size: small, step: step, fault: f})
	}
	return all
}

// everyKill kills a scenario at each step, with many rows where they count: among batches,
// and where a few would have one writer.
func everyKill(s scenario) []cell {
	var all []cell
	for _, step := range stepNames(s) {
		c := cell{scenario: s, size: small, step: step, fault: killed}
		if strings.Contains(step, "batch") || s.name == byWriters {
			c.size = big
		}
		all = append(all, c)
	}
	return all
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
