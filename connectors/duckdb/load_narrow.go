package duckdb

import (
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"leat/connectors/sqlload"
	"leat/record"
	"leat/record/pgbinary"
)

// narrower checks the values that go into a narrower column of DuckDB one by one, and makes
// an Arrow column which DuckDB stores there without rounding. What is the same number or
// time in two types is said in one place, pgbinary, so values pass its binary form.
type narrower struct {
	// kept is the place among the loaded columns, source that among the source's.
	kept, source int
	goal         pgbinary.Target
	// makes is the Arrow type of what is appended; low and high are bounds inside it where
	// they differ.
	makes     arrow.DataType
	low, high int64
	// have is the type of DuckDB.
	have    string
	encoder *pgbinary.Encoder
}

// goals are the types of numbers and times in which every value of a type of DuckDB can be
// written, and its bounds where they are tighter.
var goals = map[string]struct {
	native    string
	low, high int64
}{
	"TINYINT": {"smallint", math.MinInt8, math.MaxInt8}, "UTINYINT": {"smallint", 0, math.MaxUint8}, "SMALLINT": {native: "smallint"},
	"USMALLINT": {"integer", 0, math.MaxUint16}, "INTEGER": {native: "integer"}, "UINTEGER": {"bigint", 0, math.MaxUint32}, "BIGINT": {native: "bigint"},
	"UBIGINT": {native: "numeric(20,0)"}, "HUGEINT": {native: "numeric(38,0)"}, "FLOAT": {native: "real"}, "DOUBLE": {native: "double precision"},
	"TIMESTAMP_S": {native: "timestamp(0)"}, "TIMESTAMP_MS": {native: "timestamp(3)"},
	"TIMESTAMP_NS": {"timestamp", -(math.MaxInt64 / 1000), math.MaxInt64 / 1000},
}

// narrowing returns how the values of a source column are checked to fit into a column of a
// type of DuckDB; nil where that is not possible. The kind of the type never changes.
func narrowing(column record.Column, have string) *narrower {
	goal, known := goals[have]
	if strings.HasPrefix(have, "DECIMAL(") {
		goal.native, known = "numeric"+strings.TrimPrefix(have, "DECIMAL"), true
	}
	isTime := column.Type.ID() == arrow.TIMESTAMP
	if !known || isTime != strings.HasPrefix(have, "TIMESTAMP_") {
		return nil
	}
	typ, ok := pgbinary.ParseType(goal.native)
	if !ok {
		return nil
	}
	n := &narrower{goal: pgbinary.Target{Name: column.Name, Type: typ}, low: goal.low, high: goal.high, have: have}
	n.makes, _ = typ.Logical()
	if column.Number {
		n.goal.From = pgbinary.Type{OID: pgbinary.OIDNumeric, Typmod: -1}
	}
	if isText := arrow.TypeEqual(n.makes, record.Text); isText || !pgbinary.CanEncode(column.Type, n.goal) {
		return nil
	}
	return n
}

// narrowers are those of the columns of a match that Fit does not take.
func narrowers(m *sqlload.Match, schema record.Schema, sourceKind string) []*narrower {
	var found []*narrower
	for kept, source := range m.Kept {
		column, field := schema.Columns[source], m.Spec.Fields[kept]
		if ok, _ := fit(column, sourceKind, field.Type); ok {
			continue
		}
		if n := narrowing(column, field.Type); n != nil {
			n.kept, n.source, n.goal.Name = kept, source, field.Column
			found = append(found, n)
		}
	}
	return found
}

// narrowed are the columns of a batch that were checked, by their place among the loaded
// ones, and what became of its rows.
type narrowed struct {
	rows    arrow.RecordBatch
	columns map[int]arrow.Array
	rejects []sqlload.Rejected
}

func (n narrowed) release() {
	n.rows.Release()
	releaseAll(n.columns)
}

func releaseAll(columns map[int]arrow.Array) {
	for _, column := range columns {
		column.Release()
	}
}

// narrow checks the rows of a batch. Those with a value that does not fit are taken out.
func (it *item) narrow(rows arrow.RecordBatch) (narrowed, error) {
	rows.Retain()
	out := narrowed{rows: rows}
	if len(it.narrowers) == 0 {
		return out, nil
	}
	places := make([]int, rows.NumRows())
	for i := range places {
		places[i] = i
	}
	for {
		columns, rejects, err := narrowAll(it.narrowers, out.rows)
		if err != nil {
			out.rows.Release()
			return narrowed{}, err
		}
		if len(rejects) == 0 {
			out.columns = columns
			return out, nil
		}
		for _, reject := range rejects {
			document := record.FormatDocument(out.rows, reject.Row)
			reject.Row = places[reject.Row]
			out.rejects = append(out.rejects, sqlload.Rejected{Reject: reject, Document: document})
		}
		for _, reject := range slices.Backward(rejects) {
			places = slices.Delete(places, reject.Row, reject.Row+1)
		}
		rest, err := record.WithRejects(out.rows, rejects) // releases them
		if err != nil {
			return narrowed{}, err
		}
		if out.rows, _, err = rest.Arrow(); err != nil {
			return narrowed{}, err
		}
	}
}

// narrowAll makes all columns, or returns the rows that the first of them refuses.
func narrowAll(all []*narrower, rows arrow.RecordBatch) (map[int]arrow.Array, []record.Reject, error) {
	columns := map[int]arrow.Array{}
	for _, n := range all {
		column, rejects, err := n.column(rows.Column(n.source), int(rows.NumRows()))
		if err != nil || len(rejects) > 0 {
			releaseAll(columns)
			return nil, rejects, err
		}
		columns[n.kept] = column
	}
	return columns, nil, nil
}

// column makes one column, or returns the rows that it refuses, in order.
func (n *narrower) column(values arrow.Array, rows int) (arrow.Array, []record.Reject, error) {
	schema := arrow.NewSchema([]arrow.Field{{Name: n.goal.Name, Type: values.DataType(), Nullable: true}}, nil)
	if n.encoder == nil {
		encoder, err := pgbinary.NewEncoder(schema, []pgbinary.Target{n.goal})
		if err != nil {
			return nil, nil, err
		}
		n.encoder = encoder
	}
	batch := array.NewRecordBatch(schema, []arrow.Array{values}, int64(rows))
	defer batch.Release()
	tuples, rejects, err := n.encoder.Append(nil, batch)
	if err != nil || len(rejects) > 0 {
		return nil, rejects, err
	}
	layout := &pgbinary.Layout{
		Fields: []pgbinary.Field{{Name: n.goal.Name, OID: n.goal.OID, Typmod: n.goal.Typmod}},
		Schema: record.Schema{Columns: []record.Column{{Name: n.goal.Name, Type: n.makes}}},
	}
	made := pgbinary.NewBatch(layout, tuples, rows, nil)
	defer made.Release()
	decoded, rejects, err := made.Arrow()
	if err != nil || len(rejects) > 0 {
		return nil, rejects, err
	}
	column := decoded.Column(0)
	if rejects := n.outside(column); len(rejects) > 0 {
		return nil, rejects, nil
	}
	column.Retain()
	return column, nil, nil
}

// outside finds the rows that the bounds refuse.
func (n *narrower) outside(column arrow.Array) []record.Reject {
	var rejects []record.Reject
	for row := range column.Len() {
		if column.IsValid(row) && !n.holds(column, row) {
			rejects = append(rejects, record.Reject{Row: row, Column: n.goal.Name, Reason: "the value is out of range for " + n.have})
		}
	}
	return rejects
}

// maxUnsigned is the largest number of 64 bits.
var maxUnsigned = decimal128.FromU64(math.MaxUint64)

func (n *narrower) holds(column arrow.Array, row int) bool {
	var value int64
	switch column := column.(type) {
	case *array.Int16:
		value = int64(column.Value(row))
	case *array.Int32:
		value = int64(column.Value(row))
	case *array.Int64:
		value = column.Value(row)
	case *array.Timestamp:
		value = int64(column.Value(row))
	case *array.Decimal128:
		return n.have != "UBIGINT" || column.Value(row).Sign() >= 0 && !column.Value(row).Greater(maxUnsigned)
	default:
		return true
	}
	return n.low == n.high || value >= n.low && value <= n.high
}
