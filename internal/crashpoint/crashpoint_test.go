package crashpoint_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
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
	binary := build(t, "-tags", "crashpoints")
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
	if out, err := run(t, build(t, "-tags", "crashpoints"), "first:2"); err == nil || out != "one two " {
		t.Errorf("the process printed %q and ended with %v, want its end at the second pass", out, err)
	}
}

func TestReachStopsUntilResumed(t *testing.T) {
	command := exec.Command(build(t, "-tags", "crashpoints"))
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
	if out, err := run(t, build(t), "second"); err != nil || out != "one two three" {
		t.Errorf("a build without the tag printed %q and ended with %v", out, err)
	}
}

func build(t *testing.T, flags ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp(".", "testprogram-") //nolint:usetesting // the program must lie in this module to import the package
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "program")
	arguments := append(append([]string{"build"}, flags...), "-o", binary, "./"+dir)
	if out, err := exec.Command("go", arguments...).CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

func run(t *testing.T, binary, step string) (string, error) {
	t.Helper()
	command := exec.Command(binary)
	command.Env = append(os.Environ(), "LEAT_CRASHPOINT="+step)
	out, err := command.Output()
	return string(out), err
}
