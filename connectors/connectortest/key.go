package connectortest

import (
	"context"
	"slices"
	"testing"

	"leat/connectors"
)

// readKey asks real rows for their key, where the connection plays that role.
func (h Harness) readKey(t *testing.T) {
	checker, ok := h.connect(t).(connectors.KeyChecker)
	if !ok {
		return
	}
	dataset := h.Seed(t, "suite_key", Rows(1, 40))
	if found, err := checker.RepeatedKey(deadline(t), dataset, []string{"id"}); err != nil || found != nil {
		t.Errorf("the key gave %+v, %v, want nothing", found, err)
	}
	found, err := checker.RepeatedKey(deadline(t), dataset, []string{"name"})
	if err != nil || found == nil || found.Rows < 2 || len(found.Values) != 1 {
		t.Fatalf("repeated names gave %+v, %v", found, err)
	}
	value := ""
	if found.Values[0] != nil {
		value = *found.Values[0]
	}
	known := func(r Row) bool { return r.NoName && found.Values[0] == nil || !r.NoName && r.Name == value }
	if !slices.ContainsFunc(Rows(1, 40), known) {
		t.Errorf("the example %q is no name", value)
	}
	if found, err := checker.RepeatedKey(deadline(t), dataset, []string{"name", "id"}); err != nil || found != nil {
		t.Errorf("two columns gave %+v, %v, want nothing", found, err)
	}
	ctx, cancel := context.WithCancel(deadline(t))
	cancel()
	if _, err := checker.RepeatedKey(ctx, dataset, []string{"name"}); err == nil {
		t.Error("a cancelled check gave an answer")
	}
	if _, err := checker.RepeatedKey(deadline(t), dataset, []string{"nope"}); err == nil {
		t.Error("a column that is not there gave an answer")
	}
}
