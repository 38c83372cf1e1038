package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/record"
	"leat/record/pgbinary"
)

// match is a target whose columns have been paired with the source's.
type match struct {
	spec sqlload.Spec
	// kept says which source columns are loaded; the others are left out.
	kept []bool
	// goals are the target columns of the kept ones, then those that Leat fills.
	goals []pgbinary.Target
	// text says which of them may travel as text, for the server to convert.
	text []bool
	// wishes are the types that the reader should cast to, by source column.
	wishes   map[string]string
	warnings []string
	// misfits are columns that no drift policy mends, as sentences with their fixes.
	misfits []problem
}

type problem struct{ message, fix string }

// matcher pairs one target's columns.
type matcher struct {
	s      *session
	d      dialect
	target connectors.Target
	schema record.Schema
	have   *existing
	names  map[string]string
	m      *match
}

// matchTarget pairs the columns of a source with those of a target by name. Its error
// says what cannot be loaded right and how to mend it.
func matchTarget(ctx context.Context, s *session, d dialect, target connectors.Target, name connectors.Table, schema record.Schema, have *existing) (*match, error) {
	m := &match{wishes: map[string]string{}, kept: make([]bool, len(schema.Columns))}
	m.spec = sqlload.Spec{Target: target, Table: name, Staging: "_leat_" + sqlload.Hash(16, target.StateKey)}
	// Rows can only be told apart at the database when they are not in the target yet.
	m.spec.ForceStaging = target.RejectLimit != 0
	if have != nil {
		m.spec.Existing, m.spec.Swap = &have.Existing, have.swap
	}
	b := &matcher{s: s, d: d, target: target, schema: schema, have: have, m: m}
	if target.Layout == connectors.LayoutRaw {
		return m, b.rawLayout()
	}
	if err := b.columns(ctx); err != nil {
		return nil, err
	}
	if err := b.metaColumns(); err != nil {
		return nil, err
	}
	b.keys()
	return m, b.verdict()
}

func (b *matcher) columns(ctx context.Context) error {
	names, err := sqlload.MapColumns(b.d, b.schema.Names(), b.m.spec.Existing.Names())
	if err != nil {
		return err
	}
	b.names = names
	for i, column := range b.schema.Columns {
		if b.have != nil && b.target.Mode == connectors.Delete && !slices.Contains(b.target.Unique, column.Name) {
			continue // only the key says what to delete
		}
		if err := b.column(ctx, i, column); err != nil {
			return err
		}
	}
	return nil
}

func (b *matcher) column(ctx context.Context, i int, column record.Column) error {
	name := b.names[column.Name]
	if b.have == nil {
		return b.newColumn(ctx, i, column, false)
	}
	have, ok := b.have.Column(name)
	switch {
	case !ok:
		return b.missing(ctx, i, column)
	case have.Generated:
		b.warn("The column %q of %s is computed by the database, so the source's values are left out", name, b.m.spec.Table)
		return nil
	}
	goal := b.have.target(name)
	f := fitColumn(column, b.target.SourceKind, goal, have.Type)
	if !f.ok {
		return b.misfit(ctx, i, column, have, goal)
	}
	b.keep(i, goal, f.text || goal.Enum || goal.OID >= firstOwnOID || b.target.SourceKind != Kind, sqlload.Field{Source: column.Name, Column: name, Type: have.Type, Fixed: have.IdentityAlways})
	return nil
}

func (b *matcher) keep(i int, goal pgbinary.Target, text bool, field sqlload.Field) {
	b.m.wishes[field.Source] = wishFor(goal)
	b.m.kept[i] = true
	b.m.goals = append(b.m.goals, goal)
	b.m.text = append(b.m.text, text)
	b.m.spec.Fields = append(b.m.spec.Fields, field)
}

// wishFor is the type that the reader should send: the target's own, or text where the
// type's number is this database's alone.
func wishFor(goal pgbinary.Target) string {
	if goal.Enum || goal.OID >= firstOwnOID {
		return "text"
	}
	return goal.Type.String()
}

// newColumn is a column that the load makes.
func (b *matcher) newColumn(ctx context.Context, i int, column record.Column, alter bool) error {
	typeName, goal, warning, err := columnType(ctx, b.s, column, b.target.SourceKind)
	if err != nil {
		return err
	}
	name := b.names[column.Name]
	if warning != "" {
		b.m.warnings = append(b.m.warnings, warning)
	}
	if name != column.Name {
		b.warn("The source column %q is called %q in %s, since its own name cannot be used", column.Name, name, b.m.spec.Table)
	}
	if alter {
		b.m.spec.Drift = append(b.m.spec.Drift, b.d.AddColumn(quoteTable(b.m.spec.Table), name, typeName))
	}
	goal.Name = name
	b.keep(i, goal, goal.OID >= firstOwnOID, sqlload.Field{Source: column.Name, Column: name, Type: typeName})
	return nil
}

// missing is a source column that the target lacks.
func (b *matcher) missing(ctx context.Context, i int, column record.Column) error {
	typeName, _, _, err := columnType(ctx, b.s, column, b.target.SourceKind)
	if err != nil {
		return err
	}
	alter := b.d.AddColumn(quoteTable(b.m.spec.Table), b.names[column.Name], typeName) + ";"
	switch b.target.Drift {
	case connectors.DriftRefuse:
		b.problem(alter, "the source has the new column %q", column.Name)
	case connectors.DriftAdd, connectors.DriftWiden:
		if !b.have.Owned {
			b.problem(alter, "the column %q is to be added, but only the owner of %s may do that", column.Name, b.m.spec.Table)
			return nil
		}
		return b.newColumn(ctx, i, column, true)
	default:
		b.warn("The source column %q is left out: %s does not have it. To load it: %s", column.Name, b.m.spec.Table, alter)
	}
	return nil
}

// misfit is a column whose values the target's column could change or lose.
func (b *matcher) misfit(ctx context.Context, i int, column record.Column, have sqlload.Column, goal pgbinary.Target) error {
	typeName, wider, _, err := columnType(ctx, b.s, column, b.target.SourceKind)
	if err != nil {
		return err
	}
	alter := b.d.WidenColumn(quoteTable(b.m.spec.Table), have.Name, typeName)
	widens := wider.Takes(pgbinary.Field{OID: goal.OID, Typmod: goal.Typmod}) || pgbinary.Widens(goal.Type, wider.Type)
	if b.target.Drift == connectors.DriftWiden && widens && b.have.Owned {
		b.m.spec.Drift = append(b.m.spec.Drift, alter)
		wider.Name = have.Name
		b.keep(i, wider, false, sqlload.Field{Source: column.Name, Column: have.Name, Type: typeName, Fixed: have.IdentityAlways})
		return nil
	}
	fix := alter + ";"
	if !widens {
		fix = fmt.Sprintf("Convert the column in a query at the source, or leave it out; to change the table instead: %s USING %q::%s;", alter, have.Name, typeName)
	}
	b.problem(fix, "the column %q is %s at the source and %s in %s, which cannot hold every value", column.Name, b.nativeOf(column), have.Type, b.m.spec.Table)
	return nil
}

func (b *matcher) nativeOf(column record.Column) string {
	if column.Native != "" {
		return column.Native
	}
	return record.TypeName(column.Type)
}

// metaColumns adds _loaded_at and _run_id.
func (b *matcher) metaColumns() error {
	for _, meta := range []struct {
		on       bool
		name     string
		typeName string
		oid      uint32
	}{{b.target.LoadedAt, sqlload.LoadedAt, "timestamp with time zone", pgbinary.OIDTimestamptz}, {b.target.RunID, sqlload.RunID, "text", pgbinary.OIDText}} {
		if !meta.on || b.target.Mode == connectors.Delete {
			continue
		}
		if b.schema.Index(meta.name) >= 0 {
			return &connectors.Error{
				Kind: connectors.Config, Message: fmt.Sprintf("the source has a column %q, which the load fills itself", meta.name),
				Fix: "Switch that column of the stream off, or leave the source's column out.",
			}
		}
		b.metaColumn(meta.name, meta.typeName, meta.oid)
	}
	return nil
}

func (b *matcher) metaColumn(name, typeName string, oid uint32) {
	if b.have != nil {
		have, ok := b.have.Column(name)
		alter := b.d.AddColumn(quoteTable(b.m.spec.Table), name, typeName)
		switch {
		case ok && b.have.target(name).OID != oid:
			b.problem("Rename that column, or switch it off for the stream.", "the column %q of %s is %s instead of %s", name, b.m.spec.Table, have.Type, typeName)
			return
		case !ok && b.target.Drift != connectors.DriftReport && b.target.Drift != "" && b.have.Owned:
			b.m.spec.Drift = append(b.m.spec.Drift, alter)
		case !ok:
			b.warn("The column %q is left out: %s does not have it. To load it: %s;", name, b.m.spec.Table, alter)
			return
		}
	}
	b.m.goals = append(b.m.goals, pgbinary.Target{Name: name, Type: pgbinary.Type{OID: oid, Typmod: -1}})
	b.m.text = append(b.m.text, false)
	b.m.spec.Fields = append(b.m.spec.Fields, sqlload.Field{Column: name, Type: typeName, Meta: true})
}

// keys renames key, cursor and hints to the target's names.
func (b *matcher) keys() {
	rename := func(names []string) []string {
		out := make([]string, len(names))
		for i, name := range names {
			out[i] = name
			if mapped, ok := b.names[name]; ok {
				out[i] = mapped
			}
		}
		return out
	}
	spec := &b.m.spec
	spec.Unique = rename(b.target.Unique)
	for _, hint := range b.target.UniqueHints {
		spec.UniqueHints = append(spec.UniqueHints, rename(hint))
	}
	if b.target.Cursor == "" || b.target.Cursor == connectors.CursorXmin {
		return
	}
	spec.Cursor = rename([]string{b.target.Cursor})[0]
	if column, ok := b.schema.Column(b.target.Cursor); ok {
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
		if !column.NotNull || column.Default || column.Generated || b.loaded(column.Name) || b.target.Mode == connectors.History && (column.Name == sqlload.ValidFrom || column.Name == sqlload.ValidTo) {
			continue
		}
		b.problem(fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %q SET DEFAULT ...; or ... DROP NOT NULL;", quoteTable(b.m.spec.Table), column.Name),
			"the column %q must not be NULL, has no default, and the source does not bring it", column.Name)
	}
}

func (b *matcher) loaded(column string) bool {
	return slices.ContainsFunc(b.m.spec.Fields, func(f sqlload.Field) bool { return f.Column == column })
}

func (b *matcher) warn(format string, args ...any) {
	b.m.warnings = append(b.m.warnings, fmt.Sprintf(format, args...))
}

func (b *matcher) problem(fix, format string, args ...any) {
	b.m.misfits = append(b.m.misfits, problem{message: fmt.Sprintf(format, args...), fix: fix})
}

// rawLayout is the fixed shape of one JSON document per row.
func (b *matcher) rawLayout() error {
	if b.target.Mode != connectors.Insert && b.target.Mode != connectors.TruncateInsert {
		return &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf("the raw layout does not offer %s", b.target.Mode), Fix: "Use insert or truncate_insert."}
	}
	for i := range b.m.kept {
		b.m.kept[i] = true
	}
	for _, column := range []struct {
		name, typeName string
		oid            uint32
	}{{sqlload.RawID, "character varying", pgbinary.OIDVarchar}, {sqlload.RawEmitted, "timestamp with time zone", pgbinary.OIDTimestamptz}, {sqlload.RawData, "jsonb", pgbinary.OIDJSONB}} {
		if b.have != nil {
			if have, ok := b.have.Column(column.name); !ok || b.have.target(column.name).OID != column.oid {
				b.problem("Load into another table, or use the layout columns.", "the raw layout needs the column %q of type %s, and there is %s", column.name, column.typeName, orNone(have.Type))
				continue
			}
		}
		b.m.goals = append(b.m.goals, pgbinary.Target{Name: column.name, Type: pgbinary.Type{OID: column.oid, Typmod: -1}})
		b.m.text = append(b.m.text, false)
		b.m.spec.Fields = append(b.m.spec.Fields, sqlload.Field{Source: column.name, Column: column.name, Type: column.typeName})
	}
	return b.verdict()
}

func orNone(typeName string) string {
	if typeName == "" {
		return "none"
	}
	return typeName
}
