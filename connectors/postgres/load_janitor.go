package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"leat/connectors"
)

// janitor drops the hidden tables that loads of one stream left behind when they died.
type janitor struct {
	s      *session
	schema string
	// installation and stream are whose tables it drops; those of the fence below and
	// above may belong to a load that goes on.
	installation, stream string
	below                int64
}

// sweep drops what earlier loads of our streams left. It runs when the fence is raised and
// the sessions of those loads are gone.
func (l *load) sweep(ctx context.Context) error {
	for _, it := range l.items {
		j := janitor{s: l.s, schema: it.stream.Table.Schema, installation: l.id.Installation, stream: it.target.StateKey, below: it.state.Fence}
		left, err := j.sweep(ctx)
		if err != nil {
			return err
		}
		it.left = append(it.left, left...)
	}
	return nil
}

// sweepAll drops what all loads of a stream left, whose state is being removed.
func sweepAll(ctx context.Context, s *session, schema, installation, stream string) error {
	j := janitor{s: s, schema: schema, installation: installation, stream: stream, below: math.MaxInt64}
	_, err := j.sweep(ctx) // what another role owns stays: its comment says whose it was
	return err
}

// sweep drops the tables, and says which of them somebody else must drop.
func (j janitor) sweep(ctx context.Context) (left []string, err error) {
	rows, err := j.s.Query(ctx, `SELECT c.relname, d.description, pg_has_role(c.relowner, 'USAGE') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
		WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname LIKE '\_leat\_%'`, j.schema)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		table := connectors.Table{Schema: j.schema, Name: row[0].Text}
		switch {
		case !j.owns(table.Name, row[1].Text):
		case row[2].Bool():
			if err := j.drop(ctx, table); err != nil {
				return left, err
			}
		default:
			left = append(left, fmt.Sprintf("The hidden table %s of an earlier run belongs to another role; drop it as that role: DROP TABLE %s;", table, quoteTable(table)))
		}
	}
	return left, nil
}

// owns tells whether a table is a hidden one of the stream. The name must follow from the
// comment, so that a comment alone never costs a table.
func (j janitor) owns(name, comment string) bool {
	var m mark
	if err := json.Unmarshal([]byte(comment), &m); err != nil || m.name() != name {
		return false
	}
	return m.Installation == j.installation && m.Stream == j.stream && m.Fence < j.below
}

func (j janitor) drop(ctx context.Context, table connectors.Table) error {
	return j.s.about("drop the hidden table "+table.String()+" of an earlier run", table, "").ddl(ctx, "DROP TABLE IF EXISTS "+quoteTable(table))
}
