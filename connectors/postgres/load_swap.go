package postgres

import (
	"context"
	"fmt"
	"strings"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
)

// readSwap finds out whether the table can be replaced by a new one that has everything it
// has, and how. NoSwap says why not.
func (t *existing) readSwap(ctx context.Context, s *session, stateKey string) (*sqlload.Swap, error) {
	version := pgwire.ServerVersion(s.conn.PgConn())
	switch {
	case !t.Owned:
		t.NoSwap = "this user does not own the table"
		return nil, nil
	case version == 0:
		t.NoSwap = "the server does not tell its version, so nobody knows what a table has"
		return nil, nil
	}
	row, err := s.one(ctx, signature(version, "CAST($1 AS oid)")+`SELECT has_schema_privilege((SELECT relnamespace FROM pg_class WHERE oid = $1), 'CREATE'),
		(SELECT string_agg(what, ', ') FROM (SELECT DISTINCT what FROM line WHERE lost ORDER BY what LIMIT 5) l)`, t.oid)
	if err != nil {
		return nil, fmt.Errorf("look for what stands against replacing %s: %w", t.name, err)
	}
	if !row[0].Bool() {
		t.NoSwap = "this user may not make tables in its schema"
		return nil, nil
	}
	if lost := row[1].Text; lost != "" {
		t.NoSwap = "a new table would not have its " + lost
		return nil, nil
	}
	return swapTable(version, t.name, stateKey), nil
}

// swapTable says how a table makes room for a new one.
//
// Whatever people do to the old table until it is gone must be on the new one, or the old
// one must stay. What needs a lock of the table waits for its end, and then finds the new
// one. GRANT takes none before version 18, and what is done to an index locks only that; so the old table's
// rows of the catalogue are written once more as they are: a GRANT that comes later fails
// on them. Then both tables are compared as the catalogue has them.
func swapTable(version int, name connectors.Table, stateKey string) *sqlload.Swap {
	beside := connectors.Table{Schema: name.Schema, Name: "_leat_" + sqlload.Hash(16, stateKey, "beside")}
	tables := []string{quoteTable(name), quoteTable(beside)}
	return &sqlload.Swap{
		Beside: beside,
		Create: []sqlload.Statement{{SQL: "CREATE TABLE " + tables[1] + " (LIKE " + tables[0] + " INCLUDING ALL EXCLUDING INDEXES)"}},
		// The statistics belong to the new table. They are taken while readers still have the
		// old one.
		Dress: []sqlload.Statement{{SQL: dressing, Args: append(tables, beside.Name), Writes: true, Catalogue: true}, {SQL: "ANALYZE " + tables[1]}},
		Hold: []sqlload.Statement{
			{SQL: "SAVEPOINT leat_swap"},
			{SQL: holdingTable, Args: tables[:1], Writes: true, Catalogue: true},
			{SQL: holdingIndexes, Args: tables[:1], Writes: true, Catalogue: true},
		},
		Compare: sqlload.Statement{
			SQL: signature(version, oldTable, newTable) + `, unequal AS (SELECT what, bool_or(acts) AS acts FROM line GROUP BY what, value
				HAVING count(CASE side WHEN 0 THEN 1 END) <> count(CASE side WHEN 1 THEN 1 END) OR bool_or(lost))
				SELECT count(*), count(CASE WHEN acts THEN 1 END), (SELECT string_agg(what, ', ') FROM (SELECT DISTINCT what FROM unequal ORDER BY what LIMIT 5) u) FROM unequal`,
			Args: tables, Catalogue: true,
		},
		Undo:   []sqlload.Statement{{SQL: "ROLLBACK TO SAVEPOINT leat_swap"}},
		Finish: []sqlload.Statement{{SQL: finishing, Args: append(tables, beside.Name, pgwire.Quote(name.Name)), Writes: true, Catalogue: true}},
	}
}

// The tables of the statements below by their names, which are the first two arguments.
const (
	oldTable = "CAST(CAST($1 AS text) AS regclass)"
	newTable = "CAST(CAST($2 AS text) AS regclass)"
)

// asWritten puts the tables and the parts that several queries share into a query that
// returns statements. An index of the new table has a name that ends in the number of the
// old one's.
var asWritten = strings.NewReplacer("$OLDNAME", "CAST($1 AS text)", "$OLD", oldTable, "$NEWNAME", "CAST($2 AS text)", "$NEW", newTable, "$BESIDE", "CAST($3 AS text) || '_' || i.indexrelid",
	"$INDEXES", "pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace",
	"$WHO", "CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END")

// dressing returns the statements that give the new table what LIKE did not: the owner,
// indexes and the constraints on them, the statistics that are asked for, rights, and the
// comment. It runs when nobody else may change either table, but for rights.
var dressing = asWritten.Replace(indexParts.Replace(`SELECT written FROM (
	SELECT 1 AS step, format('ALTER TABLE %s OWNER TO %I', $NEWNAME, pg_get_userbyid(o.relowner)) AS written FROM pg_class o JOIN pg_class c ON c.relowner <> o.relowner WHERE o.oid = $OLD AND c.oid = $NEW
	UNION ALL SELECT 2, format('CREATE %sINDEX %I ON %s ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, $BESIDE, $NEWNAME) || $SHAPE FROM $INDEXES WHERE i.indrelid = $OLD
	UNION ALL SELECT 3, format('ALTER TABLE %s ADD CONSTRAINT %I %s USING INDEX %2$I', $NEWNAME, $BESIDE, CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END)
		|| CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END
		FROM pg_index i JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u') WHERE i.indrelid = $OLD
	UNION ALL SELECT 4, format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', $NEWNAME, a.attname, a.attstattarget) FROM pg_attribute a WHERE a.attrelid = $OLD AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget >= 0
	UNION ALL SELECT DISTINCT 5, format('REVOKE ALL ON %s FROM %s', $NEWNAME, $WHO)
		FROM pg_class o JOIN pg_class c ON CAST(o.relacl AS text) IS DISTINCT FROM CAST(c.relacl AS text) CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', o.relowner))) g WHERE o.oid = $OLD AND c.oid = $NEW
	UNION ALL SELECT 6, format('GRANT %s ON %s TO %s', g.privilege_type, $NEWNAME, $WHO) || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
		FROM pg_class o JOIN pg_class c ON CAST(o.relacl AS text) IS DISTINCT FROM CAST(c.relacl AS text) CROSS JOIN LATERAL aclexplode(coalesce(o.relacl, acldefault('r', o.relowner))) g WHERE o.oid = $OLD AND c.oid = $NEW
	UNION ALL SELECT 7, format('GRANT %s (%I) ON %s TO %s', g.privilege_type, a.attname, $NEWNAME, $WHO) || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
		FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) g WHERE a.attrelid = $OLD AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL SELECT 8, format('COMMENT ON TABLE %s IS %L', $NEWNAME, obj_description(CAST($OLD AS oid), 'pg_class')) WHERE obj_description(CAST($OLD AS oid), 'pg_class') IS NOT NULL
	) w ORDER BY step, written`))

// holdingTable returns the statement that keeps everybody away from the old table. It
// changes nothing: an option of indexes is reset, which no table has, and columns are stored
// as they are.
var holdingTable = asWritten.Replace(`SELECT concat_ws(', ', 'ALTER TABLE ONLY ' || $OLDNAME || ' RESET (buffering)', string_agg(format('ALTER COLUMN %I SET STORAGE %s', attname,
	CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END), ', '))
	FROM pg_attribute WHERE attrelid = $OLD AND attnum > 0 AND NOT attisdropped`)

// holdingIndexes does the same for its indexes, with an option of tables.
var holdingIndexes = asWritten.Replace(`SELECT format('ALTER INDEX %I.%I RESET (autovacuum_enabled)', n.nspname, x.relname) FROM $INDEXES WHERE i.indrelid = $OLD ORDER BY x.oid`)

// finishing returns the statements that put the new table in the old one's place.
var finishing = asWritten.Replace(`SELECT written FROM (
	SELECT 1 AS step, 'DROP TABLE ' || $OLDNAME AS written
	UNION ALL SELECT 2, format('ALTER TABLE %s RENAME TO %s', $NEWNAME, CAST($4 AS text))
	UNION ALL SELECT 3, format('ALTER INDEX %I.%I RENAME TO %I', n.nspname, $BESIDE, x.relname) FROM $INDEXES WHERE i.indrelid = $OLD) w ORDER BY step, written`)
