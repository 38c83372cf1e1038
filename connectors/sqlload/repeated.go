package sqlload

import (
	"fmt"
	"strings"

	"leat/connectors"
)

// validateDuplicates refuses the newest row where nothing says which it is.
func (s Spec) validateDuplicates() error {
	if s.Target.Duplicates == connectors.DuplicatesNewest && s.field(s.Cursor).Source == "" {
		return refuse("duplicates: newest for %s needs a cursor that reaches the table, which says which row of a key is the newest",
			"Choose a cursor for the source, or use duplicates: warn or refuse.", s.Table)
	}
	return nil
}

// checkRepeated fails a load whose stream takes no duplicates.
func (p *Plan) checkRepeated(seen figures) error {
	if p.Spec.Target.Duplicates != connectors.DuplicatesRefuse || seen["doubled"] == 0 || !p.dedupes() {
		return nil
	}
	return &connectors.Error{
		Kind: connectors.Data, Message: p.repeatedRows(seen["doubled"]),
		Fix: "Choose unique columns that identify a row, mend the source, or use duplicates: warn.",
	}
}

// dedupes says that at most one row of a key is stored.
func (p *Plan) dedupes() bool {
	return p.Spec.Target.Mode.NeedsKey() && p.Spec.Target.Mode != connectors.DeleteInsert
}

// repeatedWarning tells how many rows were lost to others of the same key.
func (p *Plan) repeatedWarning(seen figures) []string {
	if seen["doubled"] == 0 || p.Spec.Target.Duplicates == connectors.DuplicatesNewest || !p.Spec.Target.Mode.Collapses() {
		return nil
	}
	kept := "the last one read"
	if p.Spec.field(p.Spec.Cursor).Source != "" {
		kept = fmt.Sprintf("the one with the highest cursor %q, then the last one read", p.Spec.Cursor)
	}
	return []string{p.repeatedRows(seen["doubled"]) + "; of each key one row counts, " + kept}
}

func (p *Plan) repeatedRows(rows int64) string {
	return fmt.Sprintf("%d rows read for %s repeat the unique columns (%s) of another row", rows, p.Spec.Table, strings.Join(p.Spec.Unique, ", "))
}
