package postgres

import (
	"slices"
	"strings"

	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
)

// maxIdentifier is the longest name in bytes (NAMEDATALEN - 1).
const maxIdentifier = 63

// maxColumns is the most columns of a table (MaxHeapAttributeNumber).
const maxColumns = 1600

// systemColumns are the columns that every table has already.
var systemColumns = []string{"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}

// dialect is PostgreSQL's SQL. The statements of insert and truncate_insert keep to
// what version 9.4 understands; upsert needs 9.5 only where it uses ON CONFLICT.
type dialect struct {
	// version is the server's, 150004 for 15.4.
	version int
	// noTemp says that this user may not make temporary tables. Staging tables are then
	// made, unlogged, in the target's schema, in the same transaction.
	noTemp bool
	// hidden says that several sessions fill the staging table.
	hidden bool
	schema string
}

var _ sqlload.Dialect = dialect{}

func (dialect) MaxIdentifier() int { return maxIdentifier }

func (dialect) MaxColumns() int { return maxColumns }

func (dialect) Quote(name string) string { return pgwire.Quote(name) }

func (dialect) SystemColumn(name string) bool { return slices.Contains(systemColumns, name) }

func (dialect) Cast(expression, typeName string) string {
	return "CAST(" + expression + " AS " + typeName + ")"
}

func (dialect) Number(expression string) string {
	return "CASE WHEN " + expression + " OPERATOR(pg_catalog.~) '^-?([0-9]+([.][0-9]*)?|[.][0-9]+|NaN|Infinity)$' THEN CAST(" + expression + " AS numeric) END"
}

func (dialect) TextType() string { return "text" }

func (dialect) TimeType() string { return "timestamp with time zone" }

func (dialect) KeyType() string { return "text" }

func (dialect) Now() string { return "now()" }

// Differs compares record images, byte for byte. IS DISTINCT FROM would call 1.0 and
// 1.00 equal, and fails for types without an equality, such as json and point.
func (dialect) Differs(left, right []string) string {
	return "CAST(ROW(" + strings.Join(left, ", ") + ") AS record) *<> CAST(ROW(" + strings.Join(right, ", ") + ") AS record)"
}

func (dialect) Operator(name string) string { return "OPERATOR(pg_catalog." + name + ")" }

func (d dialect) Staging(name string) string {
	if d.noTemp || d.hidden {
		return d.Quote(d.schema) + "." + d.Quote(name)
	}
	return "pg_temp." + d.Quote(name)
}

// CreateStaging makes the table, by default in the applying transaction, so that its end
// leaves no orphan. AS SELECT takes over types, modifiers and collations, and no
// constraint.
func (d dialect) CreateStaging(name, selectNothing string) string {
	if d.hidden {
		return "CREATE UNLOGGED TABLE " + d.Staging(name) + " AS SELECT q.*, CAST(NULL AS bigint) AS " + d.Quote(orderColumn) + " FROM (" + selectNothing + ") q WITH NO DATA"
	}
	if d.noTemp {
		return "CREATE UNLOGGED TABLE " + d.Staging(name) + " AS " + selectNothing + " WITH NO DATA"
	}
	return "CREATE TEMPORARY TABLE " + d.Quote(name) + " ON COMMIT DROP AS " + selectNothing + " WITH NO DATA"
}

func (d dialect) DropStaging(name string) string {
	if d.noTemp || d.hidden {
		return "DROP TABLE " + d.Staging(name)
	}
	return ""
}

// Order is the place of the row: COPY into a table made in the same transaction only
// ever appends (it does not look for free space), so places rise with the read order.
// Several writers take pages as they come, and write the order into the rows.
func (d dialect) Order(alias string) string {
	if d.hidden {
		return alias + "." + d.Quote(orderColumn)
	}
	return alias + ".ctid"
}

func (dialect) Analyze(table string) string { return "ANALYZE " + table }

func (dialect) Lock(table string) string {
	return "LOCK TABLE " + table + " IN SHARE ROW EXCLUSIVE MODE"
}

func (dialect) ForUpdate() string { return " FOR UPDATE" }

func (dialect) SameName(left, right string) string { return left + " = " + right }

// Kin are the tables that a partition belongs to, and the partitions of a table.
func (dialect) Kin() string {
	return `WITH RECURSIVE target AS (
		SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND (c.relispartition OR c.relkind = 'p')),
		up AS (SELECT oid FROM target UNION SELECT i.inhparent FROM up JOIN pg_inherits i ON i.inhrelid = up.oid JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition),
		down AS (SELECT oid FROM target UNION SELECT i.inhrelid FROM down JOIN pg_inherits i ON i.inhparent = down.oid JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition),
		state AS (SELECT s.relnamespace, has_table_privilege(s.oid, 'SELECT') AND has_table_privilege(l.oid, 'SELECT') AS readable,
			EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = s.oid AND a.attname = 'loaded') AS now
			FROM pg_class s JOIN pg_class l ON l.relnamespace = s.relnamespace AND l.relname = '` + sqlload.LoadsTable + `' WHERE s.relname = '` + sqlload.StateTable + `')
		SELECT n.nspname, c.relname, CASE WHEN state.readable THEN CASE WHEN state.now THEN 'now' ELSE 'older' END ELSE '' END
		FROM (SELECT oid FROM up UNION SELECT oid FROM down EXCEPT SELECT oid FROM target) k JOIN pg_class c ON c.oid = k.oid
		JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN state ON state.relnamespace = n.oid ORDER BY 1, 2`
}

// EstimateRows adds up the partitions of a table, which has no rows of its own.
func (dialect) EstimateRows() string {
	return `WITH RECURSIVE tree(oid) AS (
		SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2
		UNION ALL SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid JOIN pg_class p ON p.oid = t.oid AND p.relkind = 'p')
		SELECT CAST(coalesce(sum(CASE WHEN c.relkind = 'p' THEN 0 ELSE greatest(c.reltuples, 0) END), 0) AS bigint) FROM tree t JOIN pg_class c ON c.oid = t.oid`
}

func (dialect) Overriding() string { return "OVERRIDING SYSTEM VALUE" }

func (d dialect) OnConflict() bool { return d.version >= pgwire.SinceOnConflict }

func (d dialect) CreateIndex(name, table string, columns []string, unique bool, where string) string {
	quoted := make([]string, len(columns))
	for i, column := range columns {
		quoted[i] = d.Quote(column)
	}
	sql := "CREATE INDEX "
	if unique {
		sql = "CREATE UNIQUE INDEX "
	}
	if name != "" {
		sql += d.Quote(name) + " "
	}
	sql += "ON " + table + " (" + strings.Join(quoted, ", ") + ")"
	if where != "" {
		sql += " WHERE " + where
	}
	return sql
}

func (d dialect) AddColumn(table, column, typeName string) string {
	return "ALTER TABLE " + table + " ADD COLUMN " + d.Quote(column) + " " + typeName
}

func (d dialect) WidenColumn(table, column, typeName string) string {
	return "ALTER TABLE " + table + " ALTER COLUMN " + d.Quote(column) + " TYPE " + typeName
}
