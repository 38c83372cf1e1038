package engine

import (
	"slices"
	"strings"

	"leat/connectors"
	"leat/flows"
)

// apart reads each row of tables that inherit from each other once. A table named alone is
// read together with those that inherit from it. Where a pattern selects all of these as
// well, each is read on its own; where it selects some of them, the rows of the others
// would be in doubt, so that it is refused.
func apart(listed []connectors.DatasetInfo, pattern string, found []flows.SourceDataset) error {
	f := family{children: map[connectors.Table][]connectors.Table{}, selected: map[connectors.Table]bool{}}
	for _, info := range listed {
		f.children[connectors.Table{Schema: info.Schema, Name: info.Name}] = info.Children
	}
	for _, one := range found {
		f.selected[tableOf(one)] = true
	}
	for i := range found {
		in, out := f.split(tableOf(found[i]))
		switch {
		case len(in) == 0:
		case len(out) == 0:
			found[i].Dataset.Only = true
		default:
			return refusal(connectors.Config, "Exclude the table or all that inherit from it, or let the pattern select all of them; a table named alone is read with all of them.",
				"the pattern %s selects %s and %s, which inherits from it, but not %s: rows would be read twice or not at all",
				pattern, found[i].Name, strings.Join(in, ", "), strings.Join(out, ", "))
		}
	}
	return nil
}

func tableOf(d flows.SourceDataset) connectors.Table {
	return connectors.Table{Schema: d.Dataset.Schema, Name: d.Dataset.Name}
}

// family knows which tables inherit from which, and which of them a pattern selects.
type family struct {
	children map[connectors.Table][]connectors.Table
	selected map[connectors.Table]bool
}

// split names the tables below one that are selected, and those whose rows nobody else
// reads: a selected table brings the rows of its own children.
func (f family) split(table connectors.Table) (in, out []string) {
	var chosen, covered []connectors.Table
	for _, child := range f.below(table) {
		if f.selected[child] {
			chosen = append(chosen, child)
			covered = append(covered, f.below(child)...)
		}
	}
	for _, child := range f.below(table) {
		switch {
		case slices.Contains(chosen, child):
			in = append(in, child.String())
		case !slices.Contains(covered, child):
			out = append(out, child.String())
		}
	}
	return in, out
}

// below lists all tables that inherit from one, directly or not, each once.
func (f family) below(table connectors.Table) []connectors.Table {
	found := slices.Clone(f.children[table])
	for i := 0; i < len(found); i++ {
		for _, child := range f.children[found[i]] {
			if !slices.Contains(found, child) {
				found = append(found, child)
			}
		}
	}
	return found
}
