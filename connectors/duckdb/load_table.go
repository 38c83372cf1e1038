package duckdb

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/internal/duck"
)

// findTable reads the table; nil when there is none. Names count without case, as they
// do in DuckDB. Views are refused.
func findTable(ctx context.Context, s session, name connectors.Table) (*sqlload.Existing, error) {
	s = s.about("look at " + name.String())
	rows, err := s.Query(ctx, `SELECT 'table', sql FROM duckdb_tables() WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND lower(table_name) = lower($2)
		UNION ALL SELECT 'view', '' FROM duckdb_views() WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND lower(view_name) = lower($2)`, name.Schema, name.Name)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	if rows[0][0].Text == "view" {
		return nil, &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf("%s is a view, which cannot be loaded", name), Fix: "Choose another table name."}
	}
	e := &sqlload.Existing{Owned: true}
	for _, part := range []func() error{
		func() error { return readColumns(ctx, s, name, rows[0][1].Text, e) },
		func() error { return readConstraints(ctx, s, name, e) },
		func() error { return readFilled(ctx, s, name, e) },
	} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// readColumns reads the columns; the table's own statement tells computed ones.
func readColumns(ctx context.Context, s session, name connectors.Table, create string, e *sqlload.Existing) error {
	rows, err := s.Query(ctx, `SELECT column_name, data_type, NOT is_nullable, column_default IS NOT NULL FROM duckdb_columns()
		WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND lower(table_name) = lower($2) ORDER BY column_index`, name.Schema, name.Name)
	if err != nil {
		return err
	}
	for _, row := range rows {
		column := sqlload.Column{Name: row[0].Text, Type: row[1].Text, NotNull: row[2].Bool(), Default: row[3].Bool()}
		computed := " " + column.Type + " GENERATED ALWAYS AS"
		column.Generated = column.Default && (strings.Contains(create, column.Name+computed) || strings.Contains(create, duck.Quote(column.Name)+computed))
		column.Collation = collationOf(create, column.Name)
		e.Columns = append(e.Columns, column)
		if (dialect{}).SystemColumn(column.Name) {
			return &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf("%s has a column rowid, which hides the places of its rows", name), Fix: "Rename that column."}
		}
	}
	return nil
}

// collation is how a table's own statement tells the collation of a column of texts.
var collation = regexp.MustCompile(`^ VARCHAR COLLATE ([A-Za-z_.]+)`)

// collationOf is the collation of a column, which the catalogue does not have.
func collationOf(create, column string) string {
	for _, name := range []string{duck.Quote(column), column} {
		for rest := create; ; {
			_, behind, found := strings.Cut(rest, name)
			if !found {
				break
			}
			if match := collation.FindStringSubmatch(behind); match != nil {
				return match[1]
			}
			rest = behind
		}
	}
	return ""
}

// readConstraints reads unique keys and foreign keys of other tables.
func readConstraints(ctx context.Context, s session, name connectors.Table, e *sqlload.Existing) error {
	rows, err := s.Query(ctx, `SELECT constraint_index, unnest(constraint_column_names) FROM duckdb_constraints()
		WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND lower(table_name) = lower($2)
		AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') ORDER BY constraint_type, constraint_index`, name.Schema, name.Name)
	if err != nil {
		return err
	}
	last := ""
	for i, row := range rows {
		if i == 0 || row[0].Text != last {
			e.Unique, last = append(e.Unique, nil), row[0].Text
		}
		e.Unique[len(e.Unique)-1] = append(e.Unique[len(e.Unique)-1], row[1].Text)
	}
	rows, err = s.Query(ctx, `SELECT table_name FROM duckdb_constraints() WHERE database_name = current_database() AND lower(schema_name) = lower($1)
		AND constraint_type = 'FOREIGN KEY' AND lower(referenced_table) = lower($2) AND lower(table_name) <> lower($2) ORDER BY 1`, name.Schema, name.Name)
	for _, row := range rows {
		e.Inbound = append(e.Inbound, "a foreign key of "+row[0].Text)
	}
	return err
}

func readFilled(ctx context.Context, s session, name connectors.Table, e *sqlload.Existing) error {
	rows, err := s.Query(ctx, "SELECT EXISTS (SELECT 1 FROM "+qualified(name.Schema, name.Name)+")")
	if err == nil {
		e.Filled = rows[0][0].Bool()
	}
	return err
}

// requireSchema refuses a missing schema, which is never created.
func requireSchema(ctx context.Context, s session, schema string) error {
	rows, err := s.Query(ctx, "SELECT 1 FROM duckdb_schemas() WHERE database_name = current_database() AND lower(schema_name) = lower($1)", schema)
	if err != nil || len(rows) > 0 {
		return err
	}
	return &connectors.Error{
		Kind: connectors.NotFound, Message: fmt.Sprintf("there is no schema %q in the DuckDB file, and schemas are never created", schema),
		Fix: "CREATE SCHEMA " + duck.Quote(schema) + "; or use the schema main.",
	}
}
