package postgres

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"leat/connectors"
	"leat/internal/cells"
)

// crashSteps are all labelled steps of a load.
var crashSteps = []string{
	"load.before_claim", "load.fence_raised", "load.after_claim", "load.begun", "load.copy_open", "load.batch_written",
	"load.copied", "load.applied", "load.state_written", "load.before_commit", "load.committed",
}

// crashFlow loads t, into a table that exists or not.
func crashFlow(c *connection, table string, mode connectors.WriteMode) *flow {
	f := into(c, "t", mode, "id")
	f.target.Table.Name, f.target.StateKey = table, "crash/"+table
	return f
}

// TestCrashAnywhere kills a process at every step of a load, and then runs the same run
// again: no row is lost, none is doubled.
func TestCrashAnywhere(t *testing.T) {
	t.Parallel()
	child := filepath.Join(t.TempDir(), "child")
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-tags", "crashpoints", "-ldflags", "-s -w", "-o", child, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	c, admin := newDatabase(t, shop)
	for m, mode := range []connectors.WriteMode{connectors.Insert, connectors.Upsert, connectors.TruncateInsert} {
		for i, old := range []string{"new", "filled"} {
			for j, step := range crashSteps {
				if !cells.Visited(3, m+i+j) {
					continue
				}
				t.Run(string(mode)+"/"+old+"/"+step, func(t *testing.T) {
					table := string(mode) + old + strings.ReplaceAll(step, ".", "_")
					want := digest(t, admin, "SELECT * FROM t")
					if old == "filled" {
						execute(t, admin, "CREATE TABLE dwh."+table+" (id int UNIQUE, name text, at timestamp); INSERT INTO dwh."+table+" VALUES (-1, 'old')")
					}
					crash(t, child, admin.Config().ConnString(), table, mode, step)
					f := crashFlow(c, table, mode)
					if r := f.must(t); r.Read != 10 || r.Written != 10 {
						t.Errorf("the second attempt reports %+v", r.Counts)
					}
					wantRows(t, admin, "SELECT * FROM dwh."+table+" WHERE id > 0", want)
					wantRows(t, admin, "SELECT count(*) FROM dwh._leat_loads WHERE state_key = 'crash/"+table+"'", "(1)")
				})
			}
		}
	}
}

// crash runs the child, which must die at the step.
func crash(t *testing.T, child, url, table string, mode connectors.WriteMode, step string) {
	t.Helper()
	command := exec.Command(child, "-test.run", "^TestCrashChild$")
	command.Env = append(os.Environ(), "LEAT_CRASHPOINT="+step, "LEAT_TEST_URL="+url, "LEAT_TEST_TABLE="+table, "LEAT_TEST_MODE="+string(mode))
	out, err := command.CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the process did not die at %s: %v\n%s", step, err, out)
	}
}
