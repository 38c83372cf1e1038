package engine

import (
	"context"
	"errors"
	"fmt"

	"leat/connectors"
	"leat/flows"
)

// PlanFlow says what a run of a flow, saved or not, would do, without changing anything.
// Both ends get five seconds together; streams that could not be looked at by then are
// not Checked. Its error is a mistake in the flow itself.
func (e *Engine) PlanFlow(ctx context.Context, flow flows.Flow) (plans []flows.StreamPlan, err error) {
	defer connectors.Caught(e.Log, &err)
	ctx, cancel := context.WithTimeout(ctx, e.timing.plan)
	defer cancel()
	it, err := e.resolve(ctx, flow)
	if err != nil && unanswered(ctx, err) {
		return unresolved(flow, err), nil
	}
	if err != nil {
		return nil, err
	}
	plans = make([]flows.StreamPlan, len(it.routes))
	for i, r := range it.routes {
		plans[i] = flows.StreamPlan{Dataset: r.dataset.Name, Table: r.table, Unique: r.stream.Unique}
	}
	sources, err := e.connectSources(ctx, it.routes, flow.Name)
	defer e.shutAll(ctx, sources)
	if err != nil {
		return blame(ctx, plans, err), nil
	}
	return e.planTargets(ctx, it, sources, plans)
}

// planTargets describes the sources and asks the destination.
func (e *Engine) planTargets(ctx context.Context, it *itinerary, sources map[string]session, plans []flows.StreamPlan) ([]flows.StreamPlan, error) {
	s, err := e.connect(ctx, it.destination.AuthorizerID, it.flow.Name)
	if err != nil {
		return blame(ctx, plans, err), nil
	}
	defer e.shut(ctx, s)
	loader, err := role[connectors.Loader](s, "be written to")
	if err != nil {
		return nil, err
	}
	installation, err := e.Installation.Installation(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking up the installation: %w", err)
	}
	id := connectors.LoadID{Installation: installation, Flow: it.flow.Name}
	for i, r := range it.routes {
		shipment, err := it.describe(ctx, r, sources[r.authorizerID])
		if err != nil {
			blame(ctx, plans[i:i+1], err)
			continue
		}
		plans[i].Unique = shipment.target.Unique
		answers, err := loader.Plan(ctx, id, []connectors.Target{shipment.target})
		if err != nil || len(answers) != 1 {
			blame(ctx, plans[i:i+1], errors.Join(err, wrongNumber(len(answers), err)))
			continue
		}
		plans[i].Plan, plans[i].Checked, plans[i].Problem = answers[0], true, answers[0].Refusal
		plans[i].Plan.Warnings = append(shipment.warnings[:len(shipment.warnings):len(shipment.warnings)], answers[0].Warnings...)
	}
	return plans, nil
}

func wrongNumber(answers int, err error) error {
	if err != nil {
		return nil
	}
	return broken("the destination gave %d plans for one table", answers)
}

// unanswered says that an error tells nothing about the flow: an end is out of reach.
func unanswered(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return true
	}
	kind := connectors.AsError(known(err)).Kind
	return kind == connectors.Unreachable || kind == connectors.Throttled
}

// blame notes a problem in all plans.
func blame(ctx context.Context, plans []flows.StreamPlan, err error) []flows.StreamPlan {
	problem := connectors.AsError(known(err))
	if ctx.Err() != nil {
		problem = &connectors.Error{
			Kind: connectors.Unreachable, Retryable: true, Cause: err,
			Message: "the systems did not answer in time, so the stream is not checked",
		}
	}
	for i := range plans {
		plans[i].Problem, plans[i].Checked = problem, !unanswered(ctx, err)
	}
	return plans
}

// unresolved gives one plan per stream of a flow whose patterns could not be expanded.
func unresolved(flow flows.Flow, err error) []flows.StreamPlan {
	plans := make([]flows.StreamPlan, len(flow.Streams))
	for i, stream := range flow.Streams {
		plans[i] = flows.StreamPlan{Table: connectors.Table{Name: stream.Table}, Unique: stream.Unique}
		if len(stream.From) == 1 {
			plans[i].Dataset = stream.From[0].Dataset
		}
		plans[i].Problem = connectors.AsError(fmt.Errorf("the tables are not known yet: %w", known(err)))
	}
	return plans
}
