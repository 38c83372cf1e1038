package postgres

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/record/pgbinary"
)

// Bounds of a batch. A row that is larger than batchBytes makes a batch of its own.
const (
	batchBytes = 1 << 20
	batchRows  = 20_000
)

// buffers are the bytes of batches that were released.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, batchBytes+batchBytes/8); return &b }}

func takeBuffer() []byte { return (*buffers.Get().(*[]byte))[:0] }

// giveBuffer keeps buffers of ordinary size; one that grew for a huge row goes.
func giveBuffer(b []byte) {
	if cap(b) <= 4*batchBytes {
		b = b[:0]
		buffers.Put(&b)
	}
}

// stream reads the rows of one statement.
type stream struct {
	ctx       context.Context //nolint:containedctx // the life of the statement, which spans calls of next
	cancel    context.CancelFunc
	conn      *pgconn.PgConn
	layout    *pgbinary.Layout
	statement statement
	result    *pgconn.ResultReader
	rows      int64
	done      bool
}

// newStream prepares to run the statement; the first next sends it.
func newStream(ctx context.Context, cancel context.CancelFunc, conn *pgconn.PgConn, p *plan, s statement) *stream {
	return &stream{ctx: ctx, cancel: cancel, conn: conn, layout: p.layout, statement: s}
}

// binaryResults asks for all columns in binary form.
var binaryResults = []int16{1}

// next returns the next batch, or io.EOF when the server has said that the last row was
// sent and their number agrees.
func (s *stream) next(ctx context.Context) (connectors.Event, error) {
	stop := context.AfterFunc(ctx, s.cancel)
	defer stop()
	s.send()
	if s.done {
		return connectors.Event{}, io.EOF
	}
	tuples, rows := s.fill(takeBuffer())
	s.rows += int64(rows)
	if rows > 0 && !s.done {
		return connectors.Event{Batch: pgbinary.NewBatch(s.layout, tuples, rows, giveBuffer)}, nil
	}
	if err := s.finish(); err != nil {
		giveBuffer(tuples)
		return connectors.Event{}, err
	}
	if rows == 0 {
		giveBuffer(tuples)
		return connectors.Event{}, io.EOF
	}
	return connectors.Event{Batch: pgbinary.NewBatch(s.layout, tuples, rows, giveBuffer)}, nil
}

// send sends the statement and waits for the description of its rows.
func (s *stream) send() {
	if s.result == nil {
		s.result = s.conn.ExecParams(s.ctx, s.statement.sql, s.statement.values, s.statement.oids, nil, binaryResults)
	}
}

// fill copies rows until a bound is reached or the server has no more. Rows are taken
// off the wire in one piece; the driver reads whatever comes between them.
func (s *stream) fill(tuples []byte) ([]byte, int) {
	tap, rows := pgwire.TapOf(s.conn), 0
	for {
		var taken int
		tuples, taken = tap.Take(tuples, len(s.layout.Fields), batchBytes, batchRows-rows)
		rows += taken
		if rows == batchRows || len(tuples) >= batchBytes {
			return tuples, rows
		}
		if !s.result.NextRow() {
			s.done = true
			return tuples, rows
		}
		tuples = pgbinary.AppendTuple(tuples, s.result.Values())
		rows++
	}
}

// finish proves the end of the statement.
func (s *stream) finish() error {
	tag, err := s.result.Close()
	if err != nil {
		return err
	}
	if tag.RowsAffected() != s.rows {
		return fmt.Errorf("the server sent %d rows and counted %d", s.rows, tag.RowsAffected())
	}
	return nil
}

// close ends a statement that may still run.
func (s *stream) close() error {
	s.cancel()
	if s.result == nil || s.done {
		return nil
	}
	s.done = true
	_, err := s.result.Close()
	return err
}
