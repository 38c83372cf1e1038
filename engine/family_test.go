package engine

import (
	"slices"
	"strings"
	"testing"

	"leat/connectors"
	"leat/flows"
)

// TestRowsOfAFamilyAreReadOnce selects from tables of which b and c inherit from a, d from
// c, and e from b and c.
func TestRowsOfAFamilyAreReadOnce(t *testing.T) {
	w := newWorld(t)
	delete(w.system.datasets, "public.orders")
	for name, children := range map[string]string{"a": "b c", "b": "e", "c": "d e", "d": "", "e": "", "lone": ""} {
		found := &dataset{rows: 1, batch: 1}
		for _, child := range strings.Fields(children) {
			found.children = append(found.children, connectors.Table{Schema: "public", Name: child})
		}
		w.system.datasets["public."+name] = found
	}
	for _, c := range []struct{ exclude, only, refused string }{
		{"", "abc", ""},
		{"a", "bc", ""},
		{"b c d e", "", ""},
		{"d e", "a", ""},
		{"d", "ab", "public.c"}, // e is selected and d is not
		{"b", "c", "public.a"},
		{"b d e", "", "public.a"},
		{"c", "b", "public.a"},
		{"a b c", "", ""},
	} {
		d := flows.SourceDataset{Name: "all", Pattern: "public.*"}
		for _, name := range strings.Fields(c.exclude) {
			d.Exclude = append(d.Exclude, "public."+name)
		}
		found, err := w.Expand(t.Context(), "shop", d)
		if c.refused != "" {
			if !connectors.Is(err, connectors.Config) || !strings.Contains(err.Error(), "selects "+c.refused+" ") {
				t.Errorf("without %q: %v", c.exclude, err)
			}
			continue
		}
		var only []string
		for _, one := range found {
			if one.Dataset.Only {
				only = append(only, one.Dataset.Name)
			}
		}
		if err != nil || strings.Join(only, "") != c.only {
			t.Errorf("without %q %q are read on their own, want %q (%v)", c.exclude, only, c.only, err)
		}
	}
	if whole, _, _ := strings.Cut(fingerprint(flows.SourceDataset{Dataset: connectors.Dataset{Schema: "public", Name: "orders"}}), "."); whole != "594c860aa133661fc4f05bd4d0d26f31" {
		t.Error("the fingerprint of an ordinary table is another one, so that every incremental stream would begin anew")
	}
	if !slices.Equal((family{}).below(connectors.Table{Name: "x"}), nil) {
		t.Error("a table without children has some")
	}
}
