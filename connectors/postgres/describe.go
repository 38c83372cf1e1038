package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/record"
	"leat/record/pgbinary"
)

// attribute is what the catalogue says about a table's column.
type attribute struct {
	name      string
	notNull   bool
	domain    string // the domain's name; empty when the type is none
	generated bool
	identity  bool // identity or a default from a sequence: values grow
	readable  bool
}

// The catalogue has no word for "grows": identity columns and defaults by nextval do.
const attributesSQL = `
SELECT a.attname, a.attnotnull OR (t.typtype = 'd' AND t.typnotnull),
       CASE WHEN t.typtype = 'd' THEN format_type(a.atttypid, NULL) ELSE '' END,
       %s, a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%', false),
       has_column_privilege(a.attrelid, a.attnum, 'SELECT')
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum`

// Describe returns columns, key and cursor candidates of a table, view or query. The
// statement is prepared, never run.
func (c *connection) Describe(ctx context.Context, dataset connectors.Dataset) (connectors.Description, error) {
	r, err := find(ctx, c.session, dataset, c.config.User)
	if err != nil {
		return connectors.Description{}, err
	}
	if r.isQuery() {
		return c.describeQuery(ctx, r)
	}
	attributes, err := c.attributes(ctx, r)
	if err != nil {
		return connectors.Description{}, err
	}
	d := connectors.Description{EstimatedRows: r.rows}
	var names, hidden []string
	for _, a := range attributes {
		if a.readable {
			names = append(names, a.name)
		} else {
			hidden = append(hidden, a.name)
		}
	}
	fields, err := fieldsOf(ctx, c.session, r, names, c.config.User)
	if err != nil {
		return connectors.Description{}, err
	}
	d.Schema = schemaOf(fields)
	if d.Schema.Key, err = c.key(ctx, r); err != nil {
		return connectors.Description{}, err
	}
	d.Schema.KeyLoose = r.family // each table has an index of its own
	annotate(&d.Schema, attributes)
	if len(hidden) > 0 {
		d.Warnings = append(d.Warnings, fmt.Sprintf("The columns %s are left out: user %q may not read them.", strings.Join(hidden, ", "), c.config.User))
	}
	d.Warnings = append(d.Warnings, typeWarnings(d.Schema)...)
	d.Cursors = cursorCandidates(fields, attributes, d.Schema.Key, r.kind)
	return d, nil
}

func (c *connection) describeQuery(ctx context.Context, r relation) (connectors.Description, error) {
	tx, err := beginQuery(ctx, c.session)
	if err != nil {
		return connectors.Description{}, c.mapError(ctx, err, "begin a transaction")
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	fields, err := fieldsOf(ctx, c.session, r, nil, c.config.User)
	if err != nil {
		return connectors.Description{}, err
	}
	schema := schemaOf(fields)
	return connectors.Description{
		Schema: schema, EstimatedRows: -1, Warnings: typeWarnings(schema), Cursors: cursorCandidates(fields, nil, nil, ""),
	}, nil
}

// beginQuery begins a read-only transaction in which names without a schema mean what
// they mean to this user everywhere else.
func beginQuery(ctx context.Context, conn *pgx.Conn) (pgx.Tx, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, searchPathOfRole, pgx.QueryExecModeSimpleProtocol)
	return tx, err
}

func (c *connection) attributes(ctx context.Context, r relation) ([]attribute, error) {
	generated := "a.attgenerated <> ''"
	if pgwire.ServerVersion(c.session.PgConn()) < pgwire.SinceGenerated {
		generated = "false"
	}
	rows, err := c.session.Query(ctx, fmt.Sprintf(attributesSQL, generated), r.oid)
	if err != nil {
		return nil, pgwire.MapError(ctx, err, r.attempt(c.config.User))
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a attribute, err error) {
		err = row.Scan(&a.name, &a.notNull, &a.domain, &a.generated, &a.identity, &a.readable)
		return a, err
	})
	return found, pgwire.MapError(ctx, err, r.attempt(c.config.User))
}

// annotate adds to the schema what only the catalogue knows.
func annotate(schema *record.Schema, attributes []attribute) {
	for _, a := range attributes {
		i := schema.Index(a.name)
		if i < 0 {
			continue
		}
		column := &schema.Columns[i]
		column.Nullable = !a.notNull
		if a.domain != "" {
			column.Note = joinNotes("domain "+a.domain, column.Note)
		}
		if a.generated {
			column.Note = joinNotes("generated column", column.Note)
		}
	}
}

func joinNotes(first, second string) string {
	if second == "" {
		return first
	}
	return first + "; " + second
}

// typeWarnings names the columns whose type belongs to this database alone.
func typeWarnings(schema record.Schema) []string {
	var names []string
	for _, column := range schema.Columns {
		if _, builtin := pgbinary.ParseType(column.Native); !builtin {
			names = append(names, fmt.Sprintf("%s (%s)", column.Name, column.Native))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{"These columns have a type of this database and travel as text: " + strings.Join(names, ", ") + "."}
}

// updatedNames are usual names of columns that a change of the row moves forward.
var updatedNames = []string{
	"updated_at", "modified_at", "changed_at", "last_updated", "last_modified", "last_update", "lastmodified", "updated",
	"modified", "updatedat", "modifiedat", "update_time", "updated_on", "modified_on", "last_changed", "row_updated_at",
}

// cursorCandidates orders the columns that can serve as cursor: times of change, other
// times, growing numbers, and the row version where the table has one.
func cursorCandidates(fields []field, attributes []attribute, key []string, kind string) []string {
	var changed, times, numbers []string
	for _, f := range fields {
		name := strings.ToLower(f.name)
		switch f.typ.OID {
		case pgbinary.OIDTimestamp, pgbinary.OIDTimestamptz:
			if slices.Contains(updatedNames, name) {
				changed = append(changed, f.name)
			} else {
				times = append(times, f.name)
			}
		case pgbinary.OIDDate:
			times = append(times, f.name)
		case pgbinary.OIDInt2, pgbinary.OIDInt4, pgbinary.OIDInt8:
			grows := slices.ContainsFunc(attributes, func(a attribute) bool { return a.name == f.name && a.identity })
			if grows || len(key) == 1 && key[0] == f.name {
				numbers = append(numbers, f.name)
			}
		}
	}
	candidates := slices.Concat(changed, times, numbers)
	if kind == "r" {
		candidates = append(candidates, connectors.CursorXmin)
	}
	return candidates
}
