package engine

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"leat/connectors"
	"leat/flows"
)

// deadlocksBorne is how many deadlocks of one load are borne within an attempt. One more is
// an error like any other that may pass by itself.
const deadlocksBorne = 3

// deliverAll performs the loads of an attempt, several at once. Which tables wait for each
// other is known to the system alone (foreign keys, triggers, what other programs do), so
// loads are not ordered beforehand: one that a deadlock ended begins again when no other
// load of the run is under way that it could meet once more.
func (e *Engine) deliverAll(ctx context.Context, jobs []*job, parallel int) error {
	var group errgroup.Group
	group.SetLimit(parallel)
	again := make([]bool, len(jobs))
	for i, j := range jobs {
		group.Go(func() error {
			again[i] = e.deliver(ctx, j)
			return nil
		})
	}
	err := group.Wait()
	for i, j := range jobs {
		for again[i] {
			again[i] = e.deliver(ctx, j)
		}
	}
	return err
}

// mayBeginAgain says whether an error is a deadlock that is borne. Nothing was stored.
func (j *job) mayBeginAgain(ctx context.Context, err error) bool {
	return err != nil && context.Cause(ctx) == nil && connectors.AsError(err).Deadlock && j.deadlocks < deadlocksBorne
}

// postpone puts the streams of a job back to where they were before it began.
func (j *job) postpone() {
	j.deadlocks++
	for i, m := range j.members {
		j.board.update(m, func(stream *flows.StreamRun) { *stream = queued(m, j.itinerary.routes[m]) })
		j.say(i, levelInfo, fmt.Sprintf("this load and another one waited for each other's locks (deadlock %d of %d that are borne), and nothing of it was stored; "+
			"it begins again when the other streams have ended", j.deadlocks, deadlocksBorne))
	}
}
