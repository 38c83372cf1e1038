package sqlload

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"leat/connectors"
)

// loadRow is what a load row keeps of its load, as JSON.
type loadRow struct {
	connectors.Report
	// Columns are the target columns that the load brought, by source column, and those
	// that earlier ones brought and the table still has. Rows of earlier versions have none.
	Columns map[string]string `json:"columns,omitempty"`
}

// Brought returns the columns of the last load of a stream that was applied; nil when that
// is not known.
func (s Store) Brought(ctx context.Context, db Session, stream Stream) (map[string]string, error) {
	rows, err := db.Query(ctx, "SELECT counts FROM "+s.loads()+mine+" ORDER BY fence DESC, applied_at DESC LIMIT 1", stream.Installation, stream.Target.StateKey)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var row loadRow
	if err := json.Unmarshal([]byte(rows[0][0].Text), &row); err != nil {
		return nil, fmt.Errorf("read the columns of the last load of %s: %w", stream.Table, err)
	}
	return row.Columns, nil
}

// gone finds columns that earlier loads brought, which the table still has and the source
// no longer brings. Columns that only the table ever had are nobody's fault.
func (b *matcher) gone() {
	if b.Existing == nil || b.Target.Layout == connectors.LayoutRaw {
		return
	}
	for _, source := range slices.Sorted(maps.Keys(b.Existing.Brought)) {
		column := b.Existing.Brought[source]
		fed := slices.ContainsFunc(b.m.Spec.Fields, func(f Field) bool { return f.Column == column })
		if _, stands := b.Existing.Column(column); !stands || fed {
			continue
		}
		b.m.Spec.Kept = append(b.m.Spec.Kept, Field{Source: source, Column: column})
		if b.Schema.Index(source) >= 0 || b.Target.Mode == connectors.Delete {
			continue
		}
		drop := fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s;", b.table(), b.Dialect.Quote(column))
		if b.Target.Drift == connectors.DriftRefuse {
			b.problem("Bring it back at the source, or: "+drop, "the source no longer brings the column %q, which earlier loads brought", source)
			continue
		}
		b.warn("The source no longer brings the column %q of %s, which earlier loads brought: new rows get its default or NULL there, and rows that are changed keep what they have. To end this: %s", source, b.Table, drop)
	}
}

// Brings are the columns that the load row keeps.
func (s Spec) Brings() map[string]string {
	if s.Target.Layout == connectors.LayoutRaw {
		return nil
	}
	columns := map[string]string{}
	for _, field := range slices.Concat(s.Kept, s.Fields) {
		if field.Source != "" {
			columns[field.Source] = field.Column
		}
	}
	return columns
}
