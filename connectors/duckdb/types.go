package duckdb

import (
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
	"leat/internal/duck"
	"leat/record"
)

// typeTable says how DuckDB's types travel.
func typeTable() []connectors.TypeMapping {
	natives := []struct{ native, lossy string }{
		{"BOOLEAN", ""},
		{"TINYINT", ""},
		{"SMALLINT", ""},
		{"INTEGER", ""},
		{"BIGINT", ""},
		{"UTINYINT", ""},
		{"USMALLINT", ""},
		{"UINTEGER", ""},
		{"UBIGINT", ""},
		{"HUGEINT", "numbers of 39 digits are rejected"},
		{"FLOAT", ""},
		{"DOUBLE", ""},
		{"DECIMAL(18,3)", ""},
		{"VARCHAR", ""},
		{"ENUM('a')", ""},
		{"JSON", ""},
		{"UUID", ""},
		{"BLOB", ""},
		{"DATE", "infinity is rejected"},
		{"TIME", "24:00:00 is rejected"},
		{"TIMESTAMP", "infinity is rejected"},
		{"TIMESTAMP_S", ""},
		{"TIMESTAMP_MS", ""},
		{"TIMESTAMP_NS", ""},
		{"TIMESTAMP WITH TIME ZONE", "infinity is rejected"},
		{"TIME WITH TIME ZONE", ""},
		{"INTERVAL", ""},
		{"BIT", ""},
		{"INTEGER[]", "the structure: DuckDB's own text"},
		{"STRUCT(a INTEGER)", "the structure: DuckDB's own text"},
		{"MAP(VARCHAR, INTEGER)", "the structure: DuckDB's own text"},
	}
	table := make([]connectors.TypeMapping, len(natives))
	for i, n := range natives {
		table[i] = connectors.TypeMapping{Native: n.native, Logical: record.TypeName(duck.NewColumn("", n.native).Type), Lossy: n.lossy}
	}
	return table
}

// textual are types that travel as text and take that text back exactly.
var textual = []string{"INTERVAL", "BIT", "TIME WITH TIME ZONE", "TIMESTAMP_NS", "UHUGEINT"}

// keepsText says that a native type that travels as text may be made again from it.
func keepsText(native string) bool {
	return strings.HasPrefix(native, "ENUM(") || slices.Contains(textual, native)
}

// columnType is the type of a column that the load makes. Text says that its values
// travel as text and are converted by DuckDB.
func columnType(column record.Column, sourceKind string) (typeName string, text bool, err error) {
	if sourceKind == Kind && column.Native != "" {
		native := duck.NewColumn(column.Name, column.Native)
		if arrow.TypeEqual(native.Type, column.Type) && native.Cast != "VARCHAR" {
			return column.Native, false, nil
		}
		if keepsText(column.Native) {
			return column.Native, true, nil
		}
	}
	typeName, err = duck.SQLType(column.Type)
	return typeName, false, err
}

// fit says whether every value of a source column keeps its meaning in a column of
// type have, and whether it travels as text.
func fit(column record.Column, sourceKind, have string) (ok, text bool) {
	made, text, err := columnType(column, sourceKind)
	if err != nil {
		return false, false
	}
	if made == have {
		return true, text
	}
	if sourceKind == Kind && column.Native == have && arrow.TypeEqual(column.Type, record.Text) {
		return !ambiguous(have), true // nested types of the same shape
	}
	if isText := arrow.TypeEqual(column.Type, record.Text); isText {
		return takesText(have, column, sourceKind), true
	}
	return widens(made, have), false
}

// takesText lists the types whose text is taken exactly or refused. A note tells of a type
// that travels as text and is none.
func takesText(have string, column record.Column, sourceKind string) bool {
	switch {
	case have == "UUID" || have == "JSON":
		return column.Note == ""
	case strings.HasPrefix(have, "ENUM("): // enums of other systems have a note as well
		return column.Note == "" || sourceKind != Kind
	default: // the one type of the same meaning that other systems send as text
		return sourceKind != Kind && have == "INTERVAL" && strings.EqualFold(column.Native, have)
	}
}

// ambiguous says that values of a type may share a text: which member of a union it was,
// or the type inside a variant, is lost in it.
func ambiguous(native string) bool {
	return strings.Contains(native, "UNION(") || strings.Contains(native, "VARIANT") || strings.Contains(native, "GEOMETRY")
}

// wholeDigits are the digits of integer types, and the order of their widening.
var wholeDigits = map[string]int{"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19, "HUGEINT": 39}

// widens says whether every value of one type has the same meaning in the other.
func widens(from, to string) bool {
	switch {
	case from == to:
		return true
	case wholeDigits[from] > 0 && wholeDigits[to] > 0:
		return wholeDigits[from] < wholeDigits[to]
	case from == "FLOAT":
		return to == "DOUBLE"
	case to == "DOUBLE":
		return wholeDigits[from] > 0 && wholeDigits[from] <= wholeDigits["INTEGER"]
	case from == "DATE":
		return to == "TIMESTAMP"
	case from == "UUID" || from == "JSON":
		return to == "VARCHAR"
	}
	return widensDecimal(from, to)
}

func widensDecimal(from, to string) bool {
	wide, ok := duck.NewColumn("", to).Type.(*arrow.Decimal128Type)
	if !ok || !strings.HasPrefix(to, "DECIMAL(") && to != "HUGEINT" {
		return false
	}
	if digits := wholeDigits[from]; digits > 0 {
		return int(wide.Precision-wide.Scale) >= digits
	}
	narrow, ok := duck.NewColumn("", from).Type.(*arrow.Decimal128Type)
	return ok && wide.Scale >= narrow.Scale && wide.Precision-wide.Scale >= narrow.Precision-narrow.Scale
}
