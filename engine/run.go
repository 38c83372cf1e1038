package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/oklog/ulid/v2"

	"leat/flows"
	"leat/internal/crashpoint"
)

// RunOptions say how a flow is run.
type RunOptions struct {
	// Trigger is what starts the run; empty means a person.
	Trigger flows.Trigger
	// FullRefresh ignores the stored positions, of Streams only when not empty.
	FullRefresh bool
	Streams     []string
	// Wait follows a run that is executed elsewhere until it ends.
	Wait bool
	// Notice is told what is waited for, one sentence at a time; nil is told nothing.
	Notice func(sentence string)
	// own says that the run was executed here: the end of the context cancels it while it
	// waits to be tried again.
	own bool
}

// Enqueue stores a run for a worker to claim; *flows.ActiveRunError when the flow has
// an active run.
func (e *Engine) Enqueue(ctx context.Context, flowID string, options RunOptions) (flows.Run, error) {
	flow, err := e.Flows.Flow(ctx, flowID)
	if err != nil {
		return flows.Run{}, err
	}
	if err := knownStreams(flow, options.Streams); err != nil {
		return flows.Run{}, err
	}
	run := flows.Run{
		ID: ulid.Make().String(), FlowID: flow.ID, FlowName: flow.Name,
		Status: flows.RunQueued, Trigger: options.Trigger, QueuedAt: e.Now(),
		FullRefresh: options.FullRefresh, RefreshStreams: options.Streams,
	}
	if run.Trigger == "" {
		run.Trigger = flows.TriggerManual
	}
	return run, e.Runs.EnqueueRun(ctx, run)
}

// knownStreams refuses names of streams that the flow does not have.
func knownStreams(flow flows.Flow, names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(flow.Streams, func(s flows.Stream) bool { return s.Table == name || s.StateKey == name }) {
			return fmt.Errorf("the flow %q has no stream into %q; name it by its table", flow.Name, name)
		}
	}
	return nil
}

// RunFlow runs a flow in this process and returns the run as it ended. An unfinished
// run of the flow whose lease is over, or ends soon, is finished under its own id and no
// second one is started. When the flow runs elsewhere it follows that run
// (options.Wait) or returns *flows.ActiveRunError. The end of ctx cancels the run.
func (e *Engine) RunFlow(ctx context.Context, flowID string, options RunOptions) (flows.Run, error) {
	if run, err := e.Runs.ClaimRun(ctx, e.Node, flowID, e.timing.lease); err == nil {
		return e.finishEarlier(ctx, run, options)
	} else if !errors.Is(err, flows.ErrNothingDue) {
		return flows.Run{}, fmt.Errorf("claiming a run: %w", err)
	}
	run, err := e.Enqueue(ctx, flowID, options)
	if active, ok := errors.AsType[*flows.ActiveRunError](err); ok {
		return e.elsewhere(ctx, active.RunID, options)
	}
	if err != nil {
		return flows.Run{}, err
	}
	crashpoint.Reach("run.queued")
	// A worker of a server beside this process may have been faster. It is the run that
	// was asked for either way, so it is followed whatever the options say.
	return e.elsewhere(ctx, run.ID, options.waiting())
}

// finishEarlier executes a run that somebody else began or queued.
func (e *Engine) finishEarlier(ctx context.Context, run flows.Run, options RunOptions) (flows.Run, error) {
	if options.FullRefresh && !run.FullRefresh {
		line := flows.LogLine{
			RunID: run.ID, At: e.Now(), Level: levelWarning,
			Message: "a full refresh was asked for, but this earlier run had to be finished first: ask again",
		}
		if err := e.Runs.AppendLog(ctx, run.ID, []flows.LogLine{line}); err != nil {
			return flows.Run{}, err
		}
	}
	return e.here(ctx, run, options)
}

// here executes a claimed run in this process. The end of ctx cancels the run, so that
// an interrupted command leaves nothing behind.
func (e *Engine) here(ctx context.Context, run flows.Run, options RunOptions) (flows.Run, error) {
	working, give := context.WithCancelCause(context.WithoutCancel(ctx))
	defer give(nil)
	defer context.AfterFunc(ctx, func() { give(errCancelled) })()
	err := e.Execute(working, run)
	if errors.Is(err, flows.ErrLeaseLost) {
		options.Wait = true
		return e.elsewhere(ctx, run.ID, options)
	}
	if err != nil {
		return run, err
	}
	run, err = e.Runs.Run(context.WithoutCancel(ctx), run.ID)
	if err != nil || !run.Status.Active() || run.Status == flows.RunUnknown {
		return run, err
	}
	return e.elsewhere(ctx, run.ID, options.waiting()) // it waits to be tried again
}

// waiting are the options with which a run of one's own is followed to its end.
func (o RunOptions) waiting() RunOptions {
	o.Wait, o.own = true, true
	return o
}
