package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/internal/duck"
	"leat/record"
)

// Datasets lists tables and views, without Leat's own.
func (c *connection) Datasets(ctx context.Context) ([]connectors.DatasetInfo, error) {
	h, err := c.acquire(ctx, c.flow, reading)
	if err != nil {
		return nil, err
	}
	defer h.release() //nolint:errcheck // only read
	rows, err := h.conn.Values(ctx, `SELECT schema_name, table_name, 'table', estimated_size FROM duckdb_tables()
		WHERE NOT internal AND NOT temporary AND database_name = current_database() AND table_name NOT IN ($1, $2)
		UNION ALL SELECT schema_name, view_name, 'view', -1 FROM duckdb_views()
		WHERE NOT internal AND NOT temporary AND database_name = current_database() ORDER BY 1, 2`, sqlload.StateTable, sqlload.LoadsTable)
	if err != nil {
		return nil, mapError(err, "list the tables")
	}
	keys, _, err := tableKeys(ctx, h.conn, "true")
	if err != nil {
		return nil, mapError(err, "list the keys of the tables")
	}
	infos := make([]connectors.DatasetInfo, len(rows))
	for i, row := range rows {
		infos[i] = connectors.DatasetInfo{Schema: row[0].(string), Name: row[1].(string), Kind: row[2].(string), EstimatedRows: row[3].(int64), Bytes: -1}
		infos[i].Key = keys[connectors.Table{Schema: infos[i].Schema, Name: infos[i].Name}]
	}
	return infos, nil
}

// Describe returns the columns, the primary key and the columns that can be a cursor.
func (c *connection) Describe(ctx context.Context, dataset connectors.Dataset) (connectors.Description, error) {
	h, err := c.acquire(ctx, c.flow, reading)
	if err != nil {
		return connectors.Description{}, err
	}
	defer h.release() //nolint:errcheck // only read
	r, err := findRelation(ctx, h.conn, dataset)
	if err != nil {
		return connectors.Description{}, err
	}
	description := connectors.Description{Schema: r.schema(), Cursors: r.cursors(), EstimatedRows: r.estimate}
	for _, column := range r.columns {
		if column.Note != "" && column.Cast == "VARCHAR" {
			description.Warnings = append(description.Warnings, fmt.Sprintf("The column %q has the type %s, which travels as text.", column.Name, column.Native))
		}
	}
	return description, nil
}

// relation is what a dataset reads from.
type relation struct {
	dataset connectors.Dataset
	// from stands behind FROM.
	from     string
	columns  []duck.Column
	key      []string
	estimate int64
	// placed says that its rows have row ids: it is a table, and no column is called so.
	placed bool
}

// findRelation looks a table or a query up.
func findRelation(ctx context.Context, conn *duck.Conn, dataset connectors.Dataset) (relation, error) {
	if dataset.Query != "" {
		return queryRelation(ctx, conn, dataset)
	}
	if dataset.Schema == "" {
		dataset.Schema = defaultSchema
	}
	r := relation{dataset: dataset, from: duck.Quote(dataset.Schema) + "." + duck.Quote(dataset.Name)}
	rows, err := conn.Values(ctx, `SELECT estimated_size, true FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = $1 AND table_name = $2
		UNION ALL SELECT -1, false FROM duckdb_views() WHERE database_name = current_database() AND schema_name = $1 AND view_name = $2`, dataset.Schema, dataset.Name)
	if err != nil {
		return r, mapError(err, "look up "+dataset.String())
	}
	if len(rows) == 0 {
		return r, notFound(dataset)
	}
	r.estimate = rows[0][0].(int64)
	if r.columns, err = conn.Describe(ctx, "SELECT * FROM "+r.from); err != nil {
		return r, mapError(err, "describe "+dataset.String())
	}
	r.placed = rows[0][1].(bool) && !slices.ContainsFunc(r.columns, func(c duck.Column) bool { return strings.EqualFold(c.Name, "rowid") })
	return r, r.readConstraints(ctx, conn)
}

func queryRelation(ctx context.Context, conn *duck.Conn, dataset connectors.Dataset) (relation, error) {
	query, err := conn.Select(dataset.Query)
	if err != nil {
		return relation{}, mapError(err, "read the query")
	}
	r := relation{dataset: dataset, from: "(" + query + "\n)", estimate: -1}
	if r.columns, err = conn.Describe(ctx, query); err != nil {
		return r, queryError(err)
	}
	for i, column := range r.columns {
		if slices.ContainsFunc(r.columns[:i], func(other duck.Column) bool { return strings.EqualFold(other.Name, column.Name) }) {
			return r, &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf("the query has two columns named %q", column.Name), Fix: "Rename one with AS."}
		}
	}
	return r, nil
}

// readConstraints reads the key and which columns are never NULL.
func (r *relation) readConstraints(ctx context.Context, conn *duck.Conn) error {
	keys, never, err := tableKeys(ctx, conn, "schema_name = $1 AND table_name = $2", r.dataset.Schema, r.dataset.Name)
	if err != nil {
		return mapError(err, "look up the keys of "+r.dataset.String())
	}
	table := connectors.Table{Schema: r.dataset.Schema, Name: r.dataset.Name}
	r.key = keys[table]
	for i := range r.columns {
		if slices.Contains(never[table], r.columns[i].Name) {
			r.columns[i].Nullable = false
		}
	}
	return nil
}

func (r *relation) schema() record.Schema {
	schema := record.Schema{Key: r.key, Columns: make([]record.Column, len(r.columns))}
	for i, column := range r.columns {
		schema.Columns[i] = column.Column
	}
	return schema
}

// pick narrows the relation to the named columns, in their order.
func (r *relation) pick(names []string) error {
	if len(names) == 0 {
		return nil
	}
	picked := make([]duck.Column, 0, len(names))
	for _, name := range names {
		column, err := r.column(name)
		if err != nil {
			return err
		}
		picked = append(picked, column)
	}
	r.columns = picked
	return nil
}

func (r *relation) column(name string) (duck.Column, error) {
	i := slices.IndexFunc(r.columns, func(c duck.Column) bool { return c.Name == name })
	if i < 0 {
		return duck.Column{}, &connectors.Error{
			Kind: connectors.NotFound, Message: fmt.Sprintf("there is no column %q in %s", name, r.dataset),
			Fix: "Choose one of its columns.",
		}
	}
	return r.columns[i], nil
}

// cursors lists times first, then whole numbers.
func (r *relation) cursors() []string {
	var times, numbers []string
	for _, column := range r.columns {
		switch {
		case column.Cast != "":
		case column.Type.ID() == arrow.TIMESTAMP || column.Type.ID() == arrow.DATE32:
			times = append(times, column.Name)
		case column.Type.ID() == arrow.INT64 || column.Type.ID() == arrow.INT32:
			numbers = append(numbers, column.Name)
		}
	}
	return append(times, numbers...)
}
