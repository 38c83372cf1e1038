package record

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/extensions"
)

// Column is one column of a dataset or a table.
type Column struct {
	// Name is the column's name, exactly as its system spells it.
	Name string
	// Type is the logical type: one of the types that this package's functions make.
	Type arrow.DataType
	// Nullable is false only where the system guarantees it.
	Nullable bool
	// Native is the type in the words of the system, for example "numeric(12,2)".
	Native string
	// Note says what the reader should know about this column's type, for example
	// that an unknown type travels as text; empty when there is nothing to say.
	Note string
	// Number says of a column that travels as text that its values are decimal numbers,
	// NaN and infinities, written with digits, a sign and a point.
	Number bool
}

// Schema is the ordered list of columns and the key.
type Schema struct {
	Columns []Column
	// Key names the columns that identify a row, in order: the primary key, else a unique
	// index over columns that are never NULL; empty when there is none.
	Key []string
	// KeyLoose says that the system does not enforce the key over all rows that are read,
	// as in a table that is read together with its inheritance children.
	KeyLoose bool
}

// metaNative is the Arrow field metadata key of the native type.
const metaNative = "leat.native"

// Arrow returns the schema as Arrow fields, the native type in their metadata.
func (s Schema) Arrow() *arrow.Schema {
	fields := make([]arrow.Field, len(s.Columns))
	for i, column := range s.Columns {
		fields[i] = arrow.Field{Name: column.Name, Type: column.Type, Nullable: true}
		if column.Native != "" {
			fields[i].Metadata = arrow.NewMetadata([]string{metaNative}, []string{column.Native})
		}
	}
	return arrow.NewSchema(fields, nil)
}

// Column returns the column of that name.
func (s Schema) Column(name string) (Column, bool) {
	if i := s.Index(name); i >= 0 {
		return s.Columns[i], true
	}
	return Column{}, false
}

// Index returns the position of the column of that name, or -1.
func (s Schema) Index(name string) int {
	return slices.IndexFunc(s.Columns, func(c Column) bool { return c.Name == name })
}

// Names lists the column names in order.
func (s Schema) Names() []string {
	names := make([]string, len(s.Columns))
	for i, column := range s.Columns {
		names[i] = column.Name
	}
	return names
}

// Select returns the schema with only the named columns, in the order of names. The
// key stays when all its columns stay. An unknown name is an error that lists none of
// the data, only the name.
func (s Schema) Select(names []string) (Schema, error) {
	if len(names) == 0 {
		return s, nil
	}
	out := Schema{Columns: make([]Column, 0, len(names)), KeyLoose: s.KeyLoose}
	for _, name := range names {
		column, ok := s.Column(name)
		if !ok {
			return Schema{}, fmt.Errorf("there is no column %q", name)
		}
		out.Columns = append(out.Columns, column)
	}
	if !slices.ContainsFunc(s.Key, func(k string) bool { return !slices.Contains(names, k) }) {
		out.Key = s.Key
	}
	return out, nil
}

// The logical types that travel. Anything else travels as Text with a Note.
var (
	Bool        arrow.DataType = arrow.FixedWidthTypes.Boolean
	Int16       arrow.DataType = arrow.PrimitiveTypes.Int16
	Int32       arrow.DataType = arrow.PrimitiveTypes.Int32
	Int64       arrow.DataType = arrow.PrimitiveTypes.Int64
	Float32     arrow.DataType = arrow.PrimitiveTypes.Float32
	Float64     arrow.DataType = arrow.PrimitiveTypes.Float64
	Text        arrow.DataType = arrow.BinaryTypes.String
	Binary      arrow.DataType = arrow.BinaryTypes.Binary
	Date        arrow.DataType = arrow.PrimitiveTypes.Date32
	Time        arrow.DataType = arrow.FixedWidthTypes.Time64us
	Timestamp   arrow.DataType = &arrow.TimestampType{Unit: arrow.Microsecond}
	TimestampTZ arrow.DataType = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
)

// MaxPrecision is the largest number of decimal digits that Decimal holds.
const MaxPrecision = 38

// Decimal is an exact number with at most precision digits, scale of them behind the
// point. Numbers without a declared precision, or with more than MaxPrecision digits,
// travel as Text: exact beats convenient.
func Decimal(precision, scale int32) arrow.DataType {
	return &arrow.Decimal128Type{Precision: precision, Scale: scale}
}

// UUID is the canonical Arrow extension type for UUIDs (16 bytes).
func UUID() arrow.DataType { return extensions.NewUUIDType() }

// JSON is the canonical Arrow extension type for JSON text.
func JSON() arrow.DataType {
	t, err := extensions.NewJSONType(arrow.BinaryTypes.String)
	if err != nil { // the storage type is a constant that the extension accepts
		panic(err)
	}
	return t
}
