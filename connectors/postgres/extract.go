package postgres

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/pgwire"
)

// Read opens one snapshot over all selections. The statements are made before it
// returns, so that a wrong column or a missing right shows at once; rows flow only when
// Next is called.
func (c *connection) Read(ctx context.Context, selections []connectors.Selection, want connectors.Want) (connectors.Read, error) {
	conn, err := c.connect(ctx, c.env.Application, pgwire.Session{})
	if err != nil {
		return nil, err
	}
	// The read outlives the call that opens it; Next and Close bring their own limits.
	readCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &read{connection: c, conn: conn, ctx: readCtx, cancel: cancel}
	if err := r.open(ctx, selections, want); err != nil {
		_ = r.Close() // the first error counts
		return nil, err
	}
	return r, nil
}

// read is one snapshot and the datasets that are read from it, one after another.
type read struct {
	connection *connection
	conn       *pgx.Conn
	ctx        context.Context //nolint:containedctx // the life of the statement, which spans calls of Next
	cancel     context.CancelFunc
	snapshot   time.Time
	plans      []plan
	current    int
	source     source // of the current dataset; nil before its schema was yielded
	rows       int64  // yielded of the current dataset
	failure    error  // what ended the read
}

// source yields the batches of one dataset, then io.EOF.
type source interface {
	next(ctx context.Context) (connectors.Event, error)
	close() error
}

// open begins the transaction and plans all selections inside it.
func (r *read) open(ctx context.Context, selections []connectors.Selection, want connectors.Want) error {
	begin := "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; " + pgwire.Session{}.LocalStatements(r.conn.PgConn())
	if _, err := r.conn.Exec(ctx, begin, pgx.QueryExecModeSimpleProtocol); err != nil {
		return r.connection.mapError(ctx, err, "begin reading")
	}
	// The first statement takes the snapshot; its own time lies just before that.
	if err := r.conn.QueryRow(ctx, "SELECT statement_timestamp()").Scan(&r.snapshot); err != nil {
		return r.connection.mapError(ctx, err, "take a snapshot")
	}
	p := planner{conn: r.conn, user: r.connection.config.User, want: want}
	for i, selection := range selections {
		planned, err := p.plan(ctx, i, selection)
		if err != nil {
			return err
		}
		r.plans = append(r.plans, planned)
	}
	return nil
}

// Next yields the schema, the batches and the checkpoint of each dataset, then io.EOF.
func (r *read) Next(ctx context.Context) (connectors.Event, error) {
	if r.failure != nil {
		return connectors.Event{}, r.failure
	}
	event, err := r.step(ctx)
	if err != nil {
		r.failure = err
	}
	return event, err
}

func (r *read) step(ctx context.Context) (connectors.Event, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Event{}, r.connection.mapError(ctx, err, "read")
	}
	if r.current == len(r.plans) {
		return connectors.Event{}, r.end(ctx)
	}
	p := &r.plans[r.current]
	if r.source == nil {
		source, err := r.start(ctx, p)
		if err != nil {
			return connectors.Event{}, err
		}
		r.source, r.rows = source, 0
		event := connectors.Event{Dataset: r.current, Schema: &p.layout.Schema, Parts: 1}
		if parted, ok := source.(*partStreams); ok {
			event.Parts = len(parted.streams)
		}
		return event, nil
	}
	event, err := r.source.next(ctx)
	if err == io.EOF { //nolint:errorlint // our own sources return exactly io.EOF
		return r.checkpoint(p), nil
	}
	if err != nil {
		return connectors.Event{}, r.failed(ctx, err, p)
	}
	event.Dataset = r.current
	r.rows += int64(event.Batch.Rows())
	return event, nil
}

// start begins to read one dataset.
func (r *read) start(ctx context.Context, p *plan) (source, error) {
	if p.parts > 1 {
		return r.startParts(ctx, p)
	}
	return r.startWhole(ctx, p)
}

// startWhole reads a dataset in the session of the snapshot.
func (r *read) startWhole(ctx context.Context, p *plan) (source, error) {
	if _, err := r.conn.Exec(ctx, searchPathOfRole, pgx.QueryExecModeSimpleProtocol); err != nil {
		return nil, r.failed(ctx, err, p)
	}
	return newStream(r.ctx, r.cancel, r.conn.PgConn(), p, p.statement()), nil
}

// checkpoint closes a dataset whose last row was yielded.
func (r *read) checkpoint(p *plan) connectors.Event {
	event := connectors.Event{Dataset: r.current, Checkpoint: &connectors.Checkpoint{
		Position: p.positionAfter(r.rows), Snapshot: r.snapshot, Rows: r.rows,
	}}
	r.source = nil
	r.current++
	return event
}

// end proves that the snapshot lived until the last row.
func (r *read) end(ctx context.Context) error {
	if _, err := r.conn.Exec(ctx, "COMMIT", pgx.QueryExecModeSimpleProtocol); err != nil {
		return r.connection.mapError(ctx, err, "end reading")
	}
	return io.EOF
}

func (r *read) failed(ctx context.Context, err error, p *plan) error {
	return p.relation.readError(ctx, err, r.connection.config.User)
}

// closeTimeout bounds the goodbye to the server.
const closeTimeout = 2 * time.Second

// Close ends the statement that may still run, and the session.
func (r *read) Close() error {
	if r.conn == nil {
		return nil
	}
	r.cancel()
	if r.source != nil {
		_ = r.source.close() // a statement that was stopped ends with an error of its own
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := r.conn.Close(ctx)
	r.conn = nil
	if r.failure == nil {
		r.failure = fmt.Errorf("read: closed")
	}
	if err != nil && r.failure == io.EOF { //nolint:errorlint // step returns exactly io.EOF
		return r.connection.mapError(ctx, err, "close the reading session")
	}
	return nil
}
