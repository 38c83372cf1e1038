package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"leat/connectors"
	"leat/flows"
	"leat/internal/crashpoint"
)

// Execute performs one attempt of a claimed run under its lease and stores how it
// ended. The outcome of the run is in the store; the error says that there is no
// outcome: flows.ErrLeaseLost when another attempt goes on, the cause of ctx when the
// process stops (the run is then taken up again when its lease is over), or an error of
// the store.
func (e *Engine) Execute(ctx context.Context, run flows.Run) error {
	crashpoint.Reach("run.claimed")
	ctx, give := context.WithCancelCause(ctx)
	defer give(nil)
	b := &board{now: e.Now}
	b.log(levelInfo, "", fmt.Sprintf("attempt %d begins on %s", run.Attempt, run.Lease.Node))
	k := e.keep(ctx, run, b, give)
	err := e.perform(ctx, run, b)
	k.end()
	return e.finish(ctx, run, b, err)
}

// perform runs all loads. Its error is about the run as a whole; errors of streams are
// on the board.
func (e *Engine) perform(ctx context.Context, run flows.Run, b *board) error {
	looking := ctx
	if run.Attempt > 1 {
		// An earlier attempt may have stored rows: a cancel must not hide that.
		looking = context.WithoutCancel(ctx)
	}
	jobs, parallel, err := e.jobs(looking, run, b)
	if err != nil {
		return err
	}
	b.start(jobs[0].itinerary.routes)
	if run.Attempt > 1 { // what an earlier attempt said of a table holds no longer
		if err := e.save(looking, run.Lease, b); err != nil {
			return err
		}
	}
	return e.deliverAll(ctx, jobs, parallel)
}

// jobs resolves the flow of a run into at least one load, and says how many of them may
// go on at once.
func (e *Engine) jobs(ctx context.Context, run flows.Run, b *board) (jobs []*job, parallel int, err error) {
	flow, err := e.Flows.Flow(ctx, run.FlowID)
	if err != nil {
		return nil, 0, fmt.Errorf("looking up the flow: %w", err)
	}
	plan, err := e.resolve(ctx, flow)
	if err != nil {
		return nil, 0, err
	}
	installation, err := e.Installation.Installation(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("looking up the installation: %w", err)
	}
	loads, parallel, err := e.partition(ctx, plan)
	for _, members := range loads {
		jobs = append(jobs, &job{run: run, itinerary: plan, members: members, board: b, installation: installation})
	}
	return jobs, parallel, err
}

// partition groups the routes into loads and says how many loads may go on at once.
func (e *Engine) partition(ctx context.Context, plan *itinerary) (loads [][]int, parallel int, err error) {
	can, err := e.capabilities(ctx, plan.destination)
	if err != nil {
		return nil, 0, err
	}
	if plan.flow.Options.AtomicFlow {
		if can.Atomicity != connectors.AtomicFlow {
			return nil, 0, refusal(connectors.Config, "Switch the option off, or choose another destination.",
				"the destination %q cannot store all streams of a flow at once", plan.destination.Name)
		}
		all := make([]int, len(plan.routes))
		for i := range all {
			all[i] = i
		}
		return [][]int{all}, 1, nil
	}
	for i := range plan.routes {
		loads = append(loads, []int{i})
	}
	parallel = plan.flow.Options.Parallelism
	if parallel <= 0 {
		parallel = flows.DefaultParallelism
	}
	if can.Parallelism > 0 {
		parallel = min(parallel, can.Parallelism)
	}
	return loads, parallel, nil
}

// capabilities is what the destination's kind can do.
func (e *Engine) capabilities(ctx context.Context, destination flows.Destination) (connectors.Capabilities, error) {
	authorizer, err := e.Authorizers.Authorizer(ctx, destination.AuthorizerID)
	if err != nil {
		return connectors.Capabilities{}, missing("authorizer", fmt.Sprintf("the destination %q", destination.Name), err)
	}
	connector, err := e.connector(authorizer.Connector)
	if err != nil {
		return connectors.Capabilities{}, err
	}
	return connector.Descriptor().Capabilities, nil
}

// deliver performs one load and puts its outcome on the board, and says whether there is
// none because the load is to begin again.
func (e *Engine) deliver(ctx context.Context, j *job) (again bool) {
	if j.settled() {
		return false
	}
	now := e.Now()
	for _, m := range j.members {
		j.board.update(m, func(stream *flows.StreamRun) {
			stream.Status, stream.Phase, stream.StartedAt = flows.RunRunning, flows.PhaseClaiming, now
		})
	}
	reports, err := e.attempt(ctx, j)
	if err != nil && (wasLost(ctx) || stopped(ctx)) && !connectors.Is(err, connectors.Unknown) {
		return false // somebody else goes on with it
	}
	if j.mayBeginAgain(ctx, err) {
		j.postpone()
		return true
	}
	j.outcome(ctx, reports, known(err), e.Now())
	return false
}

// attempt moves the rows of one load and finds out how one ended that did not say so.
// Claiming the tables ends what an earlier attempt may still be doing and tells what it
// stored; where the claim is not reached, only a question can.
func (e *Engine) attempt(ctx context.Context, j *job) (reports []connectors.Report, err error) {
	defer connectors.Caught(e.Log, &err)
	if err = context.Cause(ctx); err == nil {
		if reports, err = e.carry(ctx, j); err == nil {
			return reports, nil
		}
	}
	if !connectors.Is(err, connectors.Unknown) && !j.doubtful() {
		return reports, err // stored rows whose counts are wrong have both
	}
	lost := err
	j.say(0, levelWarning, "asking the destination whether the rows were stored: "+connectors.AsError(lost).Message)
	if reports, err = e.settle(ctx, j); err != nil || reports != nil {
		return reports, err
	}
	if !connectors.Is(lost, connectors.Unknown) {
		return nil, lost
	}
	return nil, &connectors.Error{
		Kind: connectors.Unreachable, Retryable: true, Cause: lost,
		Message: "the connection broke while the rows were being stored; nothing was stored",
		Fix:     "Run the flow again.",
	}
}

// doubtful says that an earlier attempt of the run may have stored the rows of a table
// without having told, or may stand still and be about to: what it did after its progress
// was last saved is known to the destination alone.
func (j *job) doubtful() bool {
	if j.run.Attempt <= 1 || j.fenced {
		return false
	}
	return slices.ContainsFunc(j.routes(), func(r route) bool {
		return !slices.ContainsFunc(j.run.Streams, func(before flows.StreamRun) bool {
			ended := before.Status == flows.RunFailed || before.Status == flows.RunCancelled
			return ended && before.Table == flows.FormatTable(r.table)
		})
	})
}

// isCancel says whether err or the end of ctx is a person's cancel.
func isCancel(ctx context.Context, err error) bool {
	return wasCancelled(ctx) || errors.Is(err, errCancelled)
}
