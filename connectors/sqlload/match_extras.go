package sqlload

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
)

// extras adds _loaded_at and _run_id.
func (b *matcher) extras() error {
	for _, extra := range []struct {
		on             bool
		name, typeName string
	}{{b.Target.LoadedAt, LoadedAt, b.Dialect.TimeType()}, {b.Target.RunID, RunID, b.Dialect.TextType()}} {
		if !extra.on || b.Target.Mode == connectors.Delete {
			continue
		}
		if b.Schema.Index(extra.name) >= 0 {
			return refuse("the source has a column %q, which the load fills itself", "Switch that column of the stream off, or leave the source's column out.", extra.name)
		}
		b.extra(extra.name, extra.typeName)
	}
	return nil
}

func (b *matcher) extra(name, typeName string) {
	if b.Existing != nil {
		have, ok := b.Existing.Column(name)
		alter := b.Dialect.AddColumn(b.table(), name, typeName)
		switch {
		case ok && !b.Types.Is(have, typeName):
			b.unfit(name, "Rename that column, or switch it off for the stream.", "the column %q of %s is %s instead of %s", name, b.Table, have.Type, typeName)
			return
		case !ok && b.Target.Drift == connectors.DriftRefuse:
			b.problem(alter+";", "the stream asks for the column %q, which %s does not have", name, b.Table)
			return
		case !ok && b.Existing.Owned && slices.Contains([]connectors.Drift{connectors.DriftAdd, connectors.DriftWiden}, b.Target.Drift):
			if why := b.fixed(); why != "" {
				b.problem(alter+";", "the column %q is to be added, but %s", name, why)
				return
			}
			b.m.Spec.Drift = append(b.m.Spec.Drift, b.Dialect.AddColumn(b.Existing.Rows(b.table()), name, typeName))
		case !ok:
			b.warn("The column %q is left out: %s does not have it. To load it: %s;", name, b.Table, alter)
			return
		}
	}
	b.m.Spec.Fields = append(b.m.Spec.Fields, Field{Column: name, Type: typeName, Meta: true})
}

// keys renames key, cursor and hints to the target's names.
func (b *matcher) keys() {
	rename := func(names []string) []string {
		out := slices.Clone(names)
		for i, name := range names {
			if mapped, ok := b.Names[name]; ok {
				out[i] = mapped
			}
		}
		return out
	}
	spec := &b.m.Spec
	spec.Unique, spec.Cursor = rename(b.Target.Unique), rename([]string{b.Target.Cursor})[0]
	for _, hint := range b.Target.UniqueHints {
		spec.UniqueHints = append(spec.UniqueHints, rename(hint))
	}
	if column, ok := b.Target.Schema.Column(b.Target.Cursor); ok { // what the source has, whatever it is sent as
		spec.CursorIsNumber = isNumber(column)
	}
	if column, ok := b.Schema.Column(b.Target.Cursor); ok {
		spec.CursorIsTime = column.Type.ID() == arrow.TIMESTAMP || column.Type.ID() == arrow.DATE32
	}
}

// verdict refuses what would make a wrong load.
func (b *matcher) verdict() error {
	if b.Existing != nil && b.Target.Mode != connectors.Update && b.Target.Mode != connectors.Delete {
		b.requireNotNull()
	}
	if err := b.triggers(); err != nil {
		return err
	}
	if len(b.m.misfits) == 0 {
		return nil
	}
	messages, fixes := make([]string, len(b.m.misfits)), make([]string, len(b.m.misfits))
	for i, p := range b.m.misfits {
		messages[i], fixes[i] = p.message, p.fix
	}
	return &connectors.Error{
		Kind: connectors.Config, Message: fmt.Sprintf("the columns of %s do not fit: %s", b.Table, strings.Join(messages, "; ")),
		Fix: strings.Join(fixes, " "),
	}
}

// requireNotNull refuses a table that needs values which nobody brings.
func (b *matcher) requireNotNull() {
	for _, column := range b.Existing.Columns {
		loaded := slices.ContainsFunc(b.m.Spec.Fields, func(f Field) bool { return f.Column == column.Name })
		unfit := slices.ContainsFunc(b.m.misfits, func(p misfit) bool { return p.column == column.Name })
		version := b.Target.Mode == connectors.History && (column.Name == ValidFrom || column.Name == ValidTo)
		if column.NotNull && !column.Default && !column.Generated && !loaded && !unfit && !version {
			b.problem(fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %q %s", b.table(), column.Name, b.Nullable),
				"the column %q must not be NULL, has no default, and the source does not bring it", column.Name)
		}
	}
}

// MatchRaw is Match for the fixed shape of one JSON document per row, whose columns have
// these types in the order of RawID, RawEmitted and RawData.
func (p Pairing) MatchRaw(id, emitted, data string) (*Match, error) {
	b := p.begin()
	if p.Target.Mode != connectors.Insert && p.Target.Mode != connectors.TruncateInsert {
		return b.m, refuse("the raw layout does not offer %s", "Use insert or truncate_insert.", p.Target.Mode)
	}
	for i := range p.Schema.Columns {
		b.m.Kept = append(b.m.Kept, i)
	}
	b.m.Spec.Unique, b.m.Spec.Cursor = p.Target.Unique, p.Target.Cursor // which stand in the documents
	for _, column := range []Field{{Column: RawID, Type: id}, {Column: RawEmitted, Type: emitted}, {Column: RawData, Type: data}} {
		if have, ok := p.Existing.Column(column.Column); p.Existing != nil && (!ok || !p.Types.Is(have, column.Type)) {
			if !ok {
				have.Type = "none"
			}
			b.unfit(column.Column, "Load into another table, or use the layout columns.", "the raw layout needs the column %q of type %s, and there is %s", column.Column, column.Type, have.Type)
			continue
		}
		column.Source = column.Column
		b.m.Spec.Fields = append(b.m.Spec.Fields, column)
	}
	return b.m, b.verdict()
}
