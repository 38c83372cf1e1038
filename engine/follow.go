package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leat/flows"
)

// Follow returns a run when it has ended, wherever it is executed.
func (e *Engine) Follow(ctx context.Context, runID string) (flows.Run, error) {
	for {
		run, err := e.Runs.Run(ctx, runID)
		if err != nil || !run.Status.Active() {
			return run, err
		}
		if err := e.pause(ctx); err != nil {
			return run, err
		}
	}
}

// elsewhere deals with an active run that this process has not claimed. It is claimed
// as soon as that is possible: when it is queued or its lease is over. A lease that is
// renewed has a living owner, who is followed or named in the error.
func (e *Engine) elsewhere(ctx context.Context, runID string, options RunOptions) (flows.Run, error) {
	var owner flows.Lease
	patience := time.Now().Add(e.timing.takeover)
	for {
		run, err := e.Runs.Run(ctx, runID)
		if err != nil || !run.Status.Active() {
			return run, err
		}
		claimed, err := e.Runs.ClaimRun(ctx, e.Node, run.FlowID, e.timing.lease)
		if err == nil {
			return e.finishEarlier(ctx, claimed, options)
		}
		if !errors.Is(err, flows.ErrNothingDue) {
			return run, fmt.Errorf("claiming a run: %w", err)
		}
		alive := !owner.Until.IsZero() && run.Lease.Until.After(owner.Until)
		if (alive || time.Now().After(patience)) && !options.Wait {
			return run, &flows.ActiveRunError{RunID: runID}
		}
		owner = run.Lease
		if err := e.pause(ctx); err != nil {
			return run, err
		}
	}
}

// pause waits before the next look at a run.
func (e *Engine) pause(ctx context.Context) error {
	select {
	case <-time.After(e.timing.poll):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
