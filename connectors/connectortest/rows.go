package connectortest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"leat/record"
)

// Row is one row of the suite's table. The zero Name is an empty text; NoName makes it
// NULL. Amount is in hundredths.
type Row struct {
	ID     int64
	Name   string
	NoName bool
	Amount int64
	At     time.Time
}

// Schema is the schema of the suite's table.
func Schema() record.Schema {
	return record.Schema{
		Columns: []record.Column{
			{Name: "id", Type: record.Int64},
			{Name: "name", Type: record.Text, Nullable: true},
			{Name: "amount", Type: record.Decimal(12, 2), Nullable: true},
			{Name: "at", Type: record.Timestamp, Nullable: true},
		},
		Key: []string{"id"},
	}
}

// epoch is the time of row 0; row n is n seconds and one microsecond step later.
var epoch = time.Date(2026, 2, 28, 23, 59, 59, 999_999_000, time.UTC)

// Rows makes n rows with ids from first, awkward texts and NULLs among them.
func Rows(first int64, n int) []Row {
	texts := []string{"plain", "", `quote " and '`, "tab\tnew\nline", "čeština 🌊", "NULL", `\N`, "a,b;c"}
	rows := make([]Row, n)
	for i := range rows {
		id := first + int64(i)
		rows[i] = Row{
			ID: id, Name: texts[id%int64(len(texts))], NoName: id%11 == 5, Amount: id*101 - 5_000,
			At: epoch.Add(time.Duration(id) * (time.Second + time.Microsecond)),
		}
	}
	return rows
}

// changed returns the rows with another name and amount.
func changed(rows []Row) []Row {
	out := slices.Clone(rows)
	for i := range out {
		out[i].Name, out[i].NoName = out[i].Name+" (changed)", false
		out[i].Amount += 7
		out[i].At = out[i].At.Add(time.Hour)
	}
	return out
}

// text is how a row is compared.
func (r Row) text() string {
	name := "NULL"
	if !r.NoName {
		name = fmt.Sprintf("%q", r.Name)
	}
	return fmt.Sprintf("%d|%s|%d|%s", r.ID, name, r.Amount, r.At.UTC().Format("2006-01-02T15:04:05.000000"))
}

// texts returns the rows as sorted texts.
func texts(rows []Row) []string {
	out := make([]string, len(rows))
	for i, row := range rows {
		out[i] = row.text()
	}
	slices.Sort(out)
	return out
}

// batch turns rows into an Arrow batch.
func batch(rows []Row) record.Batch {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, Schema().Arrow())
	defer builder.Release()
	for _, row := range rows {
		builder.Field(0).(*array.Int64Builder).Append(row.ID)
		if row.NoName {
			builder.Field(1).AppendNull()
		} else {
			builder.Field(1).(*array.StringBuilder).Append(row.Name)
		}
		builder.Field(2).(*array.Decimal128Builder).Append(decimal128.FromI64(row.Amount))
		builder.Field(3).(*array.TimestampBuilder).Append(arrow.Timestamp(row.At.UnixMicro()))
	}
	return record.FromArrow(builder.NewRecordBatch())
}

// parse turns an Arrow batch with the suite's columns, in any order, back into rows.
func parse(t *testing.T, rows arrow.RecordBatch) []Row {
	t.Helper()
	out := make([]Row, rows.NumRows())
	for c, column := range rows.Columns() {
		name := rows.ColumnName(c)
		for i := range out {
			parseValue(t, &out[i], name, column, i)
		}
	}
	return out
}

func parseValue(t *testing.T, row *Row, name string, column arrow.Array, i int) {
	t.Helper()
	if column.IsNull(i) {
		row.NoName = row.NoName || name == "name"
		return
	}
	switch column := column.(type) {
	case *array.Int64:
		row.ID = column.Value(i)
	case *array.Int32:
		row.ID = int64(column.Value(i))
	case *array.String:
		row.Name = column.Value(i)
	case *array.Decimal128:
		row.Amount = scaled(t, column, i)
	case *array.Timestamp:
		row.At = column.Value(i).ToTime(column.DataType().(*arrow.TimestampType).Unit)
	default:
		t.Fatalf("column %s has the Arrow type %s, which the suite's table does not use", name, column.DataType())
	}
}

// scaled returns a decimal in hundredths.
func scaled(t *testing.T, column *array.Decimal128, i int) int64 {
	t.Helper()
	scale := column.DataType().(*arrow.Decimal128Type).Scale
	value, err := column.Value(i).Rescale(scale, 2)
	if err != nil {
		t.Fatalf("decimal with scale %d does not fit hundredths: %v", scale, err)
	}
	return int64(value.LowBits())
}

// byID orders rows by id.
func byID(rows []Row) []Row {
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.ID, b.ID) })
	return rows
}
