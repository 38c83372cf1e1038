package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
)

// childrenSQL selects the tables k that inherit from another one by the entries h, without
// partitions, and without temporary tables, which other sessions do not see.
const childrenSQL = `SELECT 1 FROM pg_inherits h JOIN pg_class k ON k.oid = h.inhrelid WHERE NOT k.relispartition AND k.relpersistence <> 't'`

const familiesSQL = `SELECT n.nspname, p.relname, m.nspname, k.relname FROM pg_inherits h
	JOIN pg_class p ON p.oid = h.inhparent AND p.relkind = 'r' JOIN pg_namespace n ON n.oid = p.relnamespace
	JOIN pg_class k ON k.oid = h.inhrelid JOIN pg_namespace m ON m.oid = k.relnamespace
	WHERE NOT k.relispartition AND k.relpersistence <> 't' ORDER BY 1, 2, 3, 4`

// withChildren adds to each table of a listing those that inherit from it. The chunks of a
// hypertable are its partitions, and like those they are not listed.
func (c *connection) withChildren(ctx context.Context, listed []connectors.DatasetInfo) ([]connectors.DatasetInfo, error) {
	rows, err := c.session.Query(ctx, familiesSQL)
	if err != nil {
		return nil, err
	}
	children, chunks := map[connectors.Table][]connectors.Table{}, map[connectors.Table]bool{}
	var parent, child connectors.Table
	_, err = pgx.ForEachRow(rows, []any{&parent.Schema, &parent.Name, &child.Schema, &child.Name}, func() error {
		children[parent] = append(children[parent], child)
		return nil
	})
	if err != nil || len(children) == 0 {
		return listed, err
	}
	hyper, err := c.hypertables(ctx)
	if err != nil {
		return nil, err
	}
	for _, table := range hyper {
		for _, chunk := range children[table] {
			chunks[chunk] = true
		}
		delete(children, table)
	}
	listed = slices.DeleteFunc(listed, func(info connectors.DatasetInfo) bool {
		return chunks[connectors.Table{Schema: info.Schema, Name: info.Name}]
	})
	addChildren(listed, children)
	return listed, nil
}

// addChildren adds those of each table. Where a child is not listed, since this user may
// not read it by its own name, its own children are added as well.
func addChildren(listed []connectors.DatasetInfo, children map[connectors.Table][]connectors.Table) {
	known := map[connectors.Table]bool{}
	for _, info := range listed {
		known[connectors.Table{Schema: info.Schema, Name: info.Name}] = true
	}
	for i := range listed {
		found := slices.Clone(children[connectors.Table{Schema: listed[i].Schema, Name: listed[i].Name}])
		for at := 0; at < len(found); at++ {
			for _, more := range children[found[at]] {
				if !known[found[at]] && !slices.Contains(found, more) {
					found = append(found, more)
				}
			}
		}
		listed[i].Children = found
	}
}

// hypertables lists those of TimescaleDB; none where it is not installed.
func (c *connection) hypertables(ctx context.Context) ([]connectors.Table, error) {
	s := c.own("list the hypertables")
	row, err := s.one(ctx, hasHypertables)
	if err != nil || !row[0].Bool() {
		return nil, err
	}
	rows, err := s.Query(ctx, "SELECT schema_name, table_name FROM "+hypertables)
	tables := make([]connectors.Table, len(rows))
	for i, row := range rows {
		tables[i] = connectors.Table{Schema: row[0].Text, Name: row[1].Text}
	}
	return tables, err
}

// gather decides how a table is read that others inherit from: without them when it was
// asked for, else together. Then it is one unit, of which no part is known by its blocks,
// and its size is that of the whole family.
func (r *relation) gather(ctx context.Context, conn *pgx.Conn) error {
	hyper, err := isHypertable(ctx, &session{conn: conn}, connectors.Table{Schema: r.dataset.Schema, Name: r.dataset.Name})
	if err != nil {
		return err
	}
	if r.dataset.Only && !hyper {
		r.from, r.family = "ONLY "+r.from, false
		return nil
	}
	r.family, r.pages = !hyper, 0
	err = conn.QueryRow(ctx, fmt.Sprintf(`WITH RECURSIVE f(oid) AS (SELECT $1::oid UNION SELECT h.inhrelid FROM pg_inherits h JOIN f ON h.inhparent = f.oid)
		SELECT CASE WHEN bool_or(e.n < 0) THEN -1 ELSE sum(e.n)::bigint END FROM (SELECT %s AS n FROM f JOIN pg_class c ON c.oid = f.oid) e`, estimatedRows), r.oid).Scan(&r.rows)
	return err
}
