package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/record"
)

// matchTarget pairs the columns of a source with those of a target by name. Its error
// says what cannot be loaded right and how to mend it.
func matchTarget(ctx context.Context, target connectors.Target, name connectors.Table, schema record.Schema, have *sqlload.Existing) (*sqlload.Match, error) {
	names, err := mapNames(name, schema, have)
	if err != nil {
		return nil, err
	}
	m, err := sqlload.Pairing{
		Dialect: dialect{}, Types: columns{target.SourceKind}, Target: target, Table: name, Schema: schema, Existing: have, Names: names,
		Nullable: "DROP NOT NULL;",
	}.Match(ctx)
	if m != nil && len(target.UniqueHints) > 0 {
		m.Warnings = append(m.Warnings, fmt.Sprintf("DuckDB gets no indexes, so the unique hints of %s are not checked", name))
	}
	return m, err
}

// mapNames finds the target's name of every column. DuckDB's names count without case.
func mapNames(table connectors.Table, schema record.Schema, have *sqlload.Existing) (map[string]string, error) {
	names, err := sqlload.MapColumns(dialect{}, schema.Names(), have.Names())
	if err != nil {
		return nil, err
	}
	taken := map[string]string{}
	for _, source := range schema.Names() {
		i := slices.IndexFunc(have.Names(), func(name string) bool { return strings.EqualFold(name, names[source]) })
		if i >= 0 {
			names[source] = have.Names()[i]
		}
		lower := strings.ToLower(names[source])
		if other, double := taken[lower]; double {
			return nil, &connectors.Error{
				Kind: connectors.Config, Message: fmt.Sprintf("the source columns %q and %q would share a column of %s, because DuckDB ignores case", other, source, table),
				Fix: "Select only one of them, or rename one in a query.",
			}
		}
		taken[lower] = source
	}
	return names, nil
}

// columns knows which of DuckDB's types hold the columns of a source.
type columns struct{ sourceKind string }

func (c columns) Make(_ context.Context, column record.Column) (sqlload.Made, error) {
	typeName, text, err := columnType(column, c.sourceKind)
	if err != nil {
		return sqlload.Made{Type: "VARCHAR", Refused: &connectors.Error{
			Kind: connectors.Config, Message: fmt.Sprintf("the column %q cannot be loaded: %v", column.Name, err), Fix: "Convert it in a query, or leave it out.",
		}}, nil
	}
	return sqlload.Made{Type: typeName, Text: text}, nil
}

func (c columns) Fit(column record.Column, have sqlload.Column) (ok, text bool) {
	return fit(column, c.sourceKind, have.Type)
}

func (c columns) Widen(ctx context.Context, column record.Column, have sqlload.Column) (sqlload.Made, bool, error) {
	made, err := c.Make(ctx, column)
	return made, widens(have.Type, made.Type), err
}

// Narrow is asked again when the rows come: see narrowers.
func (columns) Narrow(column record.Column, have sqlload.Column) bool {
	return narrowing(column, have.Type) != nil
}

func (columns) Is(have sqlload.Column, typeName string) bool { return have.Type == typeName }

func (columns) Mend(alter string, _ sqlload.Column, _ sqlload.Made, _ bool) string {
	return alter + "; or convert the column in a query at the source."
}
