package crashpoint_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// program reaches two steps and prints a word after each.
const program = `package main

import (
	"fmt"
	"leat/internal/crashpoint"
)

func main() {
	crashpoint.Reach("first")
	fmt.Print("one ")
	crashpoint.Reach("second")
	fmt.Print("two ")
	crashpoint.Reach("first")
	fmt.Print("three")
}
`

func TestReachKillsAtTheNamedStep(t *testing.T) {
	binary := marked(t)
	if out, err := run(t, binary, ""); err != nil || out != "one two three" {
		t.Errorf("without a name: %q, %v", out, err)
	}
	out, err := run(t, binary, "second")
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("the process ended with %v, want SIGKILL", err)
	}
	if out != "one " {
		t.Errorf("the process printed %q before it died, want %q", out, "one ")
	}
}

func TestReachKillsAtTheNamedPass(t *testing.T) {
	if out, err := run(t, marked(t), "first:2"); err == nil || out != "one two " {
		t.Errorf("the process printed %q and ended with %v, want its end at the second pass", out, err)
	}
}

func TestReachStopsUntilResumed(t *testing.T) {
	command := exec.Command(marked(t))
	command.Env = append(os.Environ(), "LEAT_CRASHPOINT=first:pause:2")
	var out bytes.Buffer
	command.Stdout = &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(command.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("status %v (%v), want stopped", status, err)
	}
	if err := command.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil || out.String() != "one two three" {
		t.Errorf("after it was resumed the process printed %q and ended with %v", out.String(), err)
	}
}

func TestReachDoesNothingInTheProduct(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "program")
	if err := build(binary); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, binary, "second"); err != nil || out != "one two three" {
		t.Errorf("a build without the tag printed %q and ended with %v", out, err)
	}
}

// folder holds the program whose steps are marked, built once for all tests.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "crashpoint-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

var buildMarked = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(folder, "program")
	return binary, build(binary, "-tags", "crashpoints")
})

// marked is the program with its steps.
func marked(t *testing.T) string {
	t.Helper()
	binary, err := buildMarked()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// build makes the program. It must lie in this module while it is built, to import the
// package.
func build(binary string, flags ...string) error {
	dir, err := os.MkdirTemp(".", "testprogram-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600); err != nil {
		return err
	}
	arguments := append(append([]string{"build"}, flags...), "-o", binary, "./"+dir)
	if out, err := exec.Command("go", arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

func run(t *testing.T, binary, step string) (string, error) {
	t.Helper()
	command := exec.Command(binary)
	command.Env = append(os.Environ(), "LEAT_CRASHPOINT="+step)
	out, err := command.Output()
	return string(out), err
}
