package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"leat/connectors"
)

// sweep drops the hidden tables that earlier loads of our streams left behind when they
// died. It runs when the fence is raised and the sessions of those loads are gone.
func (l *load) sweep(ctx context.Context) error {
	for _, it := range l.items {
		rows, err := l.s.Query(ctx, `SELECT c.relname, d.description, pg_has_role(c.relowner, 'USAGE') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
			WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname LIKE '\_leat\_%'`, it.stream.Table.Schema)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if !l.orphan(it, row[0].Text, row[1].Text) {
				continue
			}
			if err := l.dropOrphan(ctx, it, row[0].Text, row[2].Bool()); err != nil {
				return err
			}
		}
	}
	return nil
}

// orphan tells whether a table is a hidden one of an earlier load of this stream. The name
// must follow from the comment, so that a comment alone never costs a table.
func (l *load) orphan(it *item, name, comment string) bool {
	var m mark
	if err := json.Unmarshal([]byte(comment), &m); err != nil || m.name() != name {
		return false
	}
	return m.Installation == l.id.Installation && m.Stream == it.target.StateKey && m.Fence < it.state.Fence
}

// dropOrphan drops the table, or says who must.
func (l *load) dropOrphan(ctx context.Context, it *item, name string, owned bool) error {
	table := connectors.Table{Schema: it.stream.Table.Schema, Name: name}
	sql := "DROP TABLE " + quoteTable(table)
	if !owned {
		it.left = append(it.left, fmt.Sprintf("The hidden table %s of an earlier run belongs to another role; drop it as that role: %s;", table, sql))
		return nil
	}
	_, err := l.s.about("drop the hidden table "+table.String()+" of an earlier run", table, "").Exec(ctx, sql)
	if isState(err, "42P01") { // its own load has dropped it meanwhile
		return nil
	}
	return err
}
