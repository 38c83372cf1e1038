package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"leat/connectors"
	"leat/record"
)

// A batch has at most batchRows rows and, but for its last row, batchBytes bytes.
const (
	batchRows  = 16_384
	batchBytes = 4 << 20
)

// namedRejects is how many rejects of a dataset name their line. Later ones share one
// reason per column, so that counts by reason stay short.
const namedRejects = 100

// reading is one read over one or many files.
type reading struct {
	files      connectors.Files
	selections []connectors.Selection
	// at is the selection being read.
	at   int
	open *tableReading
}

// Read opens one read. All files are opened when their turn comes.
func (c *connection) Read(ctx context.Context, selections []connectors.Selection, _ connectors.Want) (connectors.Read, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, s := range selections {
		if s.Cursor != "" {
			return nil, &connectors.Error{
				Kind: connectors.Config, Message: fmt.Sprintf("file %q cannot be read by a cursor", s.Dataset.Name),
				Fix: "Remove the cursor; files are read whole.",
			}
		}
		if s.Dataset.Query != "" {
			return nil, &connectors.Error{Kind: connectors.Config, Message: "files cannot be read by a query", Fix: "Name a file."}
		}
	}
	return &reading{files: c.files, selections: selections}, nil
}

// Next yields schema, batches and checkpoint of one file after the other.
func (r *reading) Next(ctx context.Context) (connectors.Event, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Event{}, err
	}
	if r.open == nil {
		if r.at == len(r.selections) {
			return connectors.Event{}, io.EOF
		}
		opened, err := openReading(ctx, r.files, r.selections[r.at])
		if err != nil {
			return connectors.Event{}, err
		}
		r.open = opened
		return connectors.Event{Dataset: r.at, Schema: &opened.schema}, nil
	}
	batch, err := r.open.batch(ctx)
	if err != nil {
		return connectors.Event{}, named(r.open.table.name, err)
	}
	if batch != nil {
		return connectors.Event{Dataset: r.at, Batch: batch}, nil
	}
	event := connectors.Event{Dataset: r.at, Checkpoint: r.open.checkpoint()}
	r.at++
	return event, r.Close()
}

// Close frees the open file. It is safe to call twice.
func (r *reading) Close() error {
	if r.open == nil {
		return nil
	}
	err := r.open.table.close()
	r.open = nil
	return err
}

// tableReading reads the rows of one file.
type tableReading struct {
	table *table
	scan  *scanner
	// schema and columns are what was selected; columns are indexes into a row.
	schema  record.Schema
	columns []int
	width   int
	limit   int64
	// asked holds the types that somebody chose, by column.
	asked map[string]string
	// rows and rejected count what was yielded.
	rows, rejected int64
	started        time.Time
	ended          bool
}

func openReading(ctx context.Context, files connectors.Files, selection connectors.Selection) (*tableReading, error) {
	t, err := openTable(ctx, files, selection.Dataset)
	if err != nil {
		return nil, err
	}
	r := &tableReading{table: t, schema: t.schema, width: len(t.schema.Columns), limit: selection.Limit, asked: selection.Dataset.Types, started: time.Now()}
	if err := r.start(selection); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return r, nil
}

func (r *tableReading) start(selection connectors.Selection) (err error) {
	if len(selection.Columns) > 0 {
		r.schema.Columns = nil
	}
	for _, name := range selection.Columns {
		column, ok := r.table.schema.Column(name)
		if !ok {
			return columnNotFound(selection.Dataset.Name, name)
		}
		r.schema.Columns = append(r.schema.Columns, column)
	}
	for _, column := range r.schema.Columns {
		r.columns = append(r.columns, r.table.schema.Index(column.Name))
	}
	r.scan, err = r.table.layout.open(r.table.source)
	return named(selection.Dataset.Name, err)
}

func (r *tableReading) checkpoint() *connectors.Checkpoint {
	return &connectors.Checkpoint{Snapshot: r.started, Rows: r.rows}
}

// batch reads the next rows; nil means the proven end.
func (r *tableReading) batch(ctx context.Context) (record.Batch, error) {
	b, err := r.newBuild()
	if err != nil {
		return nil, err
	}
	defer b.rows.Release()
	from := r.scan.consumed
	for !r.ended && b.count < batchRows && r.scan.consumed-from < batchBytes {
		if b.count%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if r.ended, err = r.next(b); err != nil {
			return nil, err
		}
	}
	if b.count == 0 {
		return nil, nil
	}
	return record.WithRejects(b.rows.NewRecordBatch(), b.rejects)
}

// next adds one row to the batch, or says that there is none.
func (r *tableReading) next(b *build) (ended bool, err error) {
	if r.limit > 0 && r.rows == r.limit {
		return true, nil
	}
	fields, err := r.scan.row()
	if errors.Is(err, io.EOF) {
		return true, r.table.unchanged()
	}
	if err != nil {
		return false, err
	}
	r.rows++
	r.add(b, fields)
	b.count++
	return false, nil
}

// build is a batch in the making.
type build struct {
	rows    *array.RecordBuilder
	add     []appendValue
	count   int
	rejects []record.Reject
}

func (r *tableReading) newBuild() (*build, error) {
	b := &build{rows: array.NewRecordBuilder(memory.DefaultAllocator, r.schema.Arrow()), add: make([]appendValue, len(r.columns))}
	foreign := decoderOf(r.table.encoding) != nil
	for i, column := range r.schema.Columns {
		_, asked := r.asked[column.Name]
		add, err := appender(b.rows.Field(i), column.Type, foreign, asked)
		if err != nil {
			b.rows.Release()
			return nil, &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf("column %q: %v", column.Name, err), Fix: "Choose another type."}
		}
		b.add[i] = add
	}
	return b, nil
}

// add appends one row. A row that cannot be held is filled up and rejected.
func (r *tableReading) add(b *build, fields []field) {
	if len(fields) != r.width {
		for i := range r.columns {
			b.rows.Field(i).AppendNull()
		}
		r.reject(b, "", fmt.Sprintf("has %d values instead of %d", len(fields), r.width), "has another number of values than the header")
		return
	}
	bad := false
	for i, column := range r.columns {
		f := fields[column]
		if r.table.layout.isNull(f) {
			b.rows.Field(i).AppendNull()
			continue
		}
		if b.add[i](f.text) {
			continue
		}
		b.rows.Field(i).AppendNull()
		if !bad {
			bad = true
			reason := whyNot(r.schema.Columns[i].Type)
			r.reject(b, r.schema.Columns[i].Name, reason, reason)
		}
	}
}

// reject notes the row; the first ones name their line.
func (r *tableReading) reject(b *build, column, reason, shared string) {
	if r.rejected++; r.rejected <= namedRejects {
		shared = fmt.Sprintf("row %d (line %d) %s", r.rows, r.scan.line, reason)
	}
	b.rejects = append(b.rejects, record.Reject{Row: b.count, Column: column, Reason: shared})
}

// whyNot says what a value is not.
func whyNot(t arrow.DataType) string {
	if arrow.TypeEqual(t, record.Text) {
		return "is not valid text in the encoding of the file"
	}
	return "is not a valid " + record.TypeName(t)
}
