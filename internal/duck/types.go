package duck

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/extensions"

	"leat/record"
)

// Column is a column of a table or a query.
type Column struct {
	record.Column
	// Cast is the type that a SELECT casts the column to, because its own does not
	// travel; empty when it does.
	Cast string
}

// Describe returns the columns of a SELECT, which must have passed Select.
func (c *Conn) Describe(ctx context.Context, query string) ([]Column, error) {
	rows, err := c.Values(ctx, "SELECT column_name, column_type FROM (DESCRIBE "+query+"\n)")
	if err != nil {
		return nil, err
	}
	columns := make([]Column, len(rows))
	for i, row := range rows {
		columns[i] = NewColumn(row[0].(string), row[1].(string))
	}
	return columns, nil
}

// NewColumn maps a DuckDB type, as DESCRIBE prints it, to the type that travels.
func NewColumn(name, native string) Column {
	out := Column{Column: record.Column{Name: name, Native: native, Nullable: true}}
	if known, ok := natives[native]; ok {
		out.Type, out.Cast, out.Note = known.logical, known.cast, known.note
		return out
	}
	if t, ok := parseDecimal(native); ok {
		out.Type = t
		return out
	}
	out.Type, out.Cast = record.Text, "VARCHAR"
	out.Number = native == "UHUGEINT"
	if !strings.HasPrefix(native, "ENUM(") {
		out.Note = "travels as text"
	}
	out.Number = native == "UHUGEINT" || native == "BIGNUM"
	return out
}

// native is how one type of DuckDB travels.
type native struct {
	logical    arrow.DataType
	cast, note string
}

var natives = map[string]native{
	"BOOLEAN":                  {logical: record.Bool},
	"TINYINT":                  {logical: record.Int16, cast: "SMALLINT"},
	"SMALLINT":                 {logical: record.Int16},
	"INTEGER":                  {logical: record.Int32},
	"BIGINT":                   {logical: record.Int64},
	"UTINYINT":                 {logical: record.Int16, cast: "SMALLINT"},
	"USMALLINT":                {logical: record.Int32, cast: "INTEGER"},
	"UINTEGER":                 {logical: record.Int64, cast: "BIGINT"},
	"UBIGINT":                  {logical: record.Decimal(20, 0), cast: "DECIMAL(20,0)"},
	"HUGEINT":                  {logical: record.Decimal(record.MaxPrecision, 0), note: "numbers of 39 digits are not representable"},
	"FLOAT":                    {logical: record.Float32},
	"DOUBLE":                   {logical: record.Float64},
	"VARCHAR":                  {logical: record.Text},
	"BLOB":                     {logical: record.Binary},
	"DATE":                     {logical: record.Date, note: "infinity is not representable"},
	"TIME":                     {logical: record.Time, note: "24:00:00 is not representable"},
	"TIMESTAMP":                {logical: record.Timestamp, note: "infinity is not representable"},
	"TIMESTAMP_S":              {logical: record.Timestamp, cast: "TIMESTAMP"},
	"TIMESTAMP_MS":             {logical: record.Timestamp, cast: "TIMESTAMP"},
	"TIMESTAMP_NS":             {logical: record.Text, cast: "VARCHAR", note: "travels as text to keep nanoseconds"},
	"TIMESTAMP WITH TIME ZONE": {logical: record.TimestampTZ, note: "infinity is not representable"},
	"UUID":                     {logical: record.UUID()},
	"JSON":                     {logical: record.JSON()},
}

func parseDecimal(native string) (arrow.DataType, bool) {
	inner, ok := strings.CutPrefix(native, "DECIMAL(")
	precision, scale, found := strings.Cut(strings.TrimSuffix(inner, ")"), ",")
	if !ok || !found {
		return nil, false
	}
	p, errP := strconv.ParseInt(precision, 10, 32)
	s, errS := strconv.ParseInt(scale, 10, 32)
	if errP != nil || errS != nil {
		return nil, false
	}
	return record.Decimal(int32(p), int32(s)), true
}

// SQLType is the DuckDB type that holds every value of an Arrow type. Its error names
// a type that is none of record's.
func SQLType(t arrow.DataType) (string, error) {
	switch t := t.(type) {
	case *extensions.UUIDType:
		return "UUID", nil
	case *extensions.JSONType:
		return "JSON", nil
	case *arrow.Decimal128Type:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale), nil
	}
	if name, ok := sqlTypes[record.TypeName(t)]; ok {
		return name, nil
	}
	return "", fmt.Errorf("the type %s cannot be stored in DuckDB", record.TypeName(t))
}

var sqlTypes = map[string]string{
	"bool": "BOOLEAN", "int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT",
	"float32": "FLOAT", "float64": "DOUBLE", "text": "VARCHAR", "binary": "BLOB",
	"date": "DATE", "time": "TIME", "timestamp": "TIMESTAMP", "timestamptz": "TIMESTAMP WITH TIME ZONE",
}

// Quote quotes an identifier.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// SelectList returns the columns for a SELECT, cast where their type does not travel.
func SelectList(columns []Column) string {
	list := make([]string, len(columns))
	for i, column := range columns {
		list[i] = Quote(column.Name)
		if column.Cast != "" {
			list[i] = fmt.Sprintf("CAST(%s AS %s) AS %s", Quote(column.Name), column.Cast, Quote(column.Name))
		}
	}
	return strings.Join(list, ", ")
}
