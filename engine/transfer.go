package engine

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"leat/connectors"
	"leat/internal/crashpoint"
)

// transfer moves the rows of one load. It knows both ends through their roles only.
type transfer struct {
	loader     connectors.Loader
	id         connectors.LoadID
	targets    []connectors.Target
	selections []connectors.Selection // one per target
	readers    []reader               // every target belongs to one
	watch      watcher
	log        *slog.Logger
	closing    time.Duration // the longest time for Abort
}

// reader is one read over some of the targets' selections.
type reader struct {
	extractor connectors.Extractor
	members   []int
}

// watcher is told how a transfer goes on, by the index of the target.
type watcher interface {
	claimed(target int, state connectors.TargetState)
	moved(target int, rows, bytes int)
	applying(target int)
}

// tally counts what arrived for one target.
type tally struct {
	announced  bool
	rows       int64
	checkpoint *connectors.Checkpoint
}

// run moves everything, or nothing. An error of kind Unknown means that Resolve must
// tell; reports beside another error mean that the rows are stored but the counts of
// the destination do not add up.
func (t *transfer) run(ctx context.Context) (reports []connectors.Report, err error) {
	load, err := t.loader.Begin(ctx, t.id, t.targets)
	if err != nil {
		return nil, fmt.Errorf("claiming the tables: %w", err)
	}
	crashpoint.Reach("run.table_claimed")
	committed := false
	defer func() {
		if !committed {
			t.abort(ctx, load)
		}
	}()
	applied, err := t.claim(load)
	if err != nil || applied != nil {
		return applied, err
	}
	tallies := make([]tally, len(t.targets))
	want := load.Want()
	for _, r := range t.readers {
		if err := t.drain(ctx, load, r, want, tallies); err != nil {
			return nil, err
		}
	}
	closes, err := t.closes(ctx, tallies)
	if err != nil {
		return nil, err
	}
	for i := range t.targets {
		t.watch.applying(i)
	}
	reports, err = load.Commit(ctx, closes)
	if err != nil {
		return nil, fmt.Errorf("storing the rows: %w", err)
	}
	committed = true
	crashpoint.Reach("load.reported")
	return reports, verify(t.targets, reports, closes)
}

// claim takes over the positions. It returns the reports of a run that was applied
// before, in which case there is nothing to read.
func (t *transfer) claim(load connectors.Load) ([]connectors.Report, error) {
	states := load.States()
	if len(states) != len(t.targets) {
		return nil, broken("the destination gave %d states for %d tables", len(states), len(t.targets))
	}
	var applied []connectors.Report
	for i, state := range states {
		t.selections[i].Position = state.Position
		if state.Applied != nil {
			applied = append(applied, *state.Applied)
		}
		t.watch.claimed(i, state)
	}
	if len(applied) > 0 && len(applied) < len(states) {
		return nil, refusal(connectors.Conflict, "Start a new run.",
			"this run was stored in %d of %d tables before the flow was changed", len(applied), len(states))
	}
	return applied, nil
}

// drain pulls one read to its proven end and writes what comes.
func (t *transfer) drain(ctx context.Context, load connectors.Load, r reader, want connectors.Want, tallies []tally) error {
	selections := make([]connectors.Selection, len(r.members))
	part := connectors.Want{Layouts: want.Layouts, System: want.System, Targets: make([]map[string]string, len(r.members))}
	for i, target := range r.members {
		selections[i] = t.selections[target]
		if target < len(want.Targets) {
			part.Targets[i] = want.Targets[target]
		}
	}
	open := func(ctx context.Context) (connectors.Read, error) { return r.extractor.Read(ctx, selections, part) }
	p := produce(ctx, open, t.targets[r.members[0]].Limits.Batch, t.log)
	defer p.end()
	for item := range p.events {
		// Exactly io.EOF: a driver's error that wraps it tells of a broken connection.
		if item.err == io.EOF { //nolint:errorlint // see above
			crashpoint.Reach("read.complete")
			return nil
		}
		if item.err != nil {
			return fmt.Errorf("reading: %w", item.err)
		}
		if err := t.take(ctx, load, r, item.event, tallies); err != nil {
			return err
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return broken("the read stopped without saying that it reached its end")
}

// take hands one event to the load. The batch is released whatever happens.
func (t *transfer) take(ctx context.Context, load connectors.Load, r reader, event connectors.Event, tallies []tally) error {
	if event.Dataset < 0 || event.Dataset >= len(r.members) {
		release(event)
		return broken("the read yielded dataset %d of %d", event.Dataset, len(r.members))
	}
	target := r.members[event.Dataset]
	own := &tallies[target]
	switch {
	case event.Schema != nil:
		own.announced = true
		if parted, ok := load.(connectors.PartedLoad); ok && event.Parts > 1 {
			parted.Parts(target, event.Parts)
		}
		return load.Announce(ctx, target, *event.Schema)
	case event.Checkpoint != nil:
		own.checkpoint = event.Checkpoint
		return nil
	case event.Batch == nil:
		return broken("the read yielded an event without rows, schema or checkpoint")
	case !own.announced || own.checkpoint != nil:
		release(event)
		return broken("the read yielded rows outside of their schema and checkpoint")
	}
	rows, bytes := event.Batch.Rows(), event.Batch.Bytes()
	if err := load.Write(ctx, target, event.Part, event.Batch); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	own.rows += int64(rows)
	t.watch.moved(target, rows, bytes)
	return nil
}

// closes ends the rows of every target after comparing what was sent with what came.
func (t *transfer) closes(ctx context.Context, tallies []tally) ([]connectors.Close, error) {
	closes := make([]connectors.Close, len(tallies))
	for i, own := range tallies {
		switch {
		case !own.announced || own.checkpoint == nil:
			return nil, broken("the read of %s ended without its schema or its checkpoint", t.targets[i].Table)
		case own.checkpoint.Rows != own.rows:
			return nil, &connectors.Error{
				Kind: connectors.Data, Retryable: true,
				Message: fmt.Sprintf("the source counted %d rows for %s, but %d arrived", own.checkpoint.Rows, t.targets[i].Table, own.rows),
				Fix:     "Nothing was written; run the flow again.",
			}
		}
		closes[i] = connectors.Close{
			RowsRead: own.rows, Position: own.checkpoint.Position,
			Whole: whole(t.selections[i]), Snapshot: own.checkpoint.Snapshot,
		}
	}
	return closes, context.Cause(ctx)
}

// whole says that a selection covers its dataset: no row was left out because it was
// read before, because its cursor is NULL, or because it waits at the open end.
func whole(s connectors.Selection) bool {
	return s.Cursor == "" || s.Position == "" && s.Nulls != connectors.NullsExclude && s.Overlap != connectors.OverlapNone
}

// verify compares the destination's counts with ours.
func verify(targets []connectors.Target, reports []connectors.Report, closes []connectors.Close) error {
	if len(reports) != len(closes) {
		return broken("the destination gave %d reports for %d tables", len(reports), len(closes))
	}
	for i, report := range reports {
		if report.Read != closes[i].RowsRead || !report.Balanced() {
			return refusal(connectors.Internal, "Compare the table with its source; please report this.",
				"the rows are stored in %s, but the counts do not add up: %d read, %d written, %d unchanged, %d duplicate, %d skipped, %d rejected",
				targets[i].Table, closes[i].RowsRead, report.Written, report.Unchanged, report.Duplicate, report.Skipped, report.Rejected)
		}
	}
	return nil
}

// abort undoes the load, also when the caller's context has ended.
func (t *transfer) abort(ctx context.Context, load connectors.Load) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.closing)
	defer cancel()
	if err := load.Abort(ctx); err != nil {
		t.log.WarnContext(ctx, "aborting a load failed", "error", connectors.AsError(err).Message)
	}
}
