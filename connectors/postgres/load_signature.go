package postgres

import (
	"strings"

	"leat/connectors/pgwire"
)

// line is one part of a table's signature: a query over the tables of t(side, id) for the
// lines side, what, value, lost and acts. What says in words which thing the line is about;
// value is everything that a table like this one must have equal, with numbers of objects
// where both tables are in one database. Lost says that the thing does not come along to a
// new table; acts says that it changes rows, here or elsewhere, when rows are changed.
type line struct {
	since, until int // server versions; 0 means any
	query        string
}

// signatureLines are all that the catalogue knows of a table. Names of the new table's
// indexes end in the number of the index that they stand for, so that both have one name.
var signatureLines = []line{
	{query: `SELECT side, 'owner', CAST(c.relowner AS text), NOT (pg_get_userbyid(c.relowner) = current_user
		OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
		OR pg_has_role(c.relowner, '$SET') AND has_schema_privilege(c.relowner, c.relnamespace, 'CREATE')), false FROM own`},
	{query: `SELECT side, 'kind of table', CAST(ROW(c.relkind, c.relpersistence, c.reloftype) AS text), c.relkind <> 'r' OR c.relpersistence <> 'p' OR c.reloftype <> 0, false FROM own`},
	{until: pgwire.SinceAccessMethods, query: `SELECT side, 'row numbers', CAST(c.relhasoids AS text), c.relhasoids, false FROM own`},
	{since: pgwire.SinceAccessMethods, query: `SELECT side, 'access method', CAST(c.relam AS text),
		c.relam <> (SELECT oid FROM pg_am WHERE amname = current_setting('default_table_access_method')), false FROM own`},
	{query: `SELECT side, 'storage options', CAST(c.reloptions AS text), c.reloptions IS NOT NULL, false FROM own`},
	{query: `SELECT side, 'storage options of large values', CAST(h.reloptions AS text), h.reloptions IS NOT NULL, false FROM own LEFT JOIN pg_class h ON h.oid = c.reltoastrelid`},
	{query: `SELECT side, 'tablespace', CAST(c.reltablespace AS text), c.reltablespace <> 0 OR current_setting('default_tablespace') <> '', false FROM own`},
	{query: `SELECT side, 'replica identity', CAST(c.relreplident AS text), c.relreplident <> 'd', false FROM own`},
	{since: pgwire.SinceRowSecurity, query: `SELECT side, 'row security', CAST(ROW(c.relrowsecurity, c.relforcerowsecurity) AS text), c.relrowsecurity OR c.relforcerowsecurity, false FROM own`},
	{query: `SELECT side, 'comment', obj_description(c.oid, 'pg_class'), false, false FROM own`},
	{query: `SELECT side, 'type of its rows', CAST(ROW(r.typacl, obj_description(r.oid, 'pg_type')) AS text), r.typacl IS NOT NULL OR obj_description(r.oid, 'pg_type') IS NOT NULL, false
		FROM own JOIN pg_type r ON r.oid = c.reltype`},
	{query: `SELECT side, 'rights of ' || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END, CAST(x AS text), x.grantor <> c.relowner, false
		FROM own CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x`},
	{query: `SELECT side, format('rights on the column "%s"', a.attname), CAST(x AS text), x.grantor <> c.relowner, false
		FROM own JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN LATERAL aclexplode(a.attacl) x`},
	{query: `SELECT side, format('column "%s"', a.attname), CAST(ROW((SELECT count(*) FROM pg_attribute b WHERE b.attrelid = c.oid AND b.attnum > 0 AND b.attnum < a.attnum AND NOT b.attisdropped),
			a.atttypid, a.atttypmod, a.attcollation, a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attstorage, coalesce(a.attstattarget, -1), a.attoptions, col_description(c.oid, a.attnum)$COLUMN) AS text),
		a.attoptions IS NOT NULL$LOST, false
		FROM own JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum`},
	{query: `SELECT side, format('constraint "%s"', coalesce($NAME, k.conname)), CAST(ROW(k.contype, pg_get_constraintdef(k.oid), k.convalidated, k.condeferrable, k.condeferred, k.connoinherit, obj_description(k.oid, 'pg_constraint')) AS text),
		k.contype NOT IN ('c', 'p', 'u', 'n') OR NOT k.convalidated OR k.contype = 'c' AND k.connoinherit OR 0 = ANY (k.conkey) OR k.contype <> 'c' AND obj_description(k.oid, 'pg_constraint') IS NOT NULL, false
		FROM own JOIN pg_constraint k ON k.conrelid = c.oid LEFT JOIN pg_class x ON x.oid = k.conindid AND k.contype IN ('p', 'u', 'x')`},
	{query: `SELECT side, format('index "%s"', $NAME), CAST(ROW($SHAPE, i.indisunique, i.indisprimary, i.indisexclusion, i.indimmediate, i.indisvalid, i.indisclustered, i.indisreplident,
			x.relam, x.reltablespace, x.reloptions, g.targets, obj_description(x.oid, 'pg_class')) AS text),
		NOT i.indisvalid OR i.indisexclusion OR i.indisclustered OR i.indisreplident OR x.reltablespace <> 0 OR g.targets IS NOT NULL OR obj_description(x.oid, 'pg_class') IS NOT NULL
			OR position($PREFIX in pg_get_indexdef(x.oid)) <> 1 OR position('.*' in $SHAPE) > 0, false
		FROM own JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
		CROSS JOIN LATERAL (SELECT string_agg(a.attnum || ' ' || a.attstattarget, ', ') AS targets FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget >= 0) g`},
	{query: `SELECT side, format('trigger "%s"', g.tgname), pg_get_triggerdef(g.oid), true, true FROM own JOIN pg_trigger g ON g.tgrelid = c.oid WHERE NOT g.tgisinternal`},
	{query: `SELECT side, format('rule "%s"', r.rulename), pg_get_ruledef(r.oid), true, true FROM own JOIN pg_rewrite r ON r.ev_class = c.oid`},
	{query: `SELECT side, format('foreign key "%s" of %s', k.conname, CAST(k.conrelid AS regclass)), pg_get_constraintdef(k.oid), true, true FROM own JOIN pg_constraint k ON k.confrelid = c.oid`},
	{since: pgwire.SinceRowSecurity, query: `SELECT side, format('policy "%s"', p.polname), CAST(p.oid AS text), true, false FROM own JOIN pg_policy p ON p.polrelid = c.oid`},
	{since: pgwire.SinceStatistics, query: `SELECT side, format('statistics "%s"', e.stxname), CAST(e.oid AS text), true, false FROM own JOIN pg_statistic_ext e ON e.stxrelid = c.oid`},
	{since: pgwire.SincePublications, query: `SELECT side, format('publication "%s"', p.pubname), CAST(p.oid AS text), true, false
		FROM own CROSS JOIN pg_publication p WHERE p.puballtables OR EXISTS (SELECT 1 FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = c.oid)$PUBLISHED`},
	{since: pgwire.SincePublications, query: `SELECT side, 'subscription', CAST(r.srsubid AS text), true, false FROM own JOIN pg_subscription_rel r ON r.srrelid = c.oid`},
	{query: `SELECT side, 'security label', CAST(ROW(l.objsubid, l.provider, l.label) AS text), true, false FROM own JOIN pg_seclabel l ON l.classoid = CAST('pg_class' AS regclass) AND l.objoid = c.oid`},
	{query: `SELECT side, 'inheritance', CAST(h AS text), true, false FROM own JOIN pg_inherits h ON c.oid IN (h.inhrelid, h.inhparent)`},
	{query: `SELECT side, 'membership of an extension', CAST(d.refobjid AS text), true, false FROM own JOIN pg_depend d ON d.classid = CAST('pg_class' AS regclass) AND d.objid = c.oid AND d.deptype IN ('e', 'x')`},
	{query: `SELECT side, format('sequence "%s"', s.relname), CAST(s.oid AS text), true, false
		FROM own JOIN pg_depend d ON d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid = c.oid AND d.classid = CAST('pg_class' AS regclass) JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'`},
	{query: `SELECT side, 'dependent ' || pg_describe_object(d.classid, d.objid, d.objsubid), '', true, false
		FROM own JOIN pg_type r ON r.oid = c.reltype JOIN pg_depend d ON d.deptype = 'n' AND (d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid = c.oid
			OR d.refclassid = CAST('pg_type' AS regclass) AND d.refobjid IN (r.oid, r.typarray))
		WHERE d.objid NOT IN (SELECT oid FROM pg_constraint WHERE conrelid = c.oid UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = c.oid UNION ALL SELECT oid FROM pg_attrdef WHERE adrelid = c.oid)`},
}

// indexParts are what stands in the texts of several queries about an index x of c in the
// schema n: its definition without names, the definition's beginning, and the name of the
// old table's index.
var indexParts = strings.NewReplacer(
	"$NAME", "CASE side WHEN 0 THEN x.relname ELSE (SELECT o.relname FROM pg_class o WHERE o.oid = CAST(substring(x.relname from '[0-9]+$') AS oid)) END",
	"$SHAPE", "substr(pg_get_indexdef(x.oid), length("+indexPrefix+") + 1)",
	"$PREFIX", indexPrefix,
)

// indexPrefix is how the definition of an index x begins.
const indexPrefix = "format('CREATE %sINDEX %I ON %I.%I ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, x.relname, n.nspname, c.relname)"

// signature is a WITH clause that yields the lines of tables, as a server of that version
// can be asked. The side 0 is the table that stands, 1 the one that shall replace it; each
// is an expression for the table's number.
func signature(version int, sides ...string) string {
	column, lost, published, set := "", "", "", "MEMBER"
	if version >= pgwire.SinceIdentity {
		column, lost = column+", a.attidentity", lost+" OR a.attidentity <> ''"
	}
	if version >= pgwire.SinceGenerated {
		column += ", a.attgenerated"
	}
	if version >= pgwire.SinceCompression {
		column += ", a.attcompression"
	}
	if version >= pgwire.SinceSchemaPublications {
		published = " OR EXISTS (SELECT 1 FROM pg_publication_namespace s WHERE s.pnpubid = p.oid AND s.pnnspid = c.relnamespace)"
	}
	if version >= pgwire.SinceSetOption {
		set = "SET"
	}
	parts := strings.NewReplacer("$COLUMN", column, "$LOST", lost, "$PUBLISHED", published, "$SET", set, "FROM own", "FROM t JOIN pg_class c ON c.oid = t.id")
	var queries []string
	for _, l := range signatureLines {
		if version >= l.since && (l.until == 0 || version < l.until) {
			queries = append(queries, parts.Replace(indexParts.Replace(l.query)))
		}
	}
	tables := make([]string, len(sides))
	for i, side := range sides {
		tables[i] = "SELECT " + string(rune('0'+i)) + ", " + side
	}
	return "WITH t(side, id) AS (" + strings.Join(tables, " UNION ALL ") + "), line(side, what, value, lost, acts) AS (" + strings.Join(queries, "\nUNION ALL ") + ")\n"
}
