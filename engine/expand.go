package engine

import (
	"cmp"
	"context"
	"fmt"
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
	found, err := e.expand(ctx, authorizerID, dataset)
	return found.datasets, err
}

// expansion is what a pattern selects.
type expansion struct {
	datasets []flows.SourceDataset
	// keyed says which of them have a key by their names; nil where that is not known.
	keyed map[string]bool
	// left are sentences about tables that match and are left out.
	left []string
}

func (e *Engine) expand(ctx context.Context, authorizerID string, dataset flows.SourceDataset) (expansion, error) {
	if dataset.Pattern == "" {
		return expansion{datasets: []flows.SourceDataset{dataset}}, nil
	}
	listed, err := e.Discover(ctx, authorizerID)
	if err != nil {
		return expansion{}, err
	}
	out := expansion{keyed: map[string]bool{}}
	readable := make([]connectors.DatasetInfo, 0, len(listed))
	for _, info := range listed {
		if info.Unreadable == "" {
			readable = append(readable, info)
			out.keyed[nameOf(info)] = hasKey(info, dataset)
		}
	}
	for _, info := range listed {
		if info.Unreadable != "" && len(selected([]connectors.DatasetInfo{info}, dataset)) > 0 {
			out.left = append(out.left, nameOf(info)+" is left out: "+info.Unreadable)
		}
	}
	if out.datasets = selected(readable, dataset); len(out.datasets) == 0 {
		return out, refusal(connectors.NotFound, "Check the pattern, and that this user may read the tables.",
			"%s", strings.Join(append([]string{fmt.Sprintf("the pattern %s selects no table", dataset.Pattern)}, out.left...), "; "))
	}
	return out, apart(listed, dataset.Pattern, out.datasets)
}

func nameOf(info connectors.DatasetInfo) string {
	return connectors.Dataset{Schema: info.Schema, Name: info.Name}.String()
}

// hasKey says whether something identifies the rows of a table of a pattern: the key that
// the pattern gives, or the table's own where all its columns are read.
func hasKey(info connectors.DatasetInfo, dataset flows.SourceDataset) bool {
	if len(dataset.Key) > 0 {
		return true
	}
	unread := func(column string) bool { return len(dataset.Columns) > 0 && !slices.Contains(dataset.Columns, column) }
	return len(info.Key) > 0 && !slices.ContainsFunc(info.Key, unread)
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
