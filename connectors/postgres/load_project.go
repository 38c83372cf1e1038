package postgres

import (
	"encoding/binary"
	"encoding/json"
	"errors"

	"leat/connectors/sqlload"
	"leat/record"
	"leat/record/pgbinary"
)

// errTuple is the error of bytes that are no tuples; the reader made them.
var errTuple = errors.New("the binary rows are damaged")

// project copies tuples without the fields that are not kept, with those that go into
// narrower columns as they are there, and with the extra ones. Tuples that need none of it
// are returned as they are. A row with a value that does not fit is a reject.
func (l *lane) project(tuples []byte, kept []bool, narrow []pgbinary.Narrow) ([]byte, []sqlload.Rejected, error) {
	if kept == nil && narrow == nil && l.extras == 0 {
		return tuples, nil, nil
	}
	out := l.out[:0]
	var rejects []sqlload.Rejected
	for row := 0; len(tuples) > 0; row++ {
		start := len(out)
		next, size, reject, err := copyFields(out, tuples, kept, narrow)
		if err != nil {
			return nil, nil, err
		}
		if reject != nil {
			document := looseTuple(l.layout.Fields, tuples[2:size])
			rejects = append(rejects, sqlload.Rejected{Reject: record.Reject{Row: row, Column: l.targetName(reject.field), Reason: reject.problem}, Document: document})
			out = next[:start]
		} else {
			out = l.complete(next, start)
		}
		tuples = tuples[size:]
	}
	l.out = out
	return out, rejects, nil
}

// complete ends the tuple that starts at a place with the extra fields.
func (l *lane) complete(out []byte, start int) []byte {
	out = append(out, l.extra...)
	if l.ordered {
		out = binary.BigEndian.AppendUint32(out, 8)
		out = binary.BigEndian.AppendUint64(out, uint64(l.next))
		l.next++
	}
	fields := binary.BigEndian.Uint16(out[start:])
	binary.BigEndian.PutUint16(out[start:], fields+uint16(l.extras))
	return out
}

// misfit is the first field of a tuple that does not fit.
type misfit struct {
	field   int
	problem string
}

// copyFields appends the first of the tuples, field by field, and returns its size.
// Neighbours that stay as they are go in one piece.
func copyFields(out, tuples []byte, kept []bool, narrow []pgbinary.Narrow) (_ []byte, size int, _ *misfit, _ error) {
	if len(tuples) < 2 {
		return nil, 0, nil, errTuple
	}
	fields := int(binary.BigEndian.Uint16(tuples))
	count, stay := len(out), 0
	out = append(out, 0, 0)
	var bad *misfit
	from, at := 2, 2 // what lies between them is still to be copied
	for i := range fields {
		size, err := fieldSize(tuples[at:])
		if err != nil {
			return nil, 0, nil, err
		}
		switch {
		case kept != nil && !kept[i]:
			out = append(out, tuples[from:at]...)
			from = at + size
		case narrow != nil && narrow[i] != nil && !isNull(tuples[at:]) && bad == nil:
			var problem string
			out = append(out, tuples[from:at]...)
			if out, problem = appendNarrow(out, tuples[at+4:at+size], narrow[i]); problem != "" {
				bad = &misfit{field: i, problem: problem}
			}
			from = at + size
			stay++
		default:
			stay++
		}
		at += size
	}
	out = append(out, tuples[from:at]...)
	binary.BigEndian.PutUint16(out[count:], uint16(stay))
	return out, at, bad, nil
}

// appendNarrow appends one field with its length as it is in a narrower type.
func appendNarrow(out, value []byte, narrow pgbinary.Narrow) ([]byte, string) {
	at := len(out)
	out, problem := narrow(append(out, 0, 0, 0, 0), value)
	binary.BigEndian.PutUint32(out[at:], uint32(len(out)-at-4))
	return out, problem
}

// isNull tells the length -1, which is NULL's.
func isNull(field []byte) bool { return field[0]&0x80 != 0 }

// targetName is the name of the target's column that a field of the tuples goes into.
func (l *lane) targetName(field int) string {
	at := 0
	for i := range field {
		if l.kept == nil || l.kept[i] {
			at++
		}
	}
	return l.goals[at].Name
}

// looseTuple writes the fields of a tuple as a JSON object for people to look at. More
// values may follow them.
func looseTuple(fields []pgbinary.Field, tuple []byte) string {
	values := make(map[string]any, len(fields))
	for _, field := range fields {
		size, err := fieldSize(tuple)
		if err != nil {
			return ""
		}
		values[field.Name] = nil
		if !isNull(tuple) {
			values[field.Name] = pgbinary.LooseJSON(field, tuple[4:size])
		}
		tuple = tuple[size:]
	}
	document, err := json.Marshal(values)
	if err != nil {
		return ""
	}
	return string(document)
}

// fieldSize is the size of the first field with its length.
func fieldSize(tuples []byte) (int, error) {
	if len(tuples) < 4 {
		return 0, errTuple
	}
	size := int(int32(binary.BigEndian.Uint32(tuples)))
	if size < 0 {
		return 4, nil
	}
	if len(tuples) < 4+size {
		return 0, errTuple
	}
	return 4 + size, nil
}
