package sqlload

import (
	"slices"
	"strings"

	"leat/connectors"
)

// The columns of the raw layout, the shape of Airbyte's first Postgres destination.
const (
	RawID      = "ab_id"
	RawEmitted = "emitted_at"
	RawData    = "data"
)

// createTable writes the table with NOT NULL on keys. Keys become indexes after the
// load, which is faster than before it.
func (b *builder) createTable(table string) string {
	lines := make([]string, 0, len(b.s.Fields)+2)
	for _, field := range b.s.Fields {
		line := b.d.Quote(field.Column) + " " + field.Type
		if b.keyed() && b.isKey(field.Column) || field.NotNull {
			line += " NOT NULL"
		}
		lines = append(lines, line)
	}
	if b.s.Target.Mode == connectors.History {
		lines = append(lines, b.d.Quote(ValidFrom)+" "+b.d.TimeType()+" NOT NULL", b.d.Quote(ValidTo)+" "+b.d.TimeType())
	}
	return "CREATE TABLE " + table + " (\n  " + strings.Join(lines, ",\n  ") + "\n)"
}

// keyed says that loads find rows of the table by the unique columns.
func (b *builder) keyed() bool {
	merged := b.s.Target.Mode == connectors.TruncateInsert && b.s.Target.Replace == connectors.ReplaceMerge
	return b.s.Target.Mode.NeedsKey() || merged
}

// indexes adds the indexes of a created table.
func (b *builder) indexes() {
	if !b.s.Target.CreateIndexes || b.s.Target.Layout == connectors.LayoutRaw {
		return
	}
	if b.keyed() {
		b.index(b.s.Unique, b.s.Target.Mode != connectors.DeleteInsert, b.openOnly())
	}
	for _, hint := range b.s.UniqueHints {
		if !b.keyed() || !slices.Equal(hint, b.s.Unique) {
			b.index(hint, true, b.openOnly())
		}
	}
}

// openOnly narrows an index on a history to open versions.
func (b *builder) openOnly() string {
	if b.s.Target.Mode != connectors.History {
		return ""
	}
	return b.d.Quote(ValidTo) + " IS NULL"
}

// index leaves the name to the system, which finds a free one also where the table of an
// earlier load was renamed and kept its indexes. Only a name that would be cut is made
// here, since two cut names could meet.
func (b *builder) index(columns []string, unique bool, where string) {
	const ending = "_idx"
	name := b.s.Table.Name + "_" + strings.Join(columns, "_")
	if limit := b.d.MaxIdentifier(); limit == 0 || len(name)+len(ending) <= limit {
		name = ""
	} else {
		name = ShortenWith(name, ending, limit)
	}
	if sql := b.d.CreateIndex(name, b.target, columns, unique, where); sql != "" {
		b.add(&b.p.After, Statement{SQL: sql})
	}
}
