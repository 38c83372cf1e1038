package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
	"leat/record/pgbinary"
)

// existing is what stands in the database under a target's name.
type existing struct {
	sqlload.Existing
	name connectors.Table
	oid  string
	kind string
	// binary are the columns as goals of binary rows, by the order of Columns.
	binary []pgbinary.Target
	// swap replaces the table by a new one; nil where that is not possible or not asked.
	swap *sqlload.Swap
	// uncounted says that rows which go from other tables along with this one's are not
	// counted by the server.
	uncounted bool
	// published names what the table is published for although the server cannot tell its
	// rows apart for subscribers: UPDATE, DELETE.
	published []string
	// lacks are the table rights that this user does not have.
	lacks []string
}

// target returns the binary goal of a column.
func (t *existing) target(column string) pgbinary.Target {
	i := slices.IndexFunc(t.Columns, func(c sqlload.Column) bool { return c.Name == column })
	return t.binary[i]
}

// findTable reads the table; nil when there is none. Views are refused.
func findTable(ctx context.Context, s *session, name connectors.Table) (*existing, error) {
	version := pgwire.ServerVersion(s.conn.PgConn())
	security := "row_security_active(c.oid)"
	if version < pgwire.SinceRowSecurity {
		security = "false"
	}
	rows, err := s.Query(ctx, `SELECT c.oid, c.relkind, pg_has_role(c.relowner, 'USAGE'), `+security+`,
		has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'INSERT'), has_table_privilege(c.oid, 'UPDATE'), has_table_privilege(c.oid, 'DELETE')
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`, name.Schema, name.Name)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	row := rows[0]
	t := &existing{name: name, oid: row[0].Text, kind: row[1].Text}
	if err := t.refuseKind(); err != nil {
		return nil, err
	}
	t.Owned, t.RowSecurity = row[2].Bool(), row[3].Bool()
	for i, right := range []string{"SELECT", "INSERT", "UPDATE", "DELETE"} {
		if !row[4+i].Bool() {
			t.lacks = append(t.lacks, right)
		}
	}
	for _, part := range []func(context.Context, *session, int) error{t.readColumns, t.readUnique, t.readGuards, t.readInbound, t.readPublished, t.readFamily, t.readFilled} {
		if err := part(ctx, s, version); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// refuseKind takes tables and partitioned tables only.
func (t *existing) refuseKind() error {
	kinds := map[string]string{"v": "a view", "m": "a materialized view", "f": "a foreign table", "i": "an index", "S": "a sequence", "c": "a composite type"}
	what, bad := kinds[t.kind]
	if !bad {
		return nil
	}
	return &connectors.Error{
		Kind: connectors.Config, Message: fmt.Sprintf("%s is %s, which cannot be loaded", t.name, what),
		Fix: "Choose another table name, or load into the table behind it.",
	}
}

func (t *existing) readColumns(ctx context.Context, s *session, version int) error {
	identity, generated := "''", "''"
	if version >= pgwire.SinceIdentity {
		identity = "a.attidentity"
	}
	if version >= pgwire.SinceGenerated {
		generated = "a.attgenerated"
	}
	collation := "NULL"
	if version >= pgwire.SinceLooseCollations {
		collation = "(SELECT l.collname FROM pg_collation l WHERE l.oid = a.attcollation AND NOT l.collisdeterministic)"
	}
	rows, err := s.Query(ctx, `SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull OR t.typnotnull, a.atthasdef OR `+identity+` <> '' OR t.typdefault IS NOT NULL,
		`+generated+` <> '', `+identity+` = 'a', CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END, t.typtype = 'e', `+ownEquality+`, coalesce(`+collation+`, '')
		FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, t.oid)
	if err != nil {
		return err
	}
	for _, row := range rows {
		oid, errOID := strconv.ParseUint(row[6].Text, 10, 32)
		typmod, errMod := strconv.ParseInt(row[7].Text, 10, 32)
		if errOID != nil || errMod != nil {
			return fmt.Errorf("read the columns of %s: a type has no number", t.name)
		}
		t.Columns = append(t.Columns, sqlload.Column{
			Name: row[0].Text, Type: row[1].Text, Equal: row[9].Text, NotNull: row[2].Bool(), Default: row[3].Bool(), Generated: row[4].Bool(), IdentityAlways: row[5].Bool(), Collation: row[10].Text,
		})
		t.binary = append(t.binary, pgbinary.Target{Name: row[0].Text, Type: pgbinary.Type{OID: uint32(oid), Typmod: int32(typmod)}, Enum: row[8].Bool()})
	}
	return nil
}

// ownEquality is the operator by which a type t of an extension or a user compares its
// values, NULL where the server's own does that, for example for enums and arrays. Sorting
// and grouping go by it, so that a join has to as well.
const ownEquality = `(SELECT format('OPERATOR(%I.%s)', n.nspname, p.oprname) FROM pg_opclass k JOIN pg_am m ON m.oid = k.opcmethod AND m.amname IN ('btree', 'hash')
		JOIN pg_amop o ON o.amopfamily = k.opcfamily AND o.amoplefttype = k.opcintype AND o.amoprighttype = k.opcintype AND o.amopstrategy = CASE m.amname WHEN 'btree' THEN 3 ELSE 1 END
		JOIN pg_operator p ON p.oid = o.amopopr JOIN pg_namespace n ON n.oid = p.oprnamespace
		WHERE k.opcintype = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END AND k.opcintype >= 16384 AND k.opcdefault ORDER BY m.amname LIMIT 1)`

// readUnique lists the unique indexes that ON CONFLICT can use on columns alone.
func (t *existing) readUnique(ctx context.Context, s *session, version int) error {
	keys := "i.indnatts"
	if version >= pgwire.SinceIncluded {
		keys = "i.indnkeyatts"
	}
	rows, err := s.Query(ctx, `SELECT i.indexrelid, a.attname FROM pg_index i CROSS JOIN LATERAL unnest(CAST(i.indkey AS smallint[])) WITH ORDINALITY k(attnum, place)
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
		WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= `+keys+`
		ORDER BY i.indisprimary DESC, i.indexrelid, k.place`, t.oid)
	if err != nil {
		return err
	}
	last := ""
	for _, row := range rows {
		if row[0].Text != last {
			t.Unique, last = append(t.Unique, nil), row[0].Text
		}
		t.Unique[len(t.Unique)-1] = append(t.Unique[len(t.Unique)-1], row[1].Text)
	}
	return nil
}

// readGuards names triggers and rules. Those that run before a row is stored, and rewrite
// rules, may drop or redirect rows.
func (t *existing) readGuards(ctx context.Context, s *session, _ int) error {
	rows, err := s.Query(ctx, triggersSQL, t.oid)
	for _, row := range rows {
		name := fmt.Sprintf("%s %q", row[0].Text, row[1].Text)
		t.Triggers = append(t.Triggers, sqlload.Trigger{Name: name, Insert: row[2].Bool(), Update: row[3].Bool(), Delete: row[4].Bool(), Early: row[5].Bool()})
		if row[6].Bool() {
			t.Guards = append(t.Guards, name)
		}
		t.Rules = t.Rules || row[0].Text == "rule"
	}
	return err
}

// triggersSQL lists the enabled triggers and rules of the table $1, and the triggers of its
// partitions that the table does not have itself. The bits of tgtype are those of the
// server's pg_trigger.h: row 1, before 2, insert 4, delete 8, update 16.
const triggersSQL = `WITH RECURSIVE tree(id) AS (SELECT CAST($1 AS oid) UNION ALL SELECT i.inhrelid FROM tree JOIN pg_class c ON c.oid = tree.id AND c.relkind = 'p' JOIN pg_inherits i ON i.inhparent = c.oid),
	enabled AS (SELECT * FROM pg_trigger JOIN tree ON tgrelid = id WHERE NOT tgisinternal AND tgenabled NOT IN ('D', 'R'))
	SELECT DISTINCT 'trigger', tgname, tgtype & 4 <> 0, tgtype & 16 <> 0, tgtype & 8 <> 0, tgtype & 3 = 2, tgtype & 3 = 3 FROM enabled
		WHERE tgrelid = $1 OR tgname NOT IN (SELECT tgname FROM enabled WHERE tgrelid = $1)
	UNION ALL SELECT 'rule', rulename, ev_type = '3', ev_type = '2', ev_type = '4', false, true FROM pg_rewrite WHERE ev_class = $1 AND ev_type <> '1' AND ev_enabled NOT IN ('D', 'R')
	ORDER BY 1, 2`

func (t *existing) readFilled(ctx context.Context, s *session, _ int) error {
	if t.Unseen = slices.Contains(t.lacks, "SELECT") || t.RowSecurity; t.Unseen {
		return nil
	}
	// Rows that were deleted and not vacuumed yet may have to be passed over.
	row, err := s.working(connectors.LoadLimits{}).one(ctx, "SELECT EXISTS (SELECT 1 FROM "+t.Rows(quoteTable(t.name))+")")
	if err == nil {
		t.Filled = row[0].Bool()
	}
	return err
}

// rights are the table rights that a mode needs.
func rights(mode connectors.WriteMode) []string {
	switch mode {
	case connectors.Insert:
		return []string{"INSERT"}
	case connectors.InsertIgnore:
		return []string{"SELECT", "INSERT"}
	case connectors.Update:
		return []string{"SELECT", "UPDATE"}
	case connectors.Delete:
		return []string{"SELECT", "DELETE"}
	case connectors.Upsert, connectors.History:
		return []string{"SELECT", "INSERT", "UPDATE"}
	default:
		return []string{"SELECT", "INSERT", "DELETE"}
	}
}

// requireRights refuses a table that this user may not load in a mode.
func (t *existing) requireRights(user string, mode connectors.WriteMode) error {
	var missing []string
	for _, right := range rights(mode) {
		if slices.Contains(t.lacks, right) {
			missing = append(missing, right)
		}
	}
	if len(missing) > 0 {
		return &connectors.Error{
			Kind:    connectors.Permission,
			Message: fmt.Sprintf("user %q lacks the right to %s the rows of %s", user, strings.Join(missing, ", "), t.name),
			Fix:     fmt.Sprintf("GRANT %s ON %s TO %s;", strings.Join(missing, ", "), quoteTable(t.name), pgwire.Quote(user)),
		}
	}
	if t.RowSecurity && mode != connectors.Insert {
		return &connectors.Error{
			Kind:    connectors.Permission,
			Message: fmt.Sprintf("row security hides rows of %s from user %q, so %s could not be exact", t.name, user, mode),
			Fix:     "Use a role with BYPASSRLS, or the table's owner without FORCE ROW LEVEL SECURITY; or use the write mode insert, which works as long as the policies let this user insert every row (WITH CHECK, or USING where there is none).",
		}
	}
	if err := t.requireIdentity(mode); err != nil {
		return err
	}
	return t.requireCounted(mode)
}

func quoteTable(t connectors.Table) string {
	return pgwire.Quote(t.Schema) + "." + pgwire.Quote(t.Name)
}
