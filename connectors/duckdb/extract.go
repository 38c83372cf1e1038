package duckdb

import (
	"context"
	"errors"
	"io"
	"time"

	"leat/connectors"
	"leat/internal/crashpoint"
	"leat/internal/duck"
)

// batchLimits bound the batches of a read.
var batchLimits = duck.Limits{Rows: 16_384, Bytes: 4 << 20, Row: connectors.MaxRowBytes}

const beginReading = "BEGIN TRANSACTION READ ONLY"

// reader is one read: one snapshot over all selections.
type reader struct {
	handle     *handle
	selections []connectors.Selection
	snapshot   time.Time
	// at is the selection being read; rows are open once its schema was yielded.
	at   int
	rows source
	// window and count belong to the open rows.
	window window
	count  int64
	closed bool
}

// Read opens one snapshot over all selections.
func (c *connection) Read(ctx context.Context, selections []connectors.Selection, _ connectors.Want) (connectors.Read, error) {
	h, err := c.acquire(ctx, c.flow, reading)
	if err != nil {
		return nil, err
	}
	r := &reader{handle: h, selections: selections}
	if err := r.begin(ctx); err != nil {
		return nil, errors.Join(mapError(err, "begin reading"), h.release())
	}
	return r, nil
}

// begin opens the transaction. Its snapshot is taken by the first statement in it.
func (r *reader) begin(ctx context.Context) error {
	if _, err := r.handle.conn.Exec(ctx, beginReading); err != nil {
		return err
	}
	rows, err := r.handle.conn.Values(ctx, "SELECT now(), (SELECT count(*) FROM duckdb_tables())")
	if err != nil {
		return err
	}
	r.snapshot, _ = rows[0][0].(time.Time)
	return nil
}

// Next yields schema, batches and checkpoint of one selection after the other.
func (r *reader) Next(ctx context.Context) (connectors.Event, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Event{}, err
	}
	if r.closed || r.rows == nil && r.at == len(r.selections) {
		return connectors.Event{}, io.EOF
	}
	if r.rows == nil {
		return r.start(ctx)
	}
	batch, err := r.rows.Next(ctx, batchLimits)
	if errors.Is(err, io.EOF) {
		return r.finish(), nil
	}
	if err != nil {
		return connectors.Event{}, mapError(err, "read "+r.selections[r.at].Dataset.String())
	}
	r.count += int64(batch.Rows())
	crashpoint.Reach("read.batch")
	return connectors.Event{Dataset: r.at, Batch: batch}, nil
}

// start runs the query of the next selection and announces its schema.
func (r *reader) start(ctx context.Context) (connectors.Event, error) {
	selection := r.selections[r.at]
	relation, err := findRelation(ctx, r.handle.conn, selection.Dataset)
	if err != nil {
		return connectors.Event{}, err
	}
	if r.window, err = findWindow(ctx, r.handle.conn, relation, selection); err != nil {
		return connectors.Event{}, err
	}
	if err := relation.pick(selection.Columns); err != nil {
		return connectors.Event{}, err
	}
	if r.rows, err = openSource(ctx, r.handle, relation, r.window, selection.Limit); err != nil {
		return connectors.Event{}, mapError(err, "read "+selection.Dataset.String())
	}
	r.count = 0
	schema := relation.schema()
	return connectors.Event{Dataset: r.at, Schema: &schema}, nil
}

// finish ends a selection with its checkpoint.
func (r *reader) finish() connectors.Event {
	r.rows.Close()
	r.rows = nil
	event := connectors.Event{Dataset: r.at, Checkpoint: &connectors.Checkpoint{Position: r.window.next, Snapshot: r.snapshot, Rows: r.count}}
	r.at++
	return event
}

// Close ends the snapshot. It is safe to call twice.
func (r *reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	if r.rows != nil {
		r.rows.Close()
	}
	return r.handle.release()
}
