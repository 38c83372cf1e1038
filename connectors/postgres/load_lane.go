package postgres

import (
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
	// narrow are the checks of raw fields that go into narrower columns, by the place among
	// all fields, nil for the others; nil when there is none. layout is that of the tuples.
	narrow []pgbinary.Narrow
	layout *pgbinary.Layout
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
	narrow, checks := make([]pgbinary.Narrow, len(layout.Fields)), false
	at := 0
	for i, field := range layout.Fields {
		if i >= len(m.kept) || !m.kept[i] {
			continue
		}
		goal := m.goals[at].Target
		switch {
		case goal.Takes(field):
		case m.goals[at].narrow:
			if narrow[i] = pgbinary.Narrower(pgbinary.Type{OID: field.OID, Typmod: field.Typmod}, goal.Type); narrow[i] == nil {
				return false
			}
			checks = true
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
	l.goals, l.layout = goals, layout
	if checks {
		l.narrow = narrow
	}
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
			if m.goals[at].narrow {
				return uncheckable(column, goal)
			}
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

// uncheckable is the error of values that come in a form in which they cannot be checked.
func uncheckable(column record.Column, goal pgbinary.Target) error {
	return &connectors.Error{
		Kind: connectors.Config, Message: fmt.Sprintf("the values of the column %q come as %s, and cannot be checked to fit into %s", column.Name, record.TypeName(column.Type), goal.Type),
		Fix: "Convert the column in a query at the source, or make the target's column as wide as the source's.",
	}
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
		out, rejects, err := l.project(rows.Tuples(), l.kept, l.narrow)
		return out, batch.Rows() - len(rejects), rejects, err
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
	return out, int(rows.NumRows()) - len(more), append(undecoded(batch, rejects), sqlload.Among(withRows(rows, more), rejects)...), err
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
	out, _, err := l.project(encoded, nil, nil)
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
