package postgres

import (
	"context"
	"fmt"
	"strings"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
)

// obstacle is a reason against replacing a table by a new one: what the new one would
// lack. The query says true where it applies to the table $1.
type obstacle struct {
	since  int // server version
	reason string
	query  string
}

// obstacles are everything that LIKE does not copy, and everything that would go on to
// refer to the old table.
var obstacles = []obstacle{
	{0, "this user does not own the table", "SELECT NOT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = $1"},
	{0, "it is not an ordinary table with default storage", "SELECT relkind <> 'r' OR relpersistence <> 'p' OR reloptions IS NOT NULL OR reltablespace <> 0 OR reloftype <> 0 OR relreplident <> 'd' FROM pg_class WHERE oid = $1"},
	{0, "it is part of an inheritance or partition tree", "SELECT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = $1 OR inhparent = $1)"},
	{0, "views or functions depend on it", `SELECT EXISTS (SELECT 1 FROM pg_depend d JOIN pg_class c ON c.oid = $1 WHERE d.deptype = 'n'
		AND d.objid NOT IN (SELECT oid FROM pg_constraint WHERE conrelid = $1 UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = $1 UNION ALL SELECT oid FROM pg_attrdef WHERE adrelid = $1) AND (
		d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (c.reltype, (SELECT typarray FROM pg_type WHERE oid = c.reltype))))`},
	{0, "it has triggers or rules", "SELECT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal) OR EXISTS (SELECT 1 FROM pg_rewrite WHERE ev_class = $1)"},
	{0, "it has foreign keys or exclusion constraints", "SELECT EXISTS (SELECT 1 FROM pg_constraint WHERE (conrelid = $1 OR confrelid = $1) AND contype IN ('f', 'x', 't'))"},
	{pgwire.SinceRowSecurity, "it has row security", "SELECT relrowsecurity OR EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = $1) FROM pg_class WHERE oid = $1"},
	{0, "it owns a sequence", "SELECT EXISTS (SELECT 1 FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' WHERE d.classid = 'pg_class'::regclass AND d.refobjid = $1)"},
	{0, "it has grants", "SELECT relacl IS NOT NULL OR EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = $1 AND attacl IS NOT NULL) FROM pg_class WHERE oid = $1"},
	{0, "it has comments or labels", `SELECT EXISTS (SELECT 1 FROM pg_description WHERE objoid = $1 AND objsubid = 0 OR objoid IN (SELECT indexrelid FROM pg_index WHERE indrelid = $1 UNION SELECT oid FROM pg_constraint WHERE conrelid = $1))
		OR EXISTS (SELECT 1 FROM pg_seclabel WHERE objoid = $1)`},
	{0, "some columns or indexes have settings of their own", `SELECT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = $1 AND (attstattarget > 0 OR attoptions IS NOT NULL))
		OR EXISTS (SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1 AND (i.indisclustered OR NOT i.indisvalid OR c.reloptions IS NOT NULL OR c.reltablespace <> 0))`},
	{pgwire.SincePublications, "it is published", "SELECT EXISTS (SELECT 1 FROM pg_publication_tables p JOIN pg_class c ON c.relname = p.tablename JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = p.schemaname WHERE c.oid = $1)"},
}

// readSwap finds out whether the table can be replaced, and how.
func (t *existing) readSwap(ctx context.Context, s *session, stateKey string) (*sqlload.Swap, error) {
	version := pgwire.ServerVersion(s.conn.PgConn())
	for _, o := range obstacles {
		if version < o.since {
			continue
		}
		row, err := s.one(ctx, o.query, t.oid)
		if err != nil {
			return nil, fmt.Errorf("look for what stands against replacing %s: %w", t.name, err)
		}
		if row[0].Bool() {
			t.NoSwap = o.reason
			return nil, nil
		}
	}
	return t.planSwap(ctx, s, stateKey)
}

// planSwap writes the statements: a table like the old one without its indexes, those
// indexes under other names after the copy, then the change of names.
func (t *existing) planSwap(ctx context.Context, s *session, stateKey string) (*sqlload.Swap, error) {
	old := quoteTable(t.name)
	beside := connectors.Table{Schema: t.name.Schema, Name: "_leat_" + sqlload.Hash(16, stateKey, "beside")}
	swap := &sqlload.Swap{
		Beside: beside,
		Create: []string{"CREATE TABLE " + quoteTable(beside) + " (LIKE " + old + " INCLUDING ALL EXCLUDING INDEXES)"},
		Lock:   "LOCK TABLE " + t.Rows(old) + " IN SHARE ROW EXCLUSIVE MODE",
		Finish: []string{"DROP TABLE " + old, "ALTER TABLE " + quoteTable(beside) + " RENAME TO " + pgwire.Quote(t.name.Name)},
	}
	rows, err := s.Query(ctx, `SELECT x.relname, pg_get_indexdef(i.indexrelid), format('CREATE %sINDEX %I ON %I.%I ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, x.relname, n.nspname, t.relname),
		k.contype, k.condeferrable, k.condeferred FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
		LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u') WHERE i.indrelid = $1 ORDER BY x.relname`, t.oid)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if err := t.swapIndex(swap, row); err != nil {
			t.NoSwap = err.Error()
			return nil, nil
		}
	}
	// The statistics belong to the new table. They are taken while readers still have the
	// old one: Finish locks them out.
	swap.Index = append(swap.Index, "ANALYZE "+quoteTable(beside))
	return swap, nil
}

// swapIndex copies one index or the constraint that stands on it.
func (t *existing) swapIndex(swap *sqlload.Swap, row sqlload.Row) error {
	name, prefix := row[0].Text, row[2].Text
	rest, ok := strings.CutPrefix(row[1].Text, prefix)
	if !ok {
		return fmt.Errorf("its index %q cannot be copied", name)
	}
	temporary := "_leat_" + sqlload.Hash(16, swap.Beside.Name, name)
	verb := "CREATE INDEX "
	if strings.HasPrefix(prefix, "CREATE UNIQUE ") {
		verb = "CREATE UNIQUE INDEX "
	}
	swap.Index = append(swap.Index, verb+pgwire.Quote(temporary)+" ON "+quoteTable(swap.Beside)+" "+rest)
	if row[3].Null {
		swap.Finish = append(swap.Finish, "ALTER INDEX "+quoteTable(connectors.Table{Schema: t.name.Schema, Name: temporary})+" RENAME TO "+pgwire.Quote(name))
		return nil
	}
	kind := "UNIQUE"
	if row[3].Text == "p" {
		kind = "PRIMARY KEY"
	}
	sql := "ALTER TABLE " + quoteTable(t.name) + " ADD CONSTRAINT " + pgwire.Quote(name) + " " + kind + " USING INDEX " + pgwire.Quote(temporary)
	if row[4].Bool() {
		sql += " DEFERRABLE"
	}
	if row[5].Bool() {
		sql += " INITIALLY DEFERRED"
	}
	swap.Finish = append(swap.Finish, sql)
	return nil
}
