package sqlload

// Dialect is what differs between SQL systems, as pure functions that return SQL text.
// Names that they take are not quoted yet unless a comment says so. Everything else
// (the statements of the modes, the state tables, counting) is shared and keeps to SQL
// that PostgreSQL and DuckDB both understand.
type Dialect interface {
	// MaxIdentifier is the longest name in bytes; 0 means no limit.
	MaxIdentifier() int
	// MaxColumns is the most columns of a table; 0 means no limit.
	MaxColumns() int
	// Quote quotes one identifier, always, so that reserved words need no list.
	Quote(name string) string
	// SystemColumn says that no column may have this name.
	SystemColumn(name string) bool
	// Cast returns a conversion that fails on values that the type cannot hold.
	Cast(expression, typeName string) string
	// Number returns a text as a number for comparing, NULL where it is none.
	Number(expression string) string
	// TextType, TimeType (with time zone) and KeyType name types; KeyType is a text
	// that may be part of a primary key.
	TextType() string
	TimeType() string
	KeyType() string
	// Now is the start of the transaction.
	Now() string
	// Differs compares two rows of expressions of equal types, NULLs and all, exactly.
	Differs(left, right []string) string
	// Operator is one of the system's own operators, whatever stands in the schemas that the
	// user's search path names. Its operands need parentheses where they hold operators.
	Operator(name string) string
	// Staging returns how the staging table of that name is written in statements.
	Staging(name string) string
	// CreateStaging makes a staging table from a SELECT, which yields no rows.
	CreateStaging(name, selectNothing string) string
	// DropStaging removes it; "" when the end of the transaction does.
	DropStaging(name string) string
	// Order is an expression over a staging table's alias that rises in the order in
	// which rows were copied in.
	Order(alias string) string
	// Analyze refreshes statistics of a table written as SQL; "" when needless.
	Analyze(table string) string
	// Lock keeps other writers, not readers, out of a table until the end of the
	// transaction; "" when the system has one writer anyway.
	Lock(table string) string
	// ForUpdate ends a SELECT that locks its rows; "" when needless.
	ForUpdate() string
	// SameName compares two table names, written as SQL, as the system does.
	SameName(left, right string) string
	// Kin asks for the tables that hold rows of the table of schema $1 and name $2, or whose
	// rows it holds, as partitions do: the schema, the name, and which state table stands in
	// that schema for this user to read ("", "older" or "now"). "" when there are no such tables.
	Kin() string
	// EstimateRows asks for about how many rows the table of schema $1 and name $2 has.
	EstimateRows() string
	// Overriding goes before SELECT in an INSERT that gives identity columns a value.
	Overriding() string
	// OnConflict says that INSERT ... ON CONFLICT (columns) may be used.
	OnConflict() bool
	// CreateIndex returns the statement, or "" when the system has no such index. An empty
	// name leaves the choice of a free one to the system. Table is written as SQL; where is
	// "" or a condition.
	CreateIndex(name, table string, columns []string, unique bool, where string) string
	// AddColumn and WidenColumn change a table written as SQL.
	AddColumn(table, column, typeName string) string
	WidenColumn(table, column, typeName string) string
}
