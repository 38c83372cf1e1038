package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/record/pgbinary"
)

// plan is how one selection is read.
type plan struct {
	relation  relation
	selection connectors.Selection
	layout    *pgbinary.Layout
	columns   []string // what stands behind SELECT, casts included
	window    window   // of an incremental read
	parts     int
}

// statement is one SELECT with its parameters, as text for the types given.
type statement struct {
	sql    string
	values [][]byte
	oids   []uint32
}

// statement selects all rows of the plan.
func (p *plan) statement() statement { return p.statementWhere("") }

// statementWhere adds one more condition of constant text.
func (p *plan) statementWhere(condition string) statement {
	conditions := []string{}
	if p.window.condition != "" {
		conditions = append(conditions, "("+p.window.condition+")")
	}
	if condition != "" {
		conditions = append(conditions, condition)
	}
	sql := "SELECT " + strings.Join(p.columns, ", ") + " FROM " + p.relation.from
	if len(conditions) > 0 {
		sql += " WHERE " + strings.Join(conditions, " AND ")
	}
	if p.selection.Limit > 0 {
		sql += fmt.Sprintf(" LIMIT %d", p.selection.Limit)
	}
	return statement{sql: sql, values: p.window.values, oids: p.window.oids}
}

// positionAfter is the position to store when that many rows were read.
func (p *plan) positionAfter(rows int64) connectors.Position {
	if p.selection.Cursor == "" {
		return ""
	}
	if rows == 0 && p.selection.Position != "" {
		return p.selection.Position
	}
	return p.window.next
}

// planner plans selections inside one snapshot.
type planner struct {
	conn *pgx.Conn
	user string
	want connectors.Want
}

func (p planner) plan(ctx context.Context, index int, selection connectors.Selection) (plan, error) {
	relation, err := find(ctx, p.conn, selection.Dataset, p.user)
	if err != nil {
		return plan{}, err
	}
	out := plan{relation: relation, selection: selection}
	defer p.searchPath(ctx, searchPathOfOurs) //nolint:errcheck // the next statement of a broken session fails anyway
	fields, err := p.fields(ctx, relation, selection)
	if err != nil {
		return plan{}, err
	}
	out.layout, out.columns = p.project(index, fields)
	if out.window, err = p.window(ctx, relation, selection); err != nil {
		return plan{}, err
	}
	out.parts = p.parts(out)
	return out, nil
}

// fields describes what is read, and leaves the search path of the role behind: what is
// asked of rows from here on may run functions of users. The names of a table need no path.
func (p planner) fields(ctx context.Context, r relation, s connectors.Selection) ([]field, error) {
	if r.isQuery() {
		if err := p.searchPath(ctx, searchPathOfRole); err != nil {
			return nil, err
		}
		return fieldsOf(ctx, p.conn, r, s.Columns, p.user)
	}
	found, err := fieldsOf(ctx, p.conn, r, s.Columns, p.user)
	if err != nil {
		return nil, err
	}
	return found, p.searchPath(ctx, searchPathOfRole)
}

func (p planner) searchPath(ctx context.Context, statement string) error {
	_, err := p.conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol)
	return pgwire.MapError(ctx, err, pgwire.Attempt{Doing: "set the search path", User: p.user})
}

// project decides per column how it travels: untouched, widened to what the load wants,
// or as text.
func (p planner) project(index int, fields []field) (*pgbinary.Layout, []string) {
	layout := &pgbinary.Layout{Fields: make([]pgbinary.Field, len(fields)), Schema: schemaOf(fields)}
	columns := make([]string, len(fields))
	for i, f := range fields {
		columns[i] = pgwire.Quote(f.name)
		to := p.travelsAs(f, p.wish(index, f.name))
		if to != f.typ {
			columns[i] = cast(columns[i], f.typ, to) + " AS " + columns[i]
		}
		layout.Fields[i] = pgbinary.Field{Name: f.name, OID: to.OID, Typmod: to.Typmod}
		layout.Schema.Columns[i].Type, _ = to.Logical()
	}
	return layout, columns
}

// cast names types and functions so that no search path can change their meaning.
func cast(column string, from, to pgbinary.Type) string {
	switch {
	case to.OID != pgbinary.OIDText:
		return column + "::" + typeName(to)
	case from.OID == pgbinary.OIDInet: // its cast adds a prefix length that its output has not
		return "pg_catalog.textin(pg_catalog.inet_out(" + column + "))"
	default:
		return column + "::pg_catalog.text"
	}
}

// wish is the built-in type that the load wants for a column; false when it has none.
func (p planner) wish(index int, column string) wish {
	if p.want.System != Kind || index >= len(p.want.Targets) {
		return wish{}
	}
	native, ok := p.want.Targets[index][column]
	if !ok {
		return wish{}
	}
	t, builtin := pgbinary.ParseType(native)
	return wish{typ: t, builtin: builtin, native: native, given: true}
}

// wish is what a load wants for one column.
type wish struct {
	typ            pgbinary.Type
	native         string
	given, builtin bool
}

// travelsAs picks the type in which a column leaves the server.
//
//   - A type that belongs to this database alone travels as text: its object id, and
//     the ones inside arrays, composites and ranges, mean nothing elsewhere. So do the
//     few whose binary form servers do not always take.
//   - To a load that takes binary tuples, a built-in type travels as it is, or widened
//     to what the load wants.
//   - A type without a logical type of its own travels as text where this program
//     cannot print it, or where the load wants something else.
func (p planner) travelsAs(f field, w wish) pgbinary.Type {
	text := pgbinary.Type{OID: pgbinary.OIDText, Typmod: -1}
	if !f.typ.Copies() || p.changesSpans(f.typ) {
		return text
	}
	binary := slices.Contains(p.want.Layouts, pgbinary.Name)
	switch {
	case binary && w.builtin && w.typ.OID == f.typ.OID:
		return f.typ
	case binary && w.builtin && pgbinary.Widens(f.typ, w.typ):
		return w.typ
	case travelsAsText(f.typ) && (!pgbinary.HasText(f.typ.OID) || binary && w.given):
		return text
	default:
		return f.typ
	}
}

// changesSpans tells whether an endless interval would become another one: a server that
// knows infinity sends it to one that does not.
func (p planner) changesSpans(t pgbinary.Type) bool {
	if element, ok := t.Element(); ok {
		t = element
	}
	return t.OID == pgbinary.OIDInterval && p.want.Version < pgwire.SinceEndlessSpans && pgwire.ServerVersion(p.conn.PgConn()) >= pgwire.SinceEndlessSpans
}

// travelsAsText tells the types whose logical type is text although their binary form
// is not.
func travelsAsText(t pgbinary.Type) bool {
	if t.OID == pgbinary.OIDText || t.OID == pgbinary.OIDVarchar || t.OID == pgbinary.OIDBpchar || t.OID == pgbinary.OIDName {
		return false
	}
	logical, _ := t.Logical()
	return isText(logical)
}
