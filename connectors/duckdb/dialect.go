package duckdb

import (
	"strings"

	"leat/connectors/sqlload"
	"leat/internal/duck"
)

// dialect is DuckDB's SQL.
type dialect struct{}

var _ sqlload.Dialect = dialect{}

func (dialect) MaxIdentifier() int       { return 0 }
func (dialect) MaxColumns() int          { return 0 }
func (dialect) Quote(name string) string { return duck.Quote(name) }

// SystemColumn keeps rowid free, by which staged rows are ordered.
func (dialect) SystemColumn(name string) bool { return strings.EqualFold(name, "rowid") }

func (dialect) Cast(expression, typeName string) string {
	return "CAST(" + expression + " AS " + typeName + ")"
}

// Number is as exact as a double. Two numbers that it cannot tell apart are equal for it,
// so that the row read last counts.
func (dialect) Number(expression string) string { return "TRY_CAST(" + expression + " AS DOUBLE)" }

func (dialect) TextType() string { return "VARCHAR" }
func (dialect) TimeType() string { return "TIMESTAMP WITH TIME ZONE" }
func (dialect) KeyType() string  { return "VARCHAR" }
func (dialect) Now() string      { return "now()" }

// Differs compares column by column: the types of both sides are the same.
func (dialect) Differs(left, right []string) string {
	parts := make([]string, len(left))
	for i := range left {
		parts[i] = left[i] + " IS DISTINCT FROM " + right[i]
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

func (dialect) Operator(name string) string { return name }

func (d dialect) Staging(name string) string { return "temp." + d.Quote(name) }

func (d dialect) CreateStaging(name, selectNothing string) string {
	return "CREATE TEMPORARY TABLE " + d.Quote(name) + " AS " + selectNothing + " WITH NO DATA"
}

func (d dialect) DropStaging(name string) string { return "DROP TABLE " + d.Staging(name) }

// Order is the row's place, which rises in the order of appending.
func (dialect) Order(alias string) string { return alias + ".rowid" }

func (dialect) Analyze(string) string { return "" }

// Lock is needless: a transaction that meets another's changes fails.
func (dialect) Lock(string) string { return "" }
func (dialect) ForUpdate() string  { return "" }

// SameName ignores case, as DuckDB does.
func (dialect) SameName(left, right string) string {
	return "lower(" + left + ") = lower(" + right + ")"
}

func (dialect) Kin() string { return "" }

func (dialect) EstimateRows() string {
	return "SELECT estimated_size FROM duckdb_tables() WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND lower(table_name) = lower($2)"
}

func (dialect) Overriding() string { return "" }

// OnConflict needs an index, which is not made.
func (dialect) OnConflict() bool { return false }

// CreateIndex makes none: DuckDB holds whole indexes in memory, so that a large table
// would not fit its limit, and joins by hash as fast.
func (dialect) CreateIndex(string, string, []string, bool, string) string { return "" }

func (d dialect) AddColumn(table, column, typeName string) string {
	return "ALTER TABLE " + table + " ADD COLUMN " + d.Quote(column) + " " + typeName
}

func (d dialect) WidenColumn(table, column, typeName string) string {
	return "ALTER TABLE " + table + " ALTER COLUMN " + d.Quote(column) + " SET DATA TYPE " + typeName
}
