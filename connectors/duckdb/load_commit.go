package duckdb

import (
	"context"
	"errors"
	"fmt"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
	"leat/internal/duck"
)

// Commit applies the rows of every target, stores the positions and commits.
func (l *load) Commit(ctx context.Context, closes []connectors.Close) ([]connectors.Report, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended || len(closes) != len(l.items) {
		return nil, &connectors.Error{Kind: connectors.Internal, Message: "a load was committed after its end, or with another number of targets"}
	}
	reports := make([]connectors.Report, len(l.items))
	for i, it := range l.items {
		report, err := l.apply(ctx, it, closes[i])
		if err != nil {
			return nil, err
		}
		reports[i] = report
		crashpoint.Reach("load.applied")
	}
	for i, it := range l.items {
		if err := l.finish(ctx, it, closes[i], reports[i]); err != nil {
			return nil, err
		}
		crashpoint.Reach("load.state_written")
	}
	return reports, l.commit(ctx)
}

// apply stores what was appended and runs the rest of the plan.
func (l *load) apply(ctx context.Context, it *item, end connectors.Close) (connectors.Report, error) {
	if err := l.prepare(ctx, it); err != nil { // no row may have come
		return connectors.Report{}, err
	}
	if err := it.appender.Flush(ctx); err != nil {
		return connectors.Report{}, mapError(err, "append rows to "+it.stream.Table.String())
	}
	if err := l.rejectUnreadable(ctx, it); err != nil {
		return connectors.Report{}, err
	}
	copied, err := l.copied(ctx, it)
	if err != nil {
		return connectors.Report{}, err
	}
	crashpoint.Reach("load.copied")
	report, err := it.plan.Apply(ctx, l.s.about("apply the load of "+it.stream.Table.String()), it.input(copied, end))
	report.RejectReasons = it.rejects.Reasons
	report.Warnings = append(report.Warnings, it.state.Warnings...)
	return report, err
}

// copied counts the rows that DuckDB took: those of the staging table, or of a new
// table. Rows that were appended to a filled table cannot be told from older ones.
func (l *load) copied(ctx context.Context, it *item) (int64, error) {
	if it.plan.Direct && it.have != nil && it.have.Filled {
		return it.sent, nil
	}
	rows, err := l.s.about("count the rows for "+it.stream.Table.String()).Query(ctx, "SELECT count(*) FROM "+it.plan.CopyInto)
	if err != nil {
		return 0, err
	}
	return rows[0][0].Int()
}

// finish is the applying transaction's last step. A newer fence, taken after this
// transaction began, is a conflict of the state row.
func (l *load) finish(ctx context.Context, it *item, end connectors.Close, report connectors.Report) error {
	err := it.store.Finish(ctx, l.s.about("store the state of "+it.stream.Table.String()),
		sqlload.Done{Stream: it.stream, Run: l.id.Run, Fence: it.state.Fence, Report: report, Close: end, Columns: it.match.Spec.Brings(), Owns: it.plan.Owns()})
	if connectors.Is(err, connectors.Conflict) {
		return sqlload.FencedOff(it.stream.Table)
	}
	return err
}

func (l *load) commit(ctx context.Context) error {
	crashpoint.Reach("load.before_commit")
	if _, err := l.s.about("commit the load of "+l.items[0].stream.Table.String()).Exec(ctx, "COMMIT"); err != nil && !holds(err) {
		return err
	}
	crashpoint.Reach("load.committed")
	if l.forgets {
		return l.end()
	}
	if err := l.end(); err != nil { // committed all the same: the log holds what the file lacks
		return fmt.Errorf("after the commit: %w", err)
	}
	return nil
}

// holds says that a COMMIT was stored although it ended with an error: only the checkpoint
// behind it failed, which is repeated when the file is opened again.
func holds(err error) bool {
	found, ok := errors.AsType[*duck.Error](err)
	return ok && found.Kind == duck.Durable
}
