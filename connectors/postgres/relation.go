package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/internal/sqltext"
	"leat/record"
	"leat/record/pgbinary"
)

// relation is what can be read: a table or view, or a query in parentheses.
type relation struct {
	dataset connectors.Dataset
	from    string // what stands behind FROM
	oid     uint32 // 0 for a query
	kind    string // relkind; empty for a query
	rows    int64  // estimate, -1 when unknown
	pages   int64  // blocks of a heap table, 0 for everything else
	// family says that rows of tables which inherit from it are read as well.
	family bool
	query  sqltext.Query // of a query
}

// isQuery tells queries from tables.
func (r relation) isQuery() bool { return r.dataset.Query != "" }

// attempt is for messages about the relation.
func (r relation) attempt(user string) pgwire.Attempt {
	return pgwire.Attempt{
		Doing: "read " + r.dataset.String(), User: user, Rights: "SELECT",
		Table: connectors.Table{Schema: r.dataset.Schema, Name: r.dataset.Name},
	}
}

// find looks a dataset up.
func find(ctx context.Context, conn *pgx.Conn, dataset connectors.Dataset, user string) (relation, error) {
	if err := requireReadable(pgwire.ServerVersion(conn.PgConn())); err != nil {
		return relation{}, err
	}
	if dataset.Query != "" {
		return findQuery(dataset)
	}
	r := relation{dataset: dataset, from: pgx.Identifier{dataset.Schema, dataset.Name}.Sanitize()}
	err := conn.QueryRow(ctx, `
		SELECT c.oid, c.relkind::text, `+estimatedRows+`,
		       CASE WHEN c.relkind IN ('r', 'm') AND c.relam = 2 THEN pg_relation_size(c.oid) / current_setting('block_size')::bigint ELSE 0 END,
		       c.relkind = 'r' AND EXISTS (`+childrenSQL+` AND h.inhparent = c.oid)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'v', 'm', 'f', 'p')`,
		dataset.Schema, dataset.Name).Scan(&r.oid, &r.kind, &r.rows, &r.pages, &r.family)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, &connectors.Error{
			Kind: connectors.NotFound, Cause: err, Message: fmt.Sprintf("there is no table or view %s", dataset),
			Fix: "Check the spelling of schema and table, including upper and lower case.",
		}
	}
	if err == nil && r.family {
		err = r.gather(ctx, conn)
	}
	return r, pgwire.MapError(ctx, err, r.attempt(user))
}

// field is one column as the server describes it.
type field struct {
	name   string
	typ    pgbinary.Type // domains are resolved to their base type
	native string        // format_type; of the base type for a domain
}

// describeFields asks the server for the columns of a statement without running it.
// The extended protocol takes one statement only, so text that holds two is refused.
func describeFields(ctx context.Context, conn *pgx.Conn, sql string) ([]field, error) {
	description, err := conn.PgConn().Prepare(ctx, "", sql, nil)
	if err != nil {
		return nil, err
	}
	fields := make([]field, len(description.Fields))
	for i, f := range description.Fields {
		fields[i] = field{name: f.Name, typ: pgbinary.Type{OID: f.DataTypeOID, Typmod: f.TypeModifier}}
	}
	return fields, nameTypes(ctx, conn, fields)
}

// nameTypes fills in the native types. Built-in ones are known; the names of all others
// come from the server.
func nameTypes(ctx context.Context, conn *pgx.Conn, fields []field) error {
	var oids []uint32
	var typmods []int32
	for i := range fields {
		if fields[i].native = fields[i].typ.String(); !strings.HasPrefix(fields[i].native, "type ") {
			continue
		}
		oids, typmods = append(oids, fields[i].typ.OID), append(typmods, fields[i].typ.Typmod)
	}
	if len(oids) == 0 {
		return nil
	}
	rows, err := conn.Query(ctx, `SELECT o, format_type(o, m) FROM unnest($1::oid[], $2::int4[]) AS t(o, m)`, oids, typmods)
	if err != nil {
		return err
	}
	var oid uint32
	var name string
	names := map[uint32]string{}
	if _, err := pgx.ForEachRow(rows, []any{&oid, &name}, func() error { names[oid] = name; return nil }); err != nil {
		return err
	}
	for i := range fields {
		if name, ok := names[fields[i].typ.OID]; ok {
			fields[i].native = name
		}
	}
	return nil
}

// fieldsOf describes the columns of a relation: the named ones, or all. Names that
// stand twice cannot be told apart and are refused.
func fieldsOf(ctx context.Context, conn *pgx.Conn, r relation, columns []string, user string) ([]field, error) {
	if r.isQuery() {
		if err := r.checkQuery(ctx, conn); err != nil {
			return nil, err
		}
	}
	fields, err := describeFields(ctx, conn, "SELECT "+columnList(columns)+" FROM "+r.from)
	if err != nil && r.isQuery() {
		return nil, r.bracketError(ctx, err)
	}
	if err != nil {
		return nil, pgwire.MapError(ctx, err, r.attempt(user))
	}
	if len(fields) == 0 {
		return nil, &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf("%s has no columns", r.dataset), Fix: "Select at least one column."}
	}
	seen := map[string]bool{}
	for _, f := range fields {
		if seen[f.name] {
			return nil, &connectors.Error{
				Kind: connectors.Config, Message: fmt.Sprintf("two columns of the %s are named %q", r.dataset, f.name),
				Fix: "Give each column a name of its own with AS.",
			}
		}
		seen[f.name] = true
	}
	return fields, nil
}

func columnList(columns []string) string {
	if len(columns) == 0 {
		return "*"
	}
	quoted := make([]string, len(columns))
	for i, name := range columns {
		quoted[i] = pgwire.Quote(name)
	}
	return strings.Join(quoted, ", ")
}

// schemaOf makes the logical schema of fields.
func schemaOf(fields []field) record.Schema {
	schema := record.Schema{Columns: make([]record.Column, len(fields))}
	for i, f := range fields {
		logical, note := f.typ.Logical()
		schema.Columns[i] = record.Column{Name: f.name, Type: logical, Nullable: true, Native: f.native, Note: note, Number: isText(logical) && f.typ.OID == pgbinary.OIDNumeric}
	}
	return schema
}
