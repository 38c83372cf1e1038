package main

import (
	"strings"
	"testing"
)

// A mutant whose text is gone would kill nothing and prove nothing.
func TestEveryMutantFitsTheSource(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range mutants {
		if _, err := (trial{root: root}).mutate(m); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		if names[m.name] || m.old == m.new || len(m.suites) == 0 {
			t.Errorf("the mutant %q is there twice, changes nothing, or has no tests", m.name)
		}
		names[m.name] = true
	}
}

func TestAChangedSourceIsReported(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone := mutant{file: "go.mod", old: "no such line", new: "x"}
	if _, err := (trial{root: root}).try(t.Context(), gone); err == nil || !strings.Contains(err.Error(), "mend the table") {
		t.Errorf("error = %v, want one that says what to mend", err)
	}
}
