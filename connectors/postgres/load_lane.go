package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/record"
	"leat/record/pgbinary"
)

// lane is how the batches of one target become tuples.
type lane struct {
	// raw tuples go through untouched, or with some fields left out.
	raw bool
	// json makes one document of each row.
	json bool
	// kept says which fields stay; nil when all do.
	kept []bool
	// goals are the columns that tuples are written to, staging columns of type text
	// among them; those that Leat fills are not.
	goals []pgbinary.Target
	// extra are encoded fields that end every tuple, extras their number.
	extra  []byte
	extras int
	// ordered says that each tuple ends with its place in the read order, of which next is
	// the one to give; it is one of the extras.
	ordered bool
	next    int64
	// encoder is for Arrow batches; made with the first one.
	encoder *pgbinary.Encoder
	encoded []byte
	out     []byte
}

// textGoal is a staging column of type text.
func textGoal(name string) pgbinary.Target {
	return pgbinary.Target{Name: name, Type: pgbinary.Type{OID: pgbinary.OIDText, Typmod: -1}}
}

// chooseLane decides how batches of that layout travel, and marks the fields that are
// staged as text.
func (m *match) chooseLane(schema record.Schema, layout record.Layout) (lane, error) {
	if m.spec.Target.Layout == connectors.LayoutRaw {
		return lane{json: true}, nil
	}
	l := lane{}
	if slices.Contains(m.kept, false) {
		l.kept = m.kept
	}
	if binaryRows, ok := layout.(*pgbinary.Layout); ok && m.takesRaw(&l, binaryRows) {
		l.raw = true
		return l, nil
	}
	return l, m.encodes(&l, schema)
}

// takesRaw tells whether all kept fields can go in untouched.
func (m *match) takesRaw(l *lane, layout *pgbinary.Layout) bool {
	goals, texts := []pgbinary.Target{}, make([]bool, len(m.spec.Fields))
	at := 0
	for i, field := range layout.Fields {
		if i >= len(m.kept) || !m.kept[i] {
			continue
		}
		goal := m.goals[at].Target
		switch {
		case goal.Takes(field):
		case (m.goals[at].text || !goal.Copies()) && textGoal(goal.Name).Takes(field):
			goal, texts[at] = textGoal(goal.Name), true
		default:
			return false
		}
		goals = append(goals, goal)
		at++
	}
	if len(layout.Fields) != len(m.kept) {
		return false
	}
	m.setText(texts)
	l.goals = goals
	return true
}

// encodes prepares the encoding of Arrow columns.
func (m *match) encodes(l *lane, schema record.Schema) error {
	texts, at := make([]bool, len(m.spec.Fields)), 0
	for i, column := range schema.Columns {
		if !m.kept[i] {
			continue
		}
		goal := m.goals[at].Target
		if !pgbinary.CanEncode(column.Type, goal) {
			goal, texts[at] = textGoal(goal.Name), true
			if !pgbinary.CanEncode(column.Type, goal) {
				return &connectors.Error{
					Kind: connectors.Config, Message: fmt.Sprintf("the column %q (%s) cannot be stored as %s", column.Name, record.TypeName(column.Type), m.goals[at].Type),
					Fix: "Convert the column in a query at the source, or leave it out.",
				}
			}
		}
		l.goals = append(l.goals, goal)
		at++
	}
	m.setText(texts)
	return nil
}

func (m *match) setText(texts []bool) {
	for i := range m.spec.Fields {
		m.spec.Fields[i].Text = texts[i]
	}
}

// tuples turns a batch into tuples, which stay valid until the next call, and counts
// them. Rows that could not be turned are rejects.
func (l *lane) tuples(batch record.Batch, documents func(arrow.RecordBatch) ([]byte, []record.Reject, error)) ([]byte, int, []sqlload.Rejected, error) {
	if rows, ok := batch.(*pgbinary.Batch); ok && l.raw {
		out, err := l.project(rows.Tuples(), l.kept)
		return out, batch.Rows(), nil, err
	}
	if l.raw {
		return nil, 0, nil, errors.New("the layout of the batches changed")
	}
	rows, rejects, err := batch.Arrow()
	if err != nil {
		return nil, 0, nil, err
	}
	encode := l.encode
	if l.json {
		encode = documents
	}
	out, more, err := encode(rows)
	return out, int(rows.NumRows()) - len(more), append(sqlload.Undecoded(rejects), withRows(rows, more)...), err
}

// encode turns the kept columns into tuples.
func (l *lane) encode(rows arrow.RecordBatch) ([]byte, []record.Reject, error) {
	rows = l.pick(rows)
	defer rows.Release()
	if l.encoder == nil {
		encoder, err := pgbinary.NewEncoder(rows.Schema(), l.goals)
		if err != nil {
			return nil, nil, err
		}
		l.encoder = encoder
	}
	encoded, rejects, err := l.encoder.Append(l.encoded[:0], rows)
	if err != nil {
		return nil, nil, err
	}
	l.encoded = encoded
	out, err := l.project(encoded, nil)
	return out, rejects, err
}

// pick leaves out the columns that are not loaded.
func (l *lane) pick(rows arrow.RecordBatch) arrow.RecordBatch {
	if l.kept == nil {
		rows.Retain()
		return rows
	}
	var fields []arrow.Field
	var columns []arrow.Array
	for i, keep := range l.kept {
		if keep {
			fields, columns = append(fields, rows.Schema().Field(i)), append(columns, rows.Column(i))
		}
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, rows.NumRows())
}

// errTuple is the error of bytes that are no tuples; the reader made them.
var errTuple = errors.New("the binary rows are damaged")

// project copies tuples without the fields that are not kept and with the extra ones.
// Tuples that need neither are returned as they are.
func (l *lane) project(tuples []byte, kept []bool) ([]byte, error) {
	if kept == nil && l.extras == 0 {
		return tuples, nil
	}
	out := l.out[:0]
	for len(tuples) > 0 {
		if len(tuples) < 2 {
			return nil, errTuple
		}
		fields := int(binary.BigEndian.Uint16(tuples))
		tuples = tuples[2:]
		count := len(out)
		out = append(out, 0, 0)
		stay := 0
		for i := range fields {
			size, err := fieldSize(tuples)
			if err != nil {
				return nil, err
			}
			if kept == nil || kept[i] {
				out = append(out, tuples[:size]...)
				stay++
			}
			tuples = tuples[size:]
		}
		out = append(out, l.extra...)
		if l.ordered {
			out = binary.BigEndian.AppendUint32(out, 8)
			out = binary.BigEndian.AppendUint64(out, uint64(l.next))
			l.next++
		}
		binary.BigEndian.PutUint16(out[count:], uint16(stay+l.extras))
	}
	l.out = out
	return out, nil
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
