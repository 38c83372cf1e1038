package pgbinary

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"

	"leat/record"
)

// Encoder turns Arrow batches into tuples for given target columns. It belongs to one
// goroutine.
type Encoder struct {
	targets []Target
}

// NewEncoder returns an encoder for batches of that schema; field i goes into target i.
// It fails when a logical type cannot be stored in its target's type: see CanEncode.
func NewEncoder(schema *arrow.Schema, targets []Target) (*Encoder, error) {
	if schema.NumFields() != len(targets) {
		return nil, fmt.Errorf("encode rows: %d columns for %d targets", schema.NumFields(), len(targets))
	}
	for i, target := range targets {
		if logical := schema.Field(i).Type; !CanEncode(logical, target) {
			return nil, fmt.Errorf("column %q: %s cannot be stored as %s", target.Name, record.TypeName(logical), target.Type)
		}
	}
	return &Encoder{targets: targets}, nil
}

// CanEncode tells whether values of a logical type have a binary form for the target.
// Numbers may be out of the target's range; such rows become rejects.
func CanEncode(logical arrow.DataType, target Target) bool {
	return findEncoder(logical, target) != nil
}

// Append appends one tuple per row to dst and returns it with the rows that could not
// be encoded; those leave no tuple. The row numbers of rejects count the batch's rows.
func (e *Encoder) Append(dst []byte, rows arrow.RecordBatch) ([]byte, []record.Reject, error) {
	columns, err := e.bind(rows)
	if err != nil {
		return dst, nil, err
	}
	var rejects []record.Reject
	for row := range int(rows.NumRows()) {
		start := len(dst)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(columns)))
		for i, column := range columns {
			var problem string
			if dst, problem = column.append(dst, row); problem != "" {
				rejects = append(rejects, record.Reject{Row: row, Column: e.targets[i].Name, Reason: problem})
				dst = dst[:start]
				break
			}
		}
	}
	return dst, rejects, nil
}

// column encodes the values of one Arrow array.
type column struct {
	array arrow.Array
	value valueEncoder
}

// valueEncoder appends the binary form of one value. A problem is a reason in words.
type valueEncoder func(dst []byte, row int) (out []byte, problem string)

func (e *Encoder) bind(rows arrow.RecordBatch) ([]column, error) {
	if int(rows.NumCols()) != len(e.targets) {
		return nil, fmt.Errorf("encode rows: %d columns for %d targets", rows.NumCols(), len(e.targets))
	}
	columns := make([]column, len(e.targets))
	for i, target := range e.targets {
		values := rows.Column(i)
		find := findEncoder(values.DataType(), target)
		if find == nil {
			return nil, fmt.Errorf("column %q: %s cannot be stored as %s", target.Name, record.TypeName(values.DataType()), target.Type)
		}
		columns[i] = column{array: values, value: find(values, target)}
	}
	return columns, nil
}

// append writes the length and the value, or the mark of NULL.
func (c column) append(dst []byte, row int) ([]byte, string) {
	if c.array.IsNull(row) {
		return append(dst, 0xff, 0xff, 0xff, 0xff), ""
	}
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst, problem := c.value(dst, row)
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst, problem
}

// maker makes the encoder of one array.
type maker func(values arrow.Array, target Target) valueEncoder

// findEncoder returns nil when the pair has no encoder.
func findEncoder(logical arrow.DataType, target Target) maker {
	switch logical.(type) {
	case *extensions.UUIDType:
		return pick(target, map[uint32]maker{OIDUUID: uuidBytes, OIDText: uuidText, OIDVarchar: uuidText})
	case *extensions.JSONType:
		return textMaker(target)
	}
	switch logical.ID() {
	case arrow.BOOL:
		return pick(target, map[uint32]maker{OIDBool: boolByte, OIDText: formatted, OIDVarchar: formatted})
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64:
		return integerMaker(target)
	case arrow.FLOAT32, arrow.FLOAT64:
		return pick(target, map[uint32]maker{OIDFloat4: floatTo4, OIDFloat8: floatTo8, OIDText: formatted, OIDVarchar: formatted})
	case arrow.DECIMAL128:
		return pick(target, map[uint32]maker{
			OIDNumeric: decimalNumber, OIDInt2: decimalNumber, OIDInt4: decimalNumber, OIDInt8: decimalNumber,
			OIDFloat4: decimalNumber, OIDFloat8: decimalNumber, OIDText: formatted, OIDVarchar: formatted,
		})
	case arrow.STRING, arrow.LARGE_STRING:
		return textMaker(target)
	case arrow.BINARY, arrow.LARGE_BINARY:
		return pick(target, map[uint32]maker{OIDBytea: rawBytes})
	case arrow.DATE32:
		return pick(target, map[uint32]maker{OIDDate: dateDays, OIDTimestamp: dateMicros, OIDText: formatted, OIDVarchar: formatted})
	case arrow.TIME64:
		return pick(target, map[uint32]maker{OIDTime: timeMicros, OIDText: formatted, OIDVarchar: formatted})
	case arrow.TIMESTAMP:
		return timestampMaker(logical.(*arrow.TimestampType), target)
	default:
		return nil
	}
}

func pick(target Target, makers map[uint32]maker) maker {
	if target.Enum {
		return nil
	}
	return makers[target.OID]
}

// textMaker picks the encoder of texts: as they are, with jsonb's version before, or as
// the number that they are.
func textMaker(target Target) maker {
	switch {
	case target.Enum:
		return plainText
	case target.From.OID == OIDNumeric && narrowNumeric(target.Type) != nil:
		return textNumber
	}
	return map[uint32]maker{
		OIDText: plainText, OIDVarchar: limitedText, OIDBpchar: limitedText, OIDName: limitedText,
		OIDJSON: jsonText, OIDJSONB: jsonbText, OIDChar: charByte,
	}[target.OID]
}

func integerMaker(target Target) maker {
	return pick(target, map[uint32]maker{
		OIDInt2: integerNumber, OIDInt4: integerNumber, OIDInt8: integerNumber, OIDFloat4: integerNumber, OIDFloat8: integerNumber,
		OIDNumeric: integerNumber, OIDText: formatted, OIDVarchar: formatted,
	})
}

func timestampMaker(t *arrow.TimestampType, target Target) maker {
	makers := map[uint32]maker{OIDTimestamp: timestampMicros, OIDText: formatted, OIDVarchar: formatted}
	if t.TimeZone != "" {
		delete(makers, OIDTimestamp)
		makers[OIDTimestamptz] = timestampMicros
	}
	return pick(target, makers)
}

// texts is what the Arrow arrays of texts share.
type texts interface{ Value(row int) string }

// textsOf looks through the JSON extension to the texts.
func textsOf(values arrow.Array) texts {
	if extended, ok := values.(array.ExtensionArray); ok {
		values = extended.Storage()
	}
	return values.(texts)
}
