package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
	"leat/record"
)

// partRows is the room in the order column for the rows of one part.
const partRows = 1 << 48

// writers fill the hidden table of a load, each by one COPY in a transaction of its own.
// Whichever is free takes the next batch; the read order is in the rows.
type writers struct {
	load  *load
	it    *item
	table connectors.Table
	all   []*writer
	ready chan placed
	// rows counts those of each part.
	rows []int64
	// ctx ends with the first failure, which is its cause.
	ctx    context.Context //nolint:containedctx // the life of the writers, which spans calls of Write
	cancel context.CancelCauseFunc
	group  sync.WaitGroup
	copied atomic.Int64
}

// writer is one session and its own buffers.
type writer struct {
	s    *session
	lane lane
}

// placed is a batch with the place of its first row in the read order.
type placed struct {
	batch record.Batch
	first int64
}

// connect opens the sessions under the name of the applying one, so that a newer load
// ends them all.
func (w *writers) connect(ctx context.Context, count int) error {
	l := w.load
	for range count {
		conn, err := l.c.connect(ctx, l.sessionName(w.it, w.it.state.Fence), loadSession([]connectors.Target{w.it.target}))
		if err != nil {
			return err
		}
		w.all = append(w.all, &writer{s: &session{conn: conn, patience: l.s.patience, attempt: l.s.attempt}})
	}
	return nil
}

// start lets the writers take batches.
func (w *writers) start(ctx context.Context, chosen lane) {
	w.ready = make(chan placed)
	w.rows = make([]int64, w.it.parts)
	w.ctx, w.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	columns := w.it.plan.CopyColumns
	if chosen.ordered = !w.it.plan.Direct; chosen.ordered {
		chosen.extras++
		columns = append(columns[:len(columns):len(columns)], orderColumn)
	}
	sql := copyInto(w.it.plan.CopyInto, columns, "FORMAT binary")
	for _, one := range w.all {
		one.lane = chosen
		w.group.Go(func() { //nolint:contextcheck // writers go on after the call that starts them
			if err := w.fill(one, sql); err != nil {
				w.cancel(w.load.loadError(context.WithoutCancel(w.ctx), w.it, "load rows into "+w.it.stream.Table.String(), err))
			}
		})
	}
}

// hand gives a batch to the next free writer, which releases it. Without an error the
// batch is theirs.
func (w *writers) hand(ctx context.Context, part int, batch record.Batch) error {
	if part < 0 || part >= len(w.rows) {
		return &connectors.Error{Kind: connectors.Internal, Message: fmt.Sprintf("rows for %s came from part %d of %d", w.it.target.Table, part, len(w.rows))}
	}
	rows, bytes := int64(batch.Rows()), int64(batch.Bytes())
	select {
	case w.ready <- placed{batch: batch, first: int64(part)*partRows + w.rows[part]}:
	case <-w.ctx.Done():
		return context.Cause(w.ctx) //nolint:contextcheck // the writers' own end
	case <-ctx.Done():
		return pgwire.MapError(ctx, ctx.Err(), pgwire.Attempt{Doing: "load rows into " + w.it.stream.Table.String()})
	}
	w.rows[part] += rows
	w.it.sent, w.it.bytes = w.it.sent+rows, w.it.bytes+bytes
	return nil
}

// fill copies batches until there are no more, and commits.
func (w *writers) fill(one *writer, sql string) error {
	if err := one.s.command(w.ctx, applyingSettings(w.load.d.version)+"; "+searchPathOfRole); err != nil {
		return err
	}
	stream, err := startCopy(w.ctx, one.s, sql)
	if err != nil {
		return err
	}
	for {
		select {
		case <-w.ctx.Done():
			stream.abort()
			return context.Cause(w.ctx)
		case next, more := <-w.ready:
			if !more {
				return w.settle(one, stream)
			}
			if err := w.send(one, stream, next); err != nil {
				stream.abort()
				return err
			}
		}
	}
}

// send copies one batch.
func (w *writers) send(one *writer, stream *copyStream, next placed) (err error) {
	defer connectors.Caught(w.load.c.env.Log, &err)
	defer next.batch.Release()
	one.lane.next = next.first
	tuples, _, rejects, err := one.lane.tuples(next.batch, nil)
	if err != nil {
		return pgwire.MapError(w.ctx, err, pgwire.Attempt{Doing: "encode rows for " + w.it.stream.Table.String()})
	}
	if len(rejects) > 0 { // none is allowed here
		placed := sqlload.Placed(rejects[:1], next.first%partRows, int(next.first/partRows), len(w.rows))
		return (&sqlload.Rejects{}).Add(w.it.stream, placed[0])
	}
	if err := stream.write(w.ctx, tuples, w.it.batchLimit()); err != nil {
		return err
	}
	crashpoint.Reach("load.writer_batch")
	return nil
}

// settle ends a writer's COPY and commits its rows, which nobody sees yet.
func (w *writers) settle(one *writer, stream *copyStream) error {
	rows, err := stream.finish(w.ctx, w.it.batchLimit(), 0)
	if err != nil {
		return err
	}
	w.copied.Add(rows)
	return one.s.working(w.it.target.Limits).command(w.ctx, "COMMIT")
}

// finish waits until every writer has committed.
func (w *writers) finish(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { w.cancel(context.Cause(ctx)) })
	defer stop()
	close(w.ready)
	w.group.Wait()
	if err := context.Cause(w.ctx); err != nil { //nolint:contextcheck // the writers' own end
		return pgwire.MapError(ctx, err, pgwire.Attempt{Doing: "load rows into " + w.it.stream.Table.String()})
	}
	w.it.copied = w.copied.Load()
	w.close(ctx)
	crashpoint.Reach("load.writers_done")
	return nil
}

// abort ends the writers at once.
func (w *writers) abort(ctx context.Context) {
	if w.cancel != nil {
		w.cancel(errAborted)
		w.group.Wait()
	}
	w.close(ctx)
}

func (w *writers) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	for _, one := range w.all {
		_ = one.s.conn.Close(ctx) // the server rolls back what is open when the connection goes
	}
	w.all = nil
}

// finishWriters ends the parallel writers where there are some.
func (l *load) finishWriters(ctx context.Context) error {
	if l.writers == nil {
		return nil
	}
	return l.writers.finish(ctx)
}

// dropHidden removes the hidden table of a load that is given up. The load's own session
// may be gone; then another one does it, and if that fails the next load's janitor.
func (l *load) dropHidden(ctx context.Context) error {
	sql := "DROP TABLE IF EXISTS " + quoteTable(l.writers.table)
	if !l.s.conn.IsClosed() {
		if err := l.s.ddl(ctx, sql); err == nil || !l.s.conn.IsClosed() {
			return err
		}
	}
	conn, err := l.c.connect(ctx, l.c.env.Application, pgwire.Session{})
	if err != nil {
		return err
	}
	s := &session{conn: conn, patience: l.s.patience, attempt: l.s.attempt}
	return errors.Join(s.ddl(ctx, sql), conn.Close(ctx))
}

// copyInto is a COPY of quoted table and columns to be quoted.
func copyInto(table string, columns []string, options string) string {
	quoted := make([]string, len(columns))
	for i, column := range columns {
		quoted[i] = pgwire.Quote(column)
	}
	return "COPY " + table + " (" + strings.Join(quoted, ", ") + ") FROM STDIN (" + options + ")"
}
