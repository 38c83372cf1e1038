package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"leat/flows"
)

// again says whether an attempt that failed is followed by another one of the same run,
// and after which pause. That is so when what failed may pass by itself, nobody asked for
// a cancel, and there are attempts left.
func (e *Engine) again(ctx context.Context, run flows.Run) (time.Duration, bool) {
	if run.Status != flows.RunFailed && run.Status != flows.RunPartial || wasCancelled(ctx) || run.Attempt > len(e.timing.retry) {
		return 0, false
	}
	passing := run.Error != nil && run.Error.Retryable
	for _, stream := range run.Streams {
		passing = passing || isPassing(stream)
	}
	if !passing {
		return 0, false
	}
	pause := e.timing.retry[max(run.Attempt, 1)-1]
	// Runs that failed together do not come back together.
	return pause + rand.N(pause/4+1), true //nolint:gosec // nobody gains by guessing it
}

// isPassing says that a stream failed for a reason that may pass by itself.
func isPassing(stream flows.StreamRun) bool {
	return stream.Status == flows.RunFailed && stream.Error != nil && stream.Error.Retryable
}

// farewell is the last line of an attempt.
func (e *Engine) farewell(run flows.Run) string {
	if run.Status != flows.RunWaiting {
		return "the run ended: " + string(run.Status)
	}
	line := fmt.Sprintf("waiting to retry: attempt %d of %d begins in %s", run.Attempt+1, len(e.timing.retry)+1,
		run.Lease.Until.Sub(e.Now()).Round(time.Second))
	if run.Error != nil {
		line += ", because " + run.Error.Message
	}
	return line
}

// settled puts the streams of a job that an earlier attempt of the run has lost for good
// back on the board, and says whether all of them are.
func (j *job) settled() bool {
	for _, m := range j.members {
		if _, lost := j.lost(m); !lost {
			return false
		}
	}
	for _, m := range j.members {
		before, _ := j.lost(m)
		j.board.update(m, func(stream *flows.StreamRun) {
			index := stream.Index
			*stream = before
			stream.Index = index
		})
	}
	return true
}

// lost finds the stream of an earlier attempt that failed for a reason that stays.
func (j *job) lost(member int) (flows.StreamRun, bool) {
	table := flows.FormatTable(j.itinerary.routes[member].table)
	i := slices.IndexFunc(j.run.Streams, func(before flows.StreamRun) bool {
		return before.Table == table && before.Status == flows.RunFailed && !isPassing(before)
	})
	if j.run.Attempt <= 1 || i < 0 {
		return flows.StreamRun{}, false
	}
	return j.run.Streams[i], true
}
