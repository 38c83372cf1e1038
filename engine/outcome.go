package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"leat/connectors"
	"leat/flows"
	"leat/internal/crashpoint"
)

// outcome puts the end of a load on the board. Reports say that rows were stored, which
// is stronger than a cancel.
func (j *job) outcome(ctx context.Context, reports []connectors.Report, err error, now time.Time) {
	for i, m := range j.members {
		j.board.update(m, func(stream *flows.StreamRun) {
			if i < len(reports) {
				apply(stream, reports[i])
			}
			stream.EndedAt = now
			stream.Status, stream.Error = ending(ctx, err, len(reports) > 0)
			if connectors.Is(err, connectors.Ownership) && j.leavesOpen() {
				stream.Status = flows.RunSkipped
			}
			if stream.Status == flows.RunUnknown {
				stream.EndedAt = time.Time{}
			}
		})
		if i < len(reports) {
			j.warn(i, reports[i].Warnings)
		}
		level, line := lastLine(j.board.stream(m))
		j.say(i, level, line)
	}
}

// leavesOpen says that a person is still to answer whether the tables of the job are taken
// over: until then they are skipped and named.
func (j *job) leavesOpen() bool {
	return !slices.ContainsFunc(j.routes(), func(r route) bool { return takeover(r.stream, r.table) != connectors.TakeoverAsk })
}

// apply copies a report into the stream.
func apply(stream *flows.StreamRun, report connectors.Report) {
	bytes := stream.Bytes
	stream.Counts = report.Counts
	if stream.Bytes == 0 {
		stream.Bytes = bytes
	}
	stream.Phase, stream.Recipe, stream.Reason = flows.PhaseDone, report.Recipe, report.Reason
	stream.RejectReasons = report.RejectReasons
}

// ending is the status of a stream and the error to keep with it.
func ending(ctx context.Context, err error, stored bool) (flows.RunStatus, *flows.RunError) {
	switch {
	case err == nil:
		return flows.RunSucceeded, nil
	case connectors.Is(err, connectors.Unknown):
		return flows.RunUnknown, flows.NewRunError(err)
	case !stored && isCancel(ctx, err):
		return flows.RunCancelled, flows.NewRunError(errCancelled)
	default:
		return flows.RunFailed, flows.NewRunError(err)
	}
}

// lastLine tells how a stream ended.
func lastLine(stream flows.StreamRun) (level, line string) {
	if stream.Error == nil {
		return levelInfo, fmt.Sprintf("%s (%s): %d rows read, %d written, %d unchanged, %d duplicate, %d skipped, %d rejected",
			stream.Status, stream.Recipe, stream.Read, stream.Written, stream.Unchanged, stream.Duplicate, stream.Skipped, stream.Rejected)
	}
	line = string(stream.Status) + ": " + stream.Error.Message
	if stream.Error.Fix != "" {
		line += ". " + stream.Error.Fix
	}
	if stream.Status == flows.RunFailed {
		return levelError, line
	}
	return levelWarning, line
}

// finish stores how an attempt ended; see Execute for its error.
func (e *Engine) finish(ctx context.Context, run flows.Run, b *board, failure error) error {
	if wasLost(ctx) {
		return context.Cause(ctx)
	}
	streams := b.all()
	detached := context.WithoutCancel(ctx)
	if stopped(ctx) && (failure != nil || open(streams)) {
		b.log(levelWarning, "", "the process stopped; the run will be taken up again")
		return errors.Join(context.Cause(ctx), e.handBack(detached, run, b))
	}
	run.Streams = streams
	run.Status, run.Error = verdict(ctx, streams, known(failure))
	if pause, again := e.again(ctx, run); again {
		run.Status, run.Lease.Until = flows.RunWaiting, e.Now().Add(pause)
	} else if run.Status.Active() {
		run.Lease.Until = e.Now().Add(e.timing.unknown)
	} else {
		run.EndedAt = e.Now()
	}
	b.log(levelOf(run.Status), "", e.farewell(run)+message(failure))
	if err := e.save(detached, run.Lease, b); err != nil {
		return err
	}
	crashpoint.Reach("run.finishing")
	err := e.store(detached, run)
	crashpoint.Reach("run.finished")
	return err
}

// handBack makes the run claimable at once. Its streams stay as they stand, so that the
// next attempt asks the destination about them.
func (e *Engine) handBack(ctx context.Context, run flows.Run, b *board) error {
	if err := e.save(ctx, run.Lease, b); err != nil {
		return err
	}
	if streams := b.all(); streams != nil {
		run.Streams = streams
	}
	run.Status, run.Lease.Until = flows.RunWaiting, e.Now()
	return e.store(ctx, run)
}

// open says whether a stream has not ended.
func open(streams []flows.StreamRun) bool {
	for _, stream := range streams {
		if stream.Status == flows.RunQueued || stream.Status == flows.RunRunning {
			return true
		}
	}
	return false
}

// verdict folds the streams into the state of the run. The error kept with it is that
// of the first stream that has one.
func verdict(ctx context.Context, streams []flows.StreamRun, failure error) (flows.RunStatus, *flows.RunError) {
	if failure != nil {
		return ending(ctx, failure, false)
	}
	for _, stream := range streams {
		if stream.Error != nil {
			return flows.Outcome(streams), stream.Error
		}
	}
	return flows.Outcome(streams), nil
}

func levelOf(status flows.RunStatus) string {
	switch status {
	case flows.RunSucceeded:
		return levelInfo
	case flows.RunFailed:
		return levelError
	default:
		return levelWarning
	}
}

func message(failure error) string {
	if failure == nil {
		return ""
	}
	text, fix := explain(failure)
	return ". " + (&connectors.Error{Message: text, Fix: fix}).Error()
}

// storeTries is how often the end of a run is offered to the store.
const storeTries = 5

// store saves the end of a run. When the store does not take it, the lease runs out and
// the next attempt finds the rows stored.
func (e *Engine) store(ctx context.Context, run flows.Run) error {
	var err error
	for try := range storeTries {
		if try > 0 {
			rest(ctx, time.Duration(try)*e.timing.poll)
		}
		if err = e.storeOnce(ctx, run); err == nil || errors.Is(err, flows.ErrLeaseLost) {
			return err
		}
	}
	return fmt.Errorf("storing the end of the run %s: %w", run.ID, err)
}

func (e *Engine) storeOnce(ctx context.Context, run flows.Run) error {
	ctx, cancel := context.WithTimeout(ctx, e.timing.store)
	defer cancel()
	return e.Runs.FinishRun(ctx, run.Lease, run)
}
