package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/pgwire"
)

// minPartPages is the least number of blocks of a part: below, one more session costs
// more than it brings.
const minPartPages = 2048

// parts says in how many ranges of blocks a plan is read. Ranges of ctid are scanned as
// ranges by servers from version 14 on, and only heap tables have them.
func (p planner) parts(out plan) int {
	if out.selection.Parts < 2 || out.selection.Limit > 0 || pgwire.ServerVersion(p.conn.PgConn()) < pgwire.SinceTidRanges {
		return 1
	}
	return int(max(1, min(int64(out.selection.Parts), out.relation.pages/minPartPages)))
}

// blockRange is the condition of one part. The last has no end, so that no row is left out
// when the table grew since it was measured.
func (p *plan) blockRange(part int) string {
	first := p.relation.pages * int64(part) / int64(p.parts)
	condition := fmt.Sprintf("ctid OPERATOR(pg_catalog.>=) '(%d,0)'::pg_catalog.tid", first)
	if part < p.parts-1 {
		condition += fmt.Sprintf(" AND ctid OPERATOR(pg_catalog.<) '(%d,0)'::pg_catalog.tid", p.relation.pages*int64(part+1)/int64(p.parts))
	}
	return condition
}

// partStreams reads the parts of one dataset from sessions that share the snapshot of
// the read. Each part has a goroutine that keeps one batch ready; the batches are taken
// in turn, so that the order of the rows does not depend on who is quick.
type partStreams struct {
	streams []*stream
	conns   []*pgx.Conn
	ready   []chan partEvent
	done    []bool
	turn    int
	// ctx is the life of the read.
	ctx   context.Context //nolint:containedctx // the goroutines span calls of next
	group sync.WaitGroup
	log   *slog.Logger
}

// partEvent is what a part yields next.
type partEvent struct {
	event connectors.Event
	err   error
}

// startParts opens one session per part. A standby, whose snapshots not all versions
// export, is read in one part.
func (r *read) startParts(ctx context.Context, p *plan) (source, error) {
	var standby bool
	var snapshot string
	if _, err := r.conn.Exec(ctx, searchPathOfOurs, pgx.QueryExecModeSimpleProtocol); err != nil { // the dataset before had the role's
		return nil, r.failed(ctx, err, p)
	}
	err := r.conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&standby)
	if err == nil && standby {
		return r.startWhole(ctx, p)
	}
	if err == nil {
		err = r.conn.QueryRow(ctx, "SELECT pg_export_snapshot()").Scan(&snapshot)
	}
	if err != nil {
		return nil, r.failed(ctx, err, p)
	}
	parts := &partStreams{done: make([]bool, p.parts), ctx: r.ctx, log: r.connection.env.Log}
	for part := range p.parts {
		conn, err := r.joinSnapshot(ctx, snapshot)
		if err != nil {
			_ = parts.close() // the first error counts
			return nil, err
		}
		parts.conns = append(parts.conns, conn)
		parts.streams = append(parts.streams, newStream(r.ctx, r.cancel, conn.PgConn(), p, p.statementWhere(p.blockRange(part))))
	}
	parts.run()
	return parts, nil
}

// joinSnapshot opens a session that sees exactly what the read sees.
func (r *read) joinSnapshot(ctx context.Context, snapshot string) (*pgx.Conn, error) {
	conn, err := r.connection.connect(ctx, r.connection.env.Application, pgwire.Session{})
	if err != nil {
		return nil, err
	}
	// SET takes no parameters; the server's own name for the snapshot needs no quotes, but
	// a hostile server could send anything.
	begin := "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '" + strings.ReplaceAll(snapshot, "'", "''") + "'; " +
		pgwire.Session{}.LocalStatements(conn.PgConn()) + "; " + searchPathOfRole
	if _, err := conn.Exec(ctx, begin, pgx.QueryExecModeSimpleProtocol); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx)) // the first error counts
		return nil, snapshotError(r.connection.mapError(ctx, err, "share the snapshot"))
	}
	return conn, nil
}

// run lets every part read ahead.
func (s *partStreams) run() {
	for _, one := range s.streams {
		ready := make(chan partEvent)
		s.ready = append(s.ready, ready)
		s.group.Go(func() { s.pump(one, ready) })
	}
}

// pump reads a part until its end, an error or the end of the read.
func (s *partStreams) pump(one *stream, ready chan<- partEvent) {
	for {
		event, err := s.read(one)
		select {
		case ready <- partEvent{event, err}:
		case <-s.ctx.Done():
			if event.Batch != nil {
				event.Batch.Release()
			}
			return
		}
		if err != nil {
			return
		}
	}
}

// read is the next step of a part.
func (s *partStreams) read(one *stream) (event connectors.Event, err error) {
	defer connectors.Caught(s.log, &err)
	return one.next(s.ctx)
}

// next takes the next batch of the part whose turn it is.
func (s *partStreams) next(ctx context.Context) (connectors.Event, error) {
	for range s.streams {
		part := s.turn
		s.turn = (s.turn + 1) % len(s.streams)
		if s.done[part] {
			continue
		}
		got, err := s.take(ctx, part)
		if err == io.EOF { //nolint:errorlint // an error that wraps it tells of a broken connection
			s.done[part] = true
			continue
		}
		got.Part = part
		return got, err
	}
	if err := s.close(); err != nil {
		return connectors.Event{}, err
	}
	return connectors.Event{}, io.EOF
}

// take waits for a part.
func (s *partStreams) take(ctx context.Context, part int) (connectors.Event, error) {
	select {
	case got := <-s.ready[part]:
		return got.event, got.err
	case <-ctx.Done():
		return connectors.Event{}, ctx.Err()
	case <-s.ctx.Done():
		return connectors.Event{}, s.ctx.Err()
	}
}

// close ends all statements and sessions. It may be called again. Where a part has not
// come to its end, the read is over already, which ends the goroutines.
func (s *partStreams) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	for i, one := range s.streams {
		if !s.done[i] {
			one.cancel()
		}
	}
	s.group.Wait()
	var failures []error
	for i, conn := range s.conns {
		if i < len(s.streams) && !s.done[i] {
			_ = s.streams[i].close() // a statement that was stopped ends with an error of its own
		}
		failures = append(failures, conn.Close(ctx))
	}
	s.conns = nil
	return errors.Join(failures...)
}
