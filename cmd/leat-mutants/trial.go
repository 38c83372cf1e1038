package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// trial runs mutants against the tests of one module.
type trial struct {
	root string
}

// verdict is what became of a mutant.
type verdict struct {
	killed bool
	// by names the first test that failed.
	by string
}

func (v verdict) fate() string {
	if v.killed {
		return "killed"
	}
	return "SURVIVED"
}

// mutate returns the text of the mutant's file. The old text must occur exactly once.
func (t trial) mutate(m mutant) (string, error) {
	raw, err := os.ReadFile(filepath.Join(t.root, m.file))
	if err != nil {
		return "", fmt.Errorf("read the source: %w", err)
	}
	source := string(raw)
	if found := strings.Count(source, m.old); found != 1 {
		return "", fmt.Errorf("%s holds the text %q %d times, want once: the source has changed, so mend the table of mutants", m.file, m.old, found)
	}
	return strings.Replace(source, m.old, m.new, 1), nil
}

// try compiles the mutant and runs the tests that must notice it, package by package.
func (t trial) try(ctx context.Context, m mutant) (verdict, error) {
	text, err := t.mutate(m)
	if err != nil {
		return verdict{}, err
	}
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return verdict{}, fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := t.overlay(dir, m, text)
	if err != nil {
		return verdict{}, err
	}
	if out, err := t.golang(ctx, "build", "-overlay", overlay, "./"+filepath.Dir(m.file)); err != nil {
		return verdict{}, fmt.Errorf("the mutant does not compile: %w\n%s", err, out)
	}
	for _, suite := range m.suites {
		by, err := t.suite(ctx, overlay, suite)
		if err != nil || by != "" {
			return verdict{killed: by != "", by: by}, err
		}
	}
	return verdict{}, nil
}

// overlay writes the file that puts the mutant in the place of the source.
func (t trial) overlay(dir string, m mutant, text string) (string, error) {
	changed := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write the mutant: %w", err)
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(t.root, m.file): changed}})
	if err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	return path, nil
}

// failedTest finds the first test that failed in the output of go test.
var failedTest = regexp.MustCompile(`--- FAIL: (\S+)`)

// suite runs the tests of one package and returns the test that failed; empty when all
// passed. A test of a package that builds the program gets the overlay by GOFLAGS.
func (t trial) suite(ctx context.Context, overlay string, s suite) (string, error) {
	arguments := []string{"test", "-vet=off", "-failfast", "-count=1", "-timeout=10m", "-overlay", overlay}
	if s.run != "" {
		arguments = append(arguments, "-run", s.run)
	}
	out, err := t.golang(ctx, append(arguments, s.folder)...)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err == nil {
		if bytes.Contains(out, []byte("no tests to run")) {
			return "", fmt.Errorf("%s has no test %s", s.folder, s.run)
		}
		return "", nil
	}
	if !errors.As(err, new(*exec.ExitError)) {
		return "", err
	}
	by := failedTest.FindSubmatch(out)
	if by == nil {
		return "", fmt.Errorf("the tests of %s ended without a failed test:\n%s", s.folder, out)
	}
	return s.folder + " " + string(by[1]), nil
}

// golang runs the go command in the module.
func (t trial) golang(ctx context.Context, arguments ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", arguments...)
	cmd.Dir = t.root
	for i, argument := range arguments {
		if argument == "-overlay" {
			cmd.Env = append(os.Environ(), "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+arguments[i+1]))
		}
	}
	return cmd.CombinedOutput()
}

// moduleRoot is the folder of go.mod.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	file := strings.TrimSpace(string(out))
	if filepath.Base(file) != "go.mod" {
		return "", errors.New("find the module: this folder is in none")
	}
	return filepath.Dir(file), nil
}
