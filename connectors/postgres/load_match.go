package postgres

import (
	"context"
	"fmt"

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
	// goals are the target columns of the kept ones; none in the raw layout.
	goals []goal
	// wishes are the types that the reader should cast to, by source column.
	wishes   map[string]string
	warnings []string
	// checked are sentences for plans about columns whose every value is checked.
	checked []string
}

// goal is a target column; text says that values may travel as text, for the server to
// convert. A narrow one holds not every value of the source's type, which is Target.From,
// so that each is checked here: the server must not see another.
type goal struct {
	pgbinary.Target
	text, narrow bool
}

// own says that the type's number is this database's alone.
func (g goal) own() bool { return g.OID >= firstOwnOID }

// wish is the type that the reader should send: the target's own, or text where the
// type's number is this database's alone. Values that are to be checked must come as they
// are.
func (g goal) wish() string {
	switch {
	case g.Enum || g.own():
		return "text"
	case g.narrow:
		return g.From.String()
	default:
		return g.Type.String()
	}
}

// matchTarget pairs the columns of a source with those of a target by name. Its error
// says what cannot be loaded right and how to mend it.
func matchTarget(ctx context.Context, s *session, d dialect, target connectors.Target, name connectors.Table, schema record.Schema, have *existing) (*match, error) {
	types := &columns{s: s, kind: target.SourceKind, have: have, goals: map[string]goal{}}
	p := sqlload.Pairing{
		Dialect: d, Types: types, Target: target, Table: name, Schema: schema,
		Nullable: "SET DEFAULT ...; or ... DROP NOT NULL;",
	}
	if have != nil {
		p.Existing = &have.Existing
	}
	paired, err := pair(ctx, p)
	if paired == nil {
		return nil, err
	}
	m := &match{spec: paired.Spec, warnings: paired.Warnings, checked: paired.Checked, wishes: map[string]string{}, kept: make([]bool, len(schema.Columns))}
	// Rows can only be told apart at the database when they are not in the target yet.
	m.spec.ForceStaging = target.RejectLimit != 0
	if have != nil {
		m.spec.Swap = have.swap
	}
	if target.Cursor == connectors.CursorXmin { // no column
		m.spec.Cursor, m.spec.CursorIsTime = "", false
	}
	for _, i := range paired.Kept {
		m.kept[i] = true
	}
	for _, field := range m.spec.Fields {
		if g, ok := types.goals[field.Source]; ok {
			g.Name = field.Column
			m.goals, m.wishes[field.Source] = append(m.goals, g), g.wish()
		}
	}
	return m, err
}

func pair(ctx context.Context, p sqlload.Pairing) (m *sqlload.Match, err error) {
	if p.Target.Layout == connectors.LayoutRaw {
		return p.MatchRaw("character varying", "timestamp with time zone", "jsonb")
	}
	if p.Names, err = sqlload.MapColumns(p.Dialect, p.Schema.Names(), p.Existing.Names()); err != nil {
		return nil, err
	}
	return p.Match(ctx)
}

// columns knows which of this database's types hold the columns of a source.
type columns struct {
	s    *session
	kind string
	have *existing
	// goals are the ones that were found last, by source column.
	goals map[string]goal
}

func (c *columns) Make(ctx context.Context, column record.Column) (sqlload.Made, error) {
	typeName, target, warning, err := columnType(ctx, c.s, column, c.kind)
	g := goal{Target: target}
	g.text = g.own()
	c.goals[column.Name] = g
	return sqlload.Made{Type: typeName, Warning: warning}, err
}

// Fit leaves open what is staged as text, which the layout of the batches decides.
func (c *columns) Fit(column record.Column, have sqlload.Column) (ok, text bool) {
	g := goal{Target: c.have.target(have.Name)}
	f := fitColumn(column, c.kind, g.Target, have.Type)
	g.text = f.text || g.Enum || g.own() || c.kind != Kind
	c.goals[column.Name] = g
	return f.ok, false
}

func (c *columns) Widen(ctx context.Context, column record.Column, have sqlload.Column) (sqlload.Made, bool, error) {
	made, err := c.Make(ctx, column)
	narrow, wider := c.have.target(have.Name), c.goals[column.Name].Target
	c.goals[column.Name] = goal{Target: wider}
	return made, wider.Takes(pgbinary.Field{OID: narrow.OID, Typmod: narrow.Typmod}) || pgbinary.Widens(narrow.Type, wider.Type), err
}

func (c *columns) Narrow(column record.Column, have sqlload.Column) bool {
	g := goal{Target: c.have.target(have.Name), narrow: true}
	from, ok := checkedType(column, c.kind, g.Target)
	g.From = from
	c.goals[column.Name] = g
	return ok
}

func (c *columns) Is(have sqlload.Column, typeName string) bool {
	t, ok := pgbinary.ParseType(typeName)
	return ok && c.have.target(have.Name).OID == t.OID
}

func (c *columns) Mend(alter string, have sqlload.Column, made sqlload.Made, widens bool) string {
	if widens {
		return alter + ";"
	}
	return fmt.Sprintf("Convert the column in a query at the source, or leave it out; to change the table instead: %s USING %q::%s;", alter, have.Name, made.Type)
}
