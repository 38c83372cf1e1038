package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
	"leat/record"
)

// Commit applies the rows of every target, stores the positions and commits.
func (l *load) Commit(ctx context.Context, closes []connectors.Close) ([]connectors.Report, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended || len(closes) != len(l.items) {
		return nil, &connectors.Error{Kind: connectors.Internal, Message: "a load was committed after its end, or with another number of targets"}
	}
	if err := l.finishCopy(ctx); err != nil {
		return nil, err
	}
	if err := l.finishWriters(ctx); err != nil {
		return nil, err
	}
	crashpoint.Reach("load.copied")
	reports := make([]connectors.Report, len(l.items))
	for i, it := range l.items {
		report, err := l.apply(ctx, it, closes[i]) //nolint:gosec // as many as items: see above
		if err != nil {
			return nil, err
		}
		reports[i] = report
		crashpoint.Reach("load.applied")
	}
	if err := l.finish(ctx, closes, reports); err != nil {
		return nil, err
	}
	return reports, l.commit(ctx)
}

// apply runs the rest of a target's plan.
func (l *load) apply(ctx context.Context, it *item, end connectors.Close) (connectors.Report, error) {
	if it.plan == nil { // no row came, so that nothing is to be said of writers
		it.target.Writers = 1
		if err := l.prepare(ctx, it, record.ArrowLayout{}); err != nil {
			return connectors.Report{}, err
		}
	}
	limit := statementLimit(it.target.Limits)
	if err := l.s.command(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", max(limit.Milliseconds(), 1))); err != nil {
		return connectors.Report{}, err
	}
	s := l.s.about("apply the load of "+it.stream.Table.String(), it.stream.Table, strings.Join(rights(it.target.Mode), ", ")).working(it.target.Limits)
	var report connectors.Report
	err := l.underPolicies(ctx, it, func() (err error) {
		return s.asRole(ctx, func() error {
			report, err = l.applyPlan(ctx, s, it, end)
			return err
		})
	})
	if err == nil {
		err = l.keepRejects(ctx, it)
	}
	report.Warnings = append(append(report.Warnings, it.match.warnings...), it.left...)
	if it.how != "" {
		report.Reason += "; " + it.how
	}
	if l.writers != nil && err == nil {
		crashpoint.Reach("load.taken_over")
	}
	return report, l.loadErrorOrNil(ctx, it, err)
}

func (l *load) loadErrorOrNil(ctx context.Context, it *item, err error) error {
	if err == nil {
		return nil
	}
	return l.loadError(ctx, it, "apply the load of "+it.stream.Table.String(), err)
}

// finish is the applying transaction's last step, in the order of the claim, and leaves the
// search path of the role behind.
func (l *load) finish(ctx context.Context, closes []connectors.Close, reports []connectors.Report) error {
	for _, i := range l.claimOrder() {
		it := l.items[i]
		s := l.s.about("store the state of "+it.stream.Table.String(), connectors.Table{Schema: it.stream.Table.Schema, Name: sqlload.StateTable}, "SELECT, INSERT, UPDATE, DELETE")
		err := l.stores[it.stream.Table.Schema].Finish(ctx, s, sqlload.Done{
			Stream: it.stream, Run: l.id.Run, Fence: it.state.Fence, Report: reports[i], Close: closes[i], Columns: it.match.spec.Brings(), Owns: it.plan.Owns(),
		})
		if err != nil {
			return l.loadError(ctx, it, "store the state of "+it.stream.Table.String(), err)
		}
		crashpoint.Reach("load.state_written")
	}
	return l.s.command(ctx, searchPathOfRole) // deferred triggers run at the COMMIT
}

// commitTime is how long COMMIT may take, deferred constraints and standbys included.
// It cannot be cancelled, since nobody would know the outcome; afterwards the outcome is
// looked up like that of a lost answer.
const commitTime = 10 * time.Minute

// commit sends COMMIT. When the answer is lost nobody knows the outcome, and Resolve
// must find it.
func (l *load) commit(ctx context.Context) error {
	crashpoint.Reach("load.before_commit")
	if err := ctx.Err(); err != nil {
		return l.loadError(ctx, l.items[0], "commit the load of "+l.items[0].stream.Table.String(), err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.s.patience.commitLimit())
	defer cancel()
	result, err := l.s.conn.PgConn().Exec(ctx, "COMMIT").ReadAll()
	if err != nil && l.s.conn.IsClosed() || err != nil && !isServer(err) {
		return &connectors.Error{
			Kind: connectors.Unknown, Retryable: true, Cause: err,
			Message: fmt.Sprintf("the answer to the COMMIT of the load of %s was lost", l.items[0].stream.Table), Fix: "The outcome is looked up at the destination before anything else.",
		}
	}
	if err != nil {
		return l.loadError(ctx, l.items[0], "commit the load of "+l.items[0].stream.Table.String(), err)
	}
	if len(result) != 1 || result[0].CommandTag.String() != "COMMIT" {
		return &connectors.Error{Kind: connectors.Internal, Message: fmt.Sprintf("the load of %s was rolled back at its end", l.items[0].stream.Table)}
	}
	crashpoint.Reach("load.committed")
	l.ended, l.begun = true, false
	return l.close(ctx)
}
