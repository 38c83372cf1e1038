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
	told := ""
	patience := time.Now().Add(e.timing.takeover)
	for {
		run, err := e.Runs.Run(ctx, runID)
		if err != nil || !run.Status.Active() {
			return run, err
		}
		if run.Status == flows.RunWaiting { // told even when the wait is over already
			told = e.tell(run, options, told)
		}
		claimed, err := e.Runs.ClaimRun(ctx, e.Node, run.FlowID, e.timing.lease)
		if err == nil {
			return e.finishEarlier(ctx, claimed, options)
		}
		if ctx.Err() != nil {
			return e.leave(ctx, run, options, ctx.Err())
		}
		if !errors.Is(err, flows.ErrNothingDue) {
			return run, fmt.Errorf("claiming a run: %w", err)
		}
		alive := !owner.Until.IsZero() && run.Lease.Until.After(owner.Until)
		if (alive || time.Now().After(patience)) && !options.Wait {
			return run, &flows.ActiveRunError{RunID: runID}
		}
		owner, told = run.Lease, e.tell(run, options, told)
		if err := e.pause(ctx); err != nil {
			return e.leave(ctx, run, options, err)
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

// tell says once what an active run is waited for.
func (e *Engine) tell(run flows.Run, options RunOptions, told string) string {
	left := max(time.Duration(0), run.Lease.Until.Sub(e.Now())).Round(time.Second)
	key, sentence := fmt.Sprint(run.Status, run.Attempt), ""
	switch run.Status {
	case flows.RunWaiting:
		sentence = fmt.Sprintf("run %s is waiting to retry: the next attempt begins in %s", run.ID, left)
	case flows.RunUnknown:
		sentence = fmt.Sprintf("run %s waits for the destination to say whether its rows were stored; it is asked again in %s", run.ID, left)
	case flows.RunRunning:
		sentence = fmt.Sprintf("run %s of this flow is held by %s; if that process is gone, the run is taken over in %s", run.ID, run.Lease.Node, left)
	}
	if sentence == "" || key == told || options.Notice == nil {
		return told
	}
	if run.Error != nil {
		sentence += ", because " + run.Error.Message
	}
	options.Notice(sentence)
	return key
}

// leave stops following. A run of one's own that waits is cancelled with the command.
func (e *Engine) leave(ctx context.Context, run flows.Run, options RunOptions, cause error) (flows.Run, error) {
	if !options.own || run.Status != flows.RunWaiting {
		return run, cause
	}
	detached := context.WithoutCancel(ctx)
	if err := e.Runs.RequestCancel(detached, run.ID); err != nil {
		return run, err
	}
	return e.Runs.Run(detached, run.ID)
}
