package duckdb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/record"
)

// match is a target whose columns have been paired with the source's.
type match struct {
	spec sqlload.Spec
	// kept are the indexes of the source columns that are loaded, in the order of
	// spec.Fields; the columns that Leat fills come after them.
	kept     []int
	warnings []string
	misfits  []problem
}

type problem struct{ message, fix string }

// matcher pairs one target's columns.
type matcher struct {
	target connectors.Target
	schema record.Schema
	have   *sqlload.Existing
	names  map[string]string
	m      *match
}

// matchTarget pairs the columns of a source with those of a target by name. Its error
// says what cannot be loaded right and how to mend it.
func matchTarget(target connectors.Target, name connectors.Table, schema record.Schema, have *sqlload.Existing) (*match, error) {
	m := &match{spec: sqlload.Spec{Target: target, Table: name, Existing: have, Staging: "_leat_" + sqlload.Hash(16, target.StateKey)}}
	b := &matcher{target: target, schema: schema, have: have, m: m}
	if err := b.mapNames(); err != nil {
		return nil, err
	}
	for i, column := range schema.Columns {
		if target.Mode == connectors.Delete && have != nil && !slices.Contains(target.Unique, column.Name) {
			continue // only the key says what to delete
		}
		if err := b.column(i, column); err != nil {
			return nil, err
		}
	}
	if err := b.metaColumns(); err != nil {
		return nil, err
	}
	b.keys()
	return m, b.verdict()
}

// mapNames finds the target's name of every column. DuckDB's names count without case.
func (b *matcher) mapNames() error {
	names, err := sqlload.MapColumns(dialect{}, b.schema.Names(), b.have.Names())
	if err != nil {
		return err
	}
	taken := map[string]string{}
	for _, source := range b.schema.Names() {
		i := slices.IndexFunc(b.have.Names(), func(name string) bool { return strings.EqualFold(name, names[source]) })
		if i >= 0 {
			names[source] = b.have.Names()[i]
		}
		lower := strings.ToLower(names[source])
		if other, double := taken[lower]; double {
			return &connectors.Error{
				Kind: connectors.Config, Message: fmt.Sprintf("The source columns %q and %q would share a column of %s, because DuckDB ignores case", other, source, b.m.spec.Table),
				Fix: "Select only one of them, or rename one in a query.",
			}
		}
		taken[lower] = source
	}
	b.names = names
	return nil
}

func (b *matcher) column(i int, column record.Column) error {
	name := b.names[column.Name]
	if b.have == nil {
		return b.newColumn(i, column, false)
	}
	have, ok := b.have.Column(name)
	switch {
	case !ok:
		return b.missing(i, column)
	case have.Generated:
		b.warn("The column %q of %s is computed by the database, so the source's values are left out", name, b.m.spec.Table)
		return nil
	}
	if ok, text := fit(column, b.target.SourceKind, have.Type); ok {
		b.keep(i, sqlload.Field{Source: column.Name, Column: name, Type: have.Type, Text: text})
		return nil
	}
	return b.misfit(i, column, have)
}

func (b *matcher) keep(i int, field sqlload.Field) {
	b.m.kept = append(b.m.kept, i)
	b.m.spec.Fields = append(b.m.spec.Fields, field)
}

// newColumn is a column that the load makes.
func (b *matcher) newColumn(i int, column record.Column, alter bool) error {
	typeName, text, err := columnType(column, b.target.SourceKind)
	if err != nil {
		return &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf("The column %q cannot be loaded: %v", column.Name, err), Fix: "Convert it in a query, or leave it out."}
	}
	name := b.names[column.Name]
	if name != column.Name {
		b.warn("The source column %q is called %q in %s, since its own name cannot be used", column.Name, name, b.m.spec.Table)
	}
	if alter {
		b.m.spec.Drift = append(b.m.spec.Drift, dialect{}.AddColumn(b.table(), name, typeName))
	}
	b.keep(i, sqlload.Field{Source: column.Name, Column: name, Type: typeName, Text: text})
	return nil
}

// missing is a source column that the target lacks.
func (b *matcher) missing(i int, column record.Column) error {
	typeName, _, err := columnType(column, b.target.SourceKind)
	if err != nil {
		typeName = "VARCHAR"
	}
	alter := dialect{}.AddColumn(b.table(), b.names[column.Name], typeName) + ";"
	switch b.target.Drift {
	case connectors.DriftRefuse:
		b.problem(alter, "the source has the new column %q", column.Name)
	case connectors.DriftAdd, connectors.DriftWiden:
		return b.newColumn(i, column, true)
	default:
		b.warn("The source column %q is left out: %s does not have it. To load it: %s", column.Name, b.m.spec.Table, alter)
	}
	return nil
}

// misfit is a column whose values the target's column could change or lose.
func (b *matcher) misfit(i int, column record.Column, have sqlload.Column) error {
	typeName, text, err := columnType(column, b.target.SourceKind)
	if err != nil {
		return err
	}
	alter := dialect{}.WidenColumn(b.table(), have.Name, typeName)
	if b.target.Drift == connectors.DriftWiden && widens(have.Type, typeName) {
		b.m.spec.Drift = append(b.m.spec.Drift, alter)
		b.keep(i, sqlload.Field{Source: column.Name, Column: have.Name, Type: typeName, Text: text})
		return nil
	}
	b.problem(alter+"; or convert the column in a query at the source.",
		"the column %q is %s at the source and %s in %s, which cannot hold every value", column.Name, nativeOf(column), have.Type, b.m.spec.Table)
	return nil
}

func nativeOf(column record.Column) string {
	if column.Native != "" {
		return column.Native
	}
	return record.TypeName(column.Type)
}

// metaColumns adds _loaded_at and _run_id.
func (b *matcher) metaColumns() error {
	for _, meta := range []struct {
		on             bool
		name, typeName string
	}{{b.target.LoadedAt, sqlload.LoadedAt, dialect{}.TimeType()}, {b.target.RunID, sqlload.RunID, dialect{}.TextType()}} {
		if !meta.on || b.target.Mode == connectors.Delete {
			continue
		}
		if b.schema.Index(meta.name) >= 0 {
			return &connectors.Error{
				Kind: connectors.Config, Message: fmt.Sprintf("The source has a column %q, which the load fills itself", meta.name),
				Fix: "Switch that column of the stream off, or leave the source's column out.",
			}
		}
		b.metaColumn(meta.name, meta.typeName)
	}
	return nil
}

func (b *matcher) metaColumn(name, typeName string) {
	if b.have != nil {
		have, ok := b.have.Column(name)
		alter := dialect{}.AddColumn(b.table(), name, typeName)
		switch {
		case ok && have.Type != typeName:
			b.problem("Rename that column, or switch it off for the stream.", "the column %q of %s is %s instead of %s", name, b.m.spec.Table, have.Type, typeName)
			return
		case !ok && (b.target.Drift == connectors.DriftAdd || b.target.Drift == connectors.DriftWiden):
			b.m.spec.Drift = append(b.m.spec.Drift, alter)
		case !ok:
			b.warn("The column %q is left out: %s does not have it. To load it: %s;", name, b.m.spec.Table, alter)
			return
		}
	}
	b.m.spec.Fields = append(b.m.spec.Fields, sqlload.Field{Column: name, Type: typeName, Meta: true})
}

// keys renames key and cursor to the target's names.
func (b *matcher) keys() {
	spec := &b.m.spec
	for _, name := range b.target.Unique {
		if mapped, ok := b.names[name]; ok {
			name = mapped
		}
		spec.Unique = append(spec.Unique, name)
	}
	if len(b.target.UniqueHints) > 0 {
		b.warn("DuckDB gets no indexes, so the unique hints of %s are not checked", spec.Table)
	}
	if column, ok := b.schema.Column(b.target.Cursor); ok {
		spec.Cursor = b.names[b.target.Cursor]
		spec.CursorIsTime = column.Type.ID() == arrow.TIMESTAMP || column.Type.ID() == arrow.DATE32
	}
}

// verdict refuses what would make a wrong load.
func (b *matcher) verdict() error {
	if b.have != nil && b.target.Mode != connectors.Update && b.target.Mode != connectors.Delete {
		b.requireNotNull()
	}
	if len(b.m.misfits) == 0 {
		return nil
	}
	messages, fixes := make([]string, len(b.m.misfits)), make([]string, len(b.m.misfits))
	for i, p := range b.m.misfits {
		messages[i], fixes[i] = p.message, p.fix
	}
	return &connectors.Error{
		Kind: connectors.Config, Message: fmt.Sprintf("The columns of %s do not fit: %s", b.m.spec.Table, strings.Join(messages, "; ")),
		Fix: strings.Join(fixes, " "),
	}
}

// requireNotNull refuses a table that needs values which nobody brings.
func (b *matcher) requireNotNull() {
	for _, column := range b.have.Columns {
		loaded := slices.ContainsFunc(b.m.spec.Fields, func(f sqlload.Field) bool { return f.Column == column.Name })
		version := b.target.Mode == connectors.History && (column.Name == sqlload.ValidFrom || column.Name == sqlload.ValidTo)
		if column.NotNull && !column.Default && !column.Generated && !loaded && !version {
			b.problem(fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %q DROP NOT NULL;", b.table(), column.Name),
				"the column %q must not be NULL, has no default, and the source does not bring it", column.Name)
		}
	}
}

// table is the target as SQL.
func (b *matcher) table() string { return qualified(b.m.spec.Table.Schema, b.m.spec.Table.Name) }

func (b *matcher) warn(format string, args ...any) {
	b.m.warnings = append(b.m.warnings, fmt.Sprintf(format, args...))
}

func (b *matcher) problem(fix, format string, args ...any) {
	b.m.misfits = append(b.m.misfits, problem{message: fmt.Sprintf(format, args...), fix: fix})
}
