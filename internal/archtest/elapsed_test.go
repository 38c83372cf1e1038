package archtest_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leat/internal/archtest"
)

func TestNoTestAssertsElapsedTime(t *testing.T) {
	t.Parallel()
	found, err := archtest.Elapsed(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range found {
		t.Error(sentence)
	}
}

func TestElapsedFindsAStopwatch(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	const source = `package x_test

import ("testing"; "time")

func TestQuick(t *testing.T) {
	start := time.Now()
	if took := time.Since(start); took > time.Second {
		t.Error(took)
	}
}

func BenchmarkQuick(b *testing.B) { b.Log(time.Since(time.Now())) }

func rate(b *testing.B) time.Duration { return time.Since(time.Now()) }
`
	if err := os.WriteFile(filepath.Join(root, "x_test.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := archtest.Elapsed(root)
	if err != nil || len(found) != 1 || !slices.ContainsFunc(found, func(s string) bool { return strings.HasPrefix(s, "x_test.go:7: ") }) {
		t.Errorf("found %q, %v, want the line 7 only", found, err)
	}
}
