package faults_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of the program's own store at a server
	_ "modernc.org/sqlite"             // the driver of the program's own store in a file

	"leat/storage"
)

// patience is the longest time of one command. The engine may look for a lost COMMIT for
// a minute.
const patience = 2 * time.Minute

// outcome is how a process ended.
type outcome struct {
	code   int
	killed bool
	output string
	stdout string
}

// process is the program as a child.
type process struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	done           chan error
}

// start begins a command; crash names a step in the words of LEAT_CRASHPOINT.
func (a *site) start(crash string, args ...string) *process {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	a.t.Cleanup(cancel)
	p := &process{t: a.t, done: make(chan error, 1)}
	p.cmd = exec.CommandContext(ctx, a.world.binary, append([]string{"--data-dir", a.dataDir}, args...)...)
	p.cmd.Env = append(os.Environ(), "LEAT_CRASHPOINT="+crash, "LEAT_DATABASE_URL="+a.storeURL(), "LEAT_RETRY_AFTER=1s,2s")
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		a.t.Fatalf("start the program: %v", err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	return p
}

// startRun begins a run of the flow.
func (a *site) startRun(crash string) *process {
	return a.start(crash, "run", a.flow, "--wait", "--json")
}

// leat runs a command to its end.
func (a *site) leat(crash string, args ...string) outcome {
	a.t.Helper()
	return a.start(crash, args...).wait()
}

// run runs the flow to its end.
func (a *site) run() outcome { return a.startRun("").wait() }

// wait returns when the process has ended.
func (p *process) wait() outcome {
	p.t.Helper()
	err := <-p.done
	p.done <- err // a second wait gets it as well
	got := outcome{stdout: p.stdout.String(), output: p.stdout.String() + p.stderr.String()}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status, _ := exit.Sys().(syscall.WaitStatus)
		got.code, got.killed = exit.ExitCode(), status.Signal() == syscall.SIGKILL
	} else if err != nil {
		p.t.Fatalf("wait for the program: %v", err)
	}
	if strings.Contains(got.output, "panic:") || strings.Contains(got.output, "goroutine ") {
		p.t.Errorf("the program panicked:\n%s", got.output)
	}
	return got
}

// stopped returns true when the process stands still at its step, and false when it has
// ended without reaching it.
func (p *process) stopped() bool {
	p.t.Helper()
	holds, ended := holdsBefore(p.done, func() bool { return p.state() == 'T' })
	if !holds && !ended {
		p.t.Fatal("the program neither stopped nor ended")
	}
	return holds
}

// holdsBefore asks until something holds or something else has ended, whose result stays in
// its channel. Neither the kernel nor the server tells of a stop or a wait by itself.
func holdsBefore(done chan error, something func() bool) (holds, ended bool) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-done:
			done <- err
			return false, true
		default:
		}
		if something() {
			return true, false
		}
	}
	return false, false
}

// state is the letter of the process in /proc.
func (p *process) state() byte {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	rest := raw[bytes.LastIndexByte(raw, ')')+1:] // the name may hold anything
	if len(rest) < 2 {
		return 0
	}
	return rest[1]
}

// resume lets a stopped process go on.
func (p *process) resume() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		p.t.Fatalf("resume the program: %v", err)
	}
}

// storedRun is a run in the program's store.
type storedRun struct{ id, status, err string }

func (r storedRun) active() bool {
	return r.status == "running" || r.status == "queued" || r.status == "waiting" || r.status == "unknown"
}

// store opens the program's store. Asking it is a lot faster than starting the program.
func (a *site) store() *sql.DB {
	a.t.Helper()
	driver, address := "sqlite", filepath.Join(a.dataDir, storage.DatabaseFile)+"?_pragma=busy_timeout(10000)"
	if a.memory != "" {
		driver, address = "pgx", a.world.server.URL(a.memory)
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		a.t.Fatal(err)
	}
	return db
}

// storeURL is where the program keeps its store; empty for the data directory.
func (a *site) storeURL() string {
	if a.memory == "" {
		return ""
	}
	return strings.Replace(a.world.server.URL(a.memory), fmt.Sprintf(":%d/", a.world.server.Port), fmt.Sprintf(":%d/", a.aside.port), 1)
}

// runs lists the runs of the flow, newest first.
func (a *site) runs() (runs []storedRun) {
	a.t.Helper()
	db := a.store()
	defer db.Close()
	rows, err := db.QueryContext(a.t.Context(), "SELECT id, status, coalesce(error, '') FROM runs ORDER BY queued_at DESC, id DESC")
	if err != nil {
		a.t.Fatalf("list the runs: %v", err)
	}
	defer rows.Close()
	for rows.Next() {
		var run storedRun
		if err := rows.Scan(&run.id, &run.status, &run.err); err != nil {
			a.t.Fatalf("list the runs: %v", err)
		}
		runs = append(runs, run)
	}
	if err := rows.Err(); err != nil {
		a.t.Fatalf("list the runs: %v", err)
	}
	return runs
}

// endLease lets the time of a dead or stopped process run out at once.
func (a *site) endLease() {
	a.t.Helper()
	db := a.store()
	defer db.Close()
	if _, err := db.ExecContext(a.t.Context(), "UPDATE runs SET lease_until = 1 WHERE status IN ('running', 'unknown', 'waiting')"); err != nil {
		a.t.Fatalf("end the lease: %v", err)
	}
}
