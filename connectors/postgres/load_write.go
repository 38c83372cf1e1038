package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
	"leat/record"
)

// Write takes over the batch and sends its rows.
func (l *load) Write(ctx context.Context, target, part int, batch record.Batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	handed := false
	defer func() {
		if !handed {
			batch.Release()
		}
	}()
	it := l.items[target]
	if l.ended || !it.announced {
		return &connectors.Error{Kind: connectors.Internal, Message: fmt.Sprintf("rows for %s came before their schema or after the end", it.target.Table)}
	}
	if err := l.ready(ctx, it, batch.Layout()); err != nil {
		return err
	}
	if l.writers != nil {
		err := l.writers.hand(ctx, part, batch)
		handed = err == nil
		return err
	}
	return l.send(ctx, it, part, batch)
}

// ready makes sure that the target's COPY takes rows.
func (l *load) ready(ctx context.Context, it *item, layout record.Layout) error {
	if l.open == it {
		return nil
	}
	if err := l.finishCopy(ctx); err != nil {
		return err
	}
	if it.plan == nil {
		if err := l.prepare(ctx, it, layout); err != nil {
			return err
		}
	}
	if l.writers != nil || it.sifts() {
		return nil
	}
	if err := l.s.command(ctx, searchPathOfRole); err != nil { // until the COPY ends
		return err
	}
	stream, err := startCopy(ctx, l.s, it.copySQL())
	if err != nil {
		return l.writeError(ctx, it, err)
	}
	it.copy, l.open = stream, it
	crashpoint.Reach("load.copy_open")
	return nil
}

// prepare chooses the lane, builds the plan and makes the tables that it needs.
func (l *load) prepare(ctx context.Context, it *item, layout record.Layout) error {
	chosen, err := it.match.chooseLane(it.schema, layout)
	if err != nil {
		return err
	}
	chosen.extra, chosen.extras = it.extraFields(l.id.Run, time.Now())
	plan, err := l.planLoad(ctx, it)
	if err != nil {
		return err
	}
	if err := l.beginApplying(ctx); err != nil {
		return err
	}
	it.lane, it.plan = chosen, plan
	if len(plan.Hidden) > 0 {
		if err := l.hide(ctx, it, plan); err != nil {
			return err
		}
		l.writers.start(ctx, chosen)
	}
	s := l.s.about("prepare the load of "+it.stream.Table.String(), it.stream.Table, strings.Join(rights(it.target.Mode), ", "))
	return l.underPolicies(ctx, it, func() error {
		return s.asRole(ctx, func() error { return plan.RunSetup(ctx, s.working(it.target.Limits)) })
	})
}

// applyingSettings begin the applying transaction. A COPY waits for the source without any
// limit but the batch's; the memory lets keys be counted and rows be staged without
// temporary files where the load is small.
func applyingSettings(version int) string {
	begin := "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = 0; " +
		"SET LOCAL work_mem = '64MB'; SET LOCAL temp_buffers = '32MB'"
	if version >= pgwire.SinceIdleTimeout {
		begin += "; SET LOCAL idle_in_transaction_session_timeout = 0"
	}
	return begin
}

// beginApplying opens the one transaction of the load.
func (l *load) beginApplying(ctx context.Context) error {
	if l.begun {
		return nil
	}
	if err := l.s.command(ctx, applyingSettings(l.d.version)); err != nil {
		return err
	}
	l.begun = true
	crashpoint.Reach("load.begun")
	return nil
}

// underPolicies runs work with row security on where the target has policies. Insert
// alone gets there: a row that a policy refuses is an error, none is hidden.
func (l *load) underPolicies(ctx context.Context, it *item, work func() error) error {
	if it.have == nil || !it.have.RowSecurity {
		return work()
	}
	if err := l.s.command(ctx, "SET LOCAL row_security = on"); err != nil {
		return err
	}
	if err := work(); err != nil {
		return err
	}
	return l.s.command(ctx, "SET LOCAL row_security = off")
}

// copySQL is the COPY of a target.
func (it *item) copySQL() string {
	options := "FORMAT binary"
	if it.plan.Freeze && !it.sifts() { // a savepoint did not make the table
		options += ", FREEZE true"
	}
	return copyInto(it.plan.CopyInto, it.plan.CopyColumns, options)
}

// send turns the batch into tuples and writes them.
func (l *load) send(ctx context.Context, it *item, part int, batch record.Batch) error {
	before := it.places.Next(part, batch.Rows())
	tuples, rows, rejects, err := it.lane.tuples(batch, it.documents)
	if err != nil {
		return pgwire.MapError(ctx, err, pgwire.Attempt{Doing: "encode rows for " + it.stream.Table.String()})
	}
	gone := rising(rejects)
	if err := l.reject(ctx, it, sqlload.Placed(rejects, before, part, it.parts)); err != nil {
		return err
	}
	it.bytes += int64(batch.Bytes())
	if rows == 0 {
		return nil
	}
	if it.sifts() {
		refused, err := l.sift(ctx, it, tuples)
		if err != nil {
			return err
		}
		it.sent += int64(rows - len(refused))
		crashpoint.Reach("load.batch_written")
		return l.reject(ctx, it, sqlload.Placed(sqlload.Among(refused, gone), before, part, it.parts))
	}
	if err := l.ready(ctx, it, batch.Layout()); err != nil { // writing rejects may have ended the COPY
		return err
	}
	if err := it.copy.write(ctx, tuples, it.batchLimit()); err != nil {
		return l.writeError(ctx, it, err)
	}
	it.sent += int64(rows)
	crashpoint.Reach("load.batch_written")
	return nil
}

func (it *item) batchLimit() time.Duration {
	if it.target.Limits.Batch > 0 {
		return it.target.Limits.Batch
	}
	return defaultBatch
}

// finishCopy ends the open COPY and adds its count.
func (l *load) finishCopy(ctx context.Context) error {
	it := l.open
	if it == nil {
		return nil
	}
	l.open = nil
	rows, err := it.copy.finish(ctx, it.batchLimit(), l.checking(it))
	if err != nil {
		return l.writeError(ctx, it, err)
	}
	it.copied += rows
	return l.s.command(ctx, searchPathOfOurs)
}

// checking is how long the end of a COPY may take that triggers and foreign keys of a table
// concern; 0 where there is nothing of that kind.
func (l *load) checking(it *item) time.Duration {
	if it.plan.Direct && it.have != nil {
		return l.s.working(it.target.Limits).patience.total()
	}
	return 0
}

// writeError maps an error of COPY. The COPY is over, and the transaction with it.
func (l *load) writeError(ctx context.Context, it *item, err error) error {
	l.open = nil
	return l.loadError(ctx, it, "load rows into "+it.stream.Table.String(), err)
}

// loadError maps an error of the applying session. A newer load ends it in the same way
// as a server that is shut down or a person who has the right to.
func (l *load) loadError(ctx context.Context, it *item, doing string, err error) error {
	if isState(err, "57P01") {
		return &connectors.Error{
			Kind: connectors.Conflict, Retryable: true, Cause: err,
			Message: fmt.Sprintf("the server ended the session that loads %s: a newer load has taken over, or the server was shut down", it.stream.Table),
			Fix:     "Nothing was written by this load; run it again if it is still wanted.",
		}
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(server.TableName, "_leat_") {
		server.TableName = it.stream.Table.Name // which the table of our own will become
	}
	if it.plan != nil {
		err = withColumn(err, it.plan.CopyColumns)
	}
	return pgwire.MapError(ctx, err, pgwire.Attempt{Doing: doing, User: l.s.attempt.User, Table: it.stream.Table, Rights: strings.Join(rights(it.target.Mode), ", ")})
}

// extraFields encodes _loaded_at and _run_id, which end every tuple.
func (it *item) extraFields(run string, now time.Time) (extra []byte, count int) {
	for _, field := range it.match.spec.Fields {
		if !field.Meta {
			continue
		}
		count++
		if field.Column == sqlload.RunID {
			extra = append(binary.BigEndian.AppendUint32(extra, uint32(len(run))), run...)
			continue
		}
		extra = binary.BigEndian.AppendUint32(extra, 8)
		extra = binary.BigEndian.AppendUint64(extra, uint64(serverMicros(now)))
	}
	return extra, count
}

// serverEpoch is where the server's clock begins.
var serverEpoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// serverMicros is a time as the server's timestamps hold it.
func serverMicros(t time.Time) int64 { return t.UnixMicro() - serverEpoch.UnixMicro() }
