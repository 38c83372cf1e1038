package engine

import (
	"fmt"
	"strings"

	"leat/connectors"
	"leat/flows"
)

// part is one dataset of a stream and how it is loaded.
type part struct {
	stream  flows.Stream
	dataset flows.SourceDataset
}

// keyless applies the policy of a pattern to its tables without a key, where the write mode
// works by one. The parts are never none without an error; the notes are sentences about
// tables that are left out or loaded otherwise.
func keyless(stream flows.Stream, pattern string, found expansion) (parts []part, notes []string, err error) {
	notes = found.left
	works := stream.WriteMode.NeedsKey() && stream.WriteMode != "" && len(stream.Unique) == 0 && stream.Layout != connectors.LayoutRaw
	var refused []string
	for _, dataset := range found.datasets {
		one := part{stream: stream, dataset: dataset}
		switch lacks := works && found.keyed != nil && !found.keyed[dataset.Name]; {
		case !lacks:
		case stream.Keyless == flows.KeylessSkip:
			notes = append(notes, fmt.Sprintf("%s is left out: it has no key, and %s works by one", dataset.Name, stream.WriteMode))
			continue
		case stream.Keyless == flows.KeylessReplace:
			notes = append(notes, fmt.Sprintf("%s is loaded by %s: it has no key, and %s works by one", dataset.Name, connectors.TruncateInsert, stream.WriteMode))
			one = replaced(one)
		default:
			refused = append(refused, dataset.Name)
		}
		parts = append(parts, one)
	}
	if len(refused) > 0 {
		return nil, nil, refusal(connectors.Config,
			"Set keyless: skip to leave such tables out, or keyless: truncate_insert to replace them at each run; or exclude them, or give them a primary key.",
			"%d tables of the pattern %s have no key, and %s works by one: %s", len(refused), pattern, stream.WriteMode, strings.Join(refused, ", "))
	}
	if len(parts) == 0 {
		return nil, nil, refusal(connectors.Config, "Choose a write mode that works without a key, or set keyless: truncate_insert.",
			"no table of the pattern %s has a key, and %s works by one, so that nothing is left to load", pattern, stream.WriteMode)
	}
	return parts, notes, nil
}

// replaced is a part that is read whole and replaces its table.
func replaced(p part) part {
	p.stream.WriteMode = connectors.TruncateInsert
	p.dataset.Cursor, p.dataset.Overlap, p.dataset.Nulls = "", "", ""
	if p.stream.Duplicates == connectors.DuplicatesNewest { // which means something with a cursor
		p.stream.Duplicates = ""
	}
	return p
}
