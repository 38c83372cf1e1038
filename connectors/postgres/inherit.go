package postgres

import (
	"context"

	"leat/connectors"
)

// hypertables is where TimescaleDB keeps its list: columns schema_name and table_name.
const hypertables = "_timescaledb_catalog.hypertable"

// hasHypertables says whether the list of hypertables stands in the database. A view in
// its place could run anything, and is not asked.
const hasHypertables = "SELECT EXISTS (SELECT 1 FROM pg_class WHERE oid = to_regclass('" + hypertables + "') AND relkind = 'r')"

// readFamily finds out whether statements reach rows of other tables: those that inherit
// from this one. The rows of a partitioned table are those of its partitions, and a
// hypertable is a partitioned table, although the server calls it an ordinary one.
func (t *existing) readFamily(ctx context.Context, s *session, _ int) error {
	if t.kind != "r" {
		return nil
	}
	hyper, err := isHypertable(ctx, s, t.name)
	if err != nil || hyper {
		return err
	}
	t.Only = true
	rows, err := s.Query(ctx, "SELECT CAST(CAST(inhrelid AS regclass) AS text) FROM pg_inherits WHERE inhparent = $1 ORDER BY 1", t.oid)
	for _, row := range rows {
		t.Children = append(t.Children, row[0].Text)
	}
	return err
}

func isHypertable(ctx context.Context, s *session, name connectors.Table) (bool, error) {
	row, err := s.one(ctx, hasHypertables)
	if err != nil || !row[0].Bool() {
		return false, err
	}
	row, err = s.one(ctx, "SELECT EXISTS (SELECT 1 FROM "+hypertables+" WHERE schema_name = $1 AND table_name = $2)", name.Schema, name.Name)
	if err != nil {
		return false, err
	}
	return row[0].Bool(), nil
}
