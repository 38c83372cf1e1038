package duck

import (
	"context"
	"fmt"
	"io"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	bindings "github.com/duckdb/duckdb-go-bindings"

	"leat/record"
)

// Rows streams the result of a query. DuckDB computes it while it is read.
type Rows struct {
	conn     *Conn
	prepared bindings.PreparedStatement
	result   bindings.Result
	schema   record.Schema
	readers  []readColumn

	chunk bindings.DataChunk
	// size and at are the rows of the chunk and how many of them have been read.
	size, at int
	// step is how many rows of the chunk are read at once.
	step int
	// ended says that DuckDB gave no more chunks; it must not be asked again.
	ended, closed bool
	// placed says that the last column is the row id, which is no part of the rows; place
	// is that of the row read last.
	placed bool
	place  int64
	// failed is what ended the query behind rows that had yet to be given.
	failed error
}

// init learns the columns of the result.
func (r *Rows) init() error {
	count := bindings.ColumnCount(&r.result)
	for i := range count {
		logical := bindings.ColumnLogicalType(&r.result, i)
		name := bindings.ColumnName(&r.result, i)
		t, read, err := reader(name, logical)
		bindings.DestroyLogicalType(&logical)
		if err != nil {
			return err
		}
		r.schema.Columns = append(r.schema.Columns, record.Column{Name: name, Type: t, Nullable: true})
		r.readers = append(r.readers, read)
	}
	if r.placed {
		last := len(r.readers) - 1
		r.schema.Columns, r.readers = r.schema.Columns[:last], r.readers[:last]
	}
	return nil
}

// Place returns the row id of the row read last in a query of QueryPlaced.
func (r *Rows) Place() int64 { return r.place }

// Schema returns the columns with the types they travel in.
func (r *Rows) Schema() record.Schema { return r.schema }

// Limits bound a batch. A batch has at least one row.
type Limits struct {
	Rows, Bytes int
	// Row bounds the bytes of the texts of one row, where it is not 0.
	Row int
}

// Next returns the next batch, or io.EOF, which proves that the query ran to its end.
// Rows with a value that its Arrow type cannot hold are rejects of the batch. Rows that
// came before memory ran out are given first.
func (r *Rows) Next(ctx context.Context, limits Limits) (record.Batch, error) {
	if r.failed != nil {
		return nil, r.failed
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, r.schema.Arrow())
	defer builder.Release()
	var rejects []record.Reject
	count, bytes := 0, 0
	for count < limits.Rows && bytes < limits.Bytes {
		ok, err := r.fetch(ctx, limits)
		if err != nil && (count == 0 || !noMemory(err)) {
			return nil, err
		}
		r.failed = err
		if !ok {
			break
		}
		n := min(r.step, r.size-r.at, limits.Rows-count)
		size, bad := r.read(builder, n)
		for _, reject := range bad {
			reject.Row += count
			rejects = append(rejects, reject)
		}
		bytes += size
		count += n
	}
	if count == 0 {
		return nil, io.EOF
	}
	return record.WithRejects(builder.NewRecordBatch(), rejects)
}

// read appends n rows of the chunk to the builder. It returns their size and the rows
// that cannot be held, counted from the first of the n.
func (r *Rows) read(builder *array.RecordBuilder, n int) (int, []record.Reject) {
	bytes := 0
	var rejects []record.Reject
	for i, read := range r.readers {
		v := view(bindings.DataChunkGetVector(r.chunk, bindings.IdxT(i)), r.at, n)
		size, bad := read(builder.Field(i), v)
		bytes += size
		for _, row := range bad {
			rejects = append(rejects, record.Reject{Row: row, Column: r.schema.Columns[i].Name, Reason: record.NotRepresentable(r.schema.Columns[i].Type)})
		}
	}
	r.at += n
	if r.placed {
		r.place = values[int64](view(bindings.DataChunkGetVector(r.chunk, bindings.IdxT(len(r.readers))), r.at-1, 1))[0]
	}
	return bytes, rejects
}

// fetch makes sure that the chunk has unread rows; false without an error means the
// proven end.
func (r *Rows) fetch(ctx context.Context, limits Limits) (bool, error) {
	for r.at >= r.size && !r.ended {
		bindings.DestroyDataChunk(&r.chunk)
		if err := r.conn.guard(ctx, r.fetchChunk); err != nil {
			return false, err
		}
		if r.chunk.Ptr == nil {
			r.ended, r.at, r.size = true, 0, 0
			break
		}
		r.at, r.size = 0, int(bindings.DataChunkGetSize(r.chunk))
		if err := r.measure(limits); err != nil {
			return false, err
		}
	}
	return !r.ended, nil
}

// fetchChunk takes the next chunk. DuckDB returns none at the end and none after an
// error; only the error's text tells them apart.
func (r *Rows) fetchChunk() error {
	r.chunk = bindings.FetchChunk(r.result)
	if r.chunk.Ptr == nil && bindings.ResultError(&r.result) != "" {
		return resultError(&r.result)
	}
	return nil
}

// measure spreads the chunk over so many reads that wide rows keep to the byte limit, and
// refuses rows that are too wide.
func (r *Rows) measure(limits Limits) error {
	total := 0
	for i, column := range r.schema.Columns {
		if isText(column.Type) {
			total += textBytes(r.view(i))
		}
	}
	r.step = max(r.size, 1)
	if total > limits.Bytes {
		r.step = max(1, int(int64(r.size)*int64(limits.Bytes)/int64(total)))
	}
	if limits.Row == 0 || total <= limits.Row {
		return nil
	}
	return r.refuseWide(limits.Row)
}

// refuseWide sums the texts of each row.
func (r *Rows) refuseWide(limit int) error {
	widths := make([]int, r.size)
	for i, column := range r.schema.Columns {
		if isText(column.Type) {
			addLengths(widths, r.view(i))
		}
	}
	for _, width := range widths {
		if width > limit {
			return &Error{Kind: TooWide, Message: fmt.Sprintf("a row is larger than %d bytes", limit)}
		}
	}
	return nil
}

// view is a whole column of the chunk.
func (r *Rows) view(column int) vector {
	return view(bindings.DataChunkGetVector(r.chunk, bindings.IdxT(column)), 0, r.size)
}

// Close frees the result. It is safe to call twice.
func (r *Rows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	bindings.DestroyDataChunk(&r.chunk)
	bindings.DestroyResult(&r.result)
	bindings.DestroyPrepare(&r.prepared)
}

// vector is a part of a column of a chunk.
type vector struct {
	data  unsafe.Pointer
	at, n int
	// valid is nil when no row is NULL.
	valid []bool
}

// view makes a vector of n rows from row at on.
func view(v bindings.Vector, at, n int) vector {
	out := vector{data: bindings.VectorGetData(v), at: at, n: n}
	mask := bindings.VectorGetValidity(v)
	if mask == nil {
		return out
	}
	words := unsafe.Slice((*uint64)(mask), (at+n+63)/64)
	out.valid = make([]bool, n)
	for i := range n {
		out.valid[i] = words[(at+i)/64]&(1<<((at+i)%64)) != 0
	}
	return out
}

// isNull says whether row i of the vector is NULL.
func (v vector) isNull(i int) bool { return v.valid != nil && !v.valid[i] }

// values returns the vector's rows as a slice over DuckDB's memory.
func values[T any](v vector) []T {
	return unsafe.Slice((*T)(v.data), v.at+v.n)[v.at:]
}

// isText says whether values of the type have no fixed size.
func isText(t arrow.DataType) bool {
	if extension, ok := t.(arrow.ExtensionType); ok {
		t = extension.StorageType()
	}
	return t.ID() == arrow.STRING || t.ID() == arrow.BINARY
}
