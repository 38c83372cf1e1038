package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"leat/connectors"
	"leat/flows"
)

// ownTables is how the names of Leat's own tables begin; no pattern selects them.
const ownTables = "_leat_"

// Expand returns the datasets that a pattern selects at this moment, sorted by schema
// and name; a dataset without a pattern is returned as it is.
func (e *Engine) Expand(ctx context.Context, authorizerID string, dataset flows.SourceDataset) ([]flows.SourceDataset, error) {
	if dataset.Pattern == "" {
		return []flows.SourceDataset{dataset}, nil
	}
	listed, err := e.Discover(ctx, authorizerID)
	if err != nil {
		return nil, err
	}
	found := selected(listed, dataset)
	if len(found) == 0 {
		return nil, refusal(connectors.NotFound, "Check the pattern, and that this user may read the tables.",
			"the pattern %s selects no table", dataset.Pattern)
	}
	return found, apart(listed, dataset.Pattern, found)
}

// selected picks from a listing what a pattern asks for.
func selected(listed []connectors.DatasetInfo, dataset flows.SourceDataset) []flows.SourceDataset {
	listed = slices.SortedFunc(slices.Values(listed), func(a, b connectors.DatasetInfo) int {
		return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	})
	var found []flows.SourceDataset
	for _, info := range listed {
		one := dataset
		one.Pattern, one.Exclude = "", nil
		one.Dataset.Schema, one.Dataset.Name = info.Schema, info.Name
		one.Name = one.Dataset.String()
		excluded := slices.ContainsFunc(dataset.Exclude, func(pattern string) bool { return matches(pattern, one.Name) })
		if matches(dataset.Pattern, one.Name) && !excluded && !strings.HasPrefix(info.Name, ownTables) {
			found = append(found, one)
		}
	}
	return found
}

// matches compares a name with a pattern in which * stands for any text. Case counts.
func matches(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return false
	}
	name = name[len(first) : len(name)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return true
}
