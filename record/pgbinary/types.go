package pgbinary

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/extensions"

	"leat/record"
)

// Type is a type of a server: its object id and type modifier (-1 when there is none).
// The zero Type is no type.
type Type struct {
	OID    uint32
	Typmod int32
}

// ParseType reads the name of a built-in type as format_type prints it, for example
// "numeric(12,2)", "character varying(20)[]" or "timestamp(3) with time zone"; the
// usual short names work as well. It returns false for every other type: its object id
// differs from server to server.
func ParseType(name string) (Type, bool) {
	name = strings.TrimSpace(name)
	element, isArray := strings.CutSuffix(name, "[]")
	base, modifier, hasModifier := cutModifier(element)
	b, ok := builtinNamed(base)
	if !ok || isArray && b.array == 0 {
		return Type{}, false
	}
	t := Type{OID: b.oid, Typmod: -1}
	switch {
	case hasModifier:
		if t.Typmod, ok = parseModifier(b.mod, modifier); !ok {
			return Type{}, false
		}
	case base == "character" || base == "char" || base == "bit":
		t.Typmod, _ = parseModifier(b.mod, "1") // SQL gives these the length 1
	}
	if isArray {
		t.OID = b.array
	}
	return t, true
}

// cutModifier takes "timestamp(3) with time zone" apart into the name without the
// modifier and the modifier.
func cutModifier(name string) (base, modifier string, ok bool) {
	open := strings.IndexByte(name, '(')
	closing := strings.LastIndexByte(name, ')')
	if open < 0 || closing < open {
		if fields, found := strings.CutPrefix(name, "interval "); found {
			return "interval", fields, true
		}
		return name, "", false
	}
	base = strings.TrimSpace(name[:open]) + name[closing+1:]
	if fields, found := strings.CutPrefix(base, "interval "); found { // "interval day to second(3)"
		return "interval", fields + "(" + name[open+1:closing] + ")", true
	}
	return base, name[open+1 : closing], true
}

func builtinNamed(name string) (builtin, bool) {
	if full, ok := aliases[name]; ok {
		name = full
	}
	for _, b := range builtins {
		if b.name == name {
			return b, true
		}
	}
	return builtin{}, false
}

// lookup finds a built-in type or the element of a built-in array.
func lookup(oid uint32) (b builtin, isArray, ok bool) {
	for _, b := range builtins {
		if b.oid == oid {
			return b, false, true
		}
		if b.array == oid {
			return b, true, true
		}
	}
	return builtin{}, false, false
}

// String names a built-in type as format_type does; other types are "type <oid>".
func (t Type) String() string {
	b, isArray, ok := lookup(t.OID)
	if !ok {
		return "type " + strconv.FormatUint(uint64(t.OID), 10)
	}
	name := withModifier(b, t.Typmod)
	if isArray {
		name += "[]"
	}
	return name
}

// Element returns the element type of a built-in array type.
func (t Type) Element() (Type, bool) {
	b, isArray, ok := lookup(t.OID)
	if !ok || !isArray {
		return Type{}, false
	}
	return Type{OID: b.oid, Typmod: t.Typmod}, true
}

// Portable tells whether the binary form of the type means the same at every server.
// It does for built-in types but the few that hold object ids. It does not for types
// that users or extensions made: their own object id, and the ones inside arrays,
// ranges and composites, belong to one database. Such columns travel as text.
func (t Type) Portable() bool {
	b, _, ok := lookup(t.OID)
	return ok && !b.bound
}

// Copies tells whether every value of the type goes from one server to another in its
// binary form: the type is portable, and servers take each value that they send.
func (t Type) Copies() bool {
	b, _, ok := lookup(t.OID)
	return ok && !b.bound && !b.partial
}

// sinceScales is the first server version with numerics whose scale lies below 0 or above
// the precision.
const sinceScales = 150_000

// Since returns the first server version (140000 for 14) that has the built-in type; 0
// when every supported one does.
func (t Type) Since() int {
	b, _, _ := lookup(t.OID)
	if precision, scale, ok := numericModifiers(t.Typmod); ok && b.oid == OIDNumeric && (scale < 0 || scale > precision) {
		return sinceScales
	}
	return b.since
}

// Logical returns the logical type of a type and a note when there is something to say
// about it.
func (t Type) Logical() (arrow.DataType, string) {
	if logical, ok := plainLogical[t.OID]; ok {
		return logical, ""
	}
	switch t.OID {
	case OIDNumeric:
		return numericLogical(t.Typmod)
	case OIDUUID:
		return record.UUID(), ""
	case OIDJSON, OIDJSONB:
		return record.JSON(), ""
	}
	if _, _, ok := lookup(t.OID); ok {
		return record.Text, fmt.Sprintf("%s travels as text", t)
	}
	return record.Text, "a type of this database travels as text"
}

var plainLogical = map[uint32]arrow.DataType{
	OIDBool: record.Bool, OIDInt2: record.Int16, OIDInt4: record.Int32, OIDInt8: record.Int64,
	OIDFloat4: record.Float32, OIDFloat8: record.Float64, OIDBytea: record.Binary,
	OIDText: record.Text, OIDVarchar: record.Text, OIDBpchar: record.Text, OIDName: record.Text, OIDChar: record.Text,
	OIDDate: record.Date, OIDTime: record.Time, OIDTimestamp: record.Timestamp, OIDTimestamptz: record.TimestampTZ,
}

// numericLogical keeps declared numbers exact and sends all others as text.
func numericLogical(typmod int32) (arrow.DataType, string) {
	precision, scale, ok := numericModifiers(typmod)
	if !ok {
		return record.Text, "numeric without a declared precision travels as text, exactly"
	}
	switch {
	case scale < 0: // numeric(5,-2) holds up to seven digits, none behind the point
		precision, scale = precision-scale, 0
	case scale > precision: // numeric(3,5) holds 0.00ddd
		precision = scale
	}
	if precision > record.MaxPrecision {
		return record.Text, fmt.Sprintf("numeric with more than %d digits travels as text, exactly", record.MaxPrecision)
	}
	return record.Decimal(precision, scale), ""
}

// NativeFor returns the type that a column of a logical type gets in a new table.
func NativeFor(logical arrow.DataType) string {
	switch t := logical.(type) {
	case *extensions.UUIDType:
		return "uuid"
	case *extensions.JSONType:
		return "jsonb"
	case *arrow.Decimal128Type:
		return fmt.Sprintf("numeric(%d,%d)", t.Precision, t.Scale)
	case *arrow.TimestampType:
		if t.TimeZone == "" {
			return "timestamp without time zone"
		}
		return "timestamp with time zone"
	}
	switch logical.ID() {
	case arrow.BOOL:
		return "boolean"
	case arrow.INT8, arrow.INT16, arrow.UINT8:
		return "smallint"
	case arrow.INT32, arrow.UINT16:
		return "integer"
	case arrow.INT64, arrow.UINT32:
		return "bigint"
	case arrow.FLOAT32:
		return "real"
	case arrow.FLOAT64:
		return "double precision"
	case arrow.BINARY:
		return "bytea"
	case arrow.DATE32:
		return "date"
	case arrow.TIME64:
		return "time without time zone"
	default:
		return "text"
	}
}
