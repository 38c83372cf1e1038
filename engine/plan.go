package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"leat/connectors"
	"leat/flows"
)

// PlanFlow says what a run of a flow, saved or not, would do, without changing anything.
// The ends get five seconds to open and to list tables, and five for each table; when one
// falls silent, it is not asked about the rest, whose plans are not Checked. Its error is a
// mistake in the flow itself.
func (e *Engine) PlanFlow(ctx context.Context, flow flows.Flow) (plans []flows.StreamPlan, err error) {
	defer connectors.Caught(e.Log, &err)
	opening, cancel := context.WithTimeout(ctx, e.timing.plan)
	defer cancel()
	it, err := e.resolve(opening, flow)
	if err != nil && unanswered(opening, err) {
		return unresolved(flow, err), nil
	}
	if err != nil {
		return nil, err
	}
	plans = make([]flows.StreamPlan, len(it.routes))
	for i, r := range it.routes {
		plans[i] = flows.StreamPlan{Stream: r.place, Dataset: r.dataset.Name, Table: r.table, Unique: r.stream.Unique, WriteMode: r.stream.WriteMode}
	}
	sources, err := e.connectSources(opening, it.routes, flow.Name)
	defer e.shutAll(ctx, sources)
	if err != nil {
		return blame(opening, plans, err), nil
	}
	return e.planTargets(ctx, it, sources, plans)
}

// planTargets describes the sources and asks the destination. What the sources say is
// kept when the destination does not answer.
func (e *Engine) planTargets(ctx context.Context, it *itinerary, sources map[string]session, plans []flows.StreamPlan) ([]flows.StreamPlan, error) {
	e.askEach(ctx, plans, func(ctx context.Context, i int) error {
		r := it.routes[i]
		described, err := describe(ctx, r, sources[r.authorizerID])
		if err == nil {
			plans[i].Description = &described
		}
		return err
	})
	opening, cancel := context.WithTimeout(ctx, e.timing.plan)
	defer cancel()
	s, err := e.connect(opening, it.destination.AuthorizerID, it.flow.Name)
	if err != nil {
		return blame(opening, plans, err), nil
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
	p := planner{
		it: it, loader: loader, can: s.descriptor.Capabilities,
		id: connectors.LoadID{Installation: installation, Flow: it.flow.Name},
	}
	e.askEach(ctx, plans, func(ctx context.Context, i int) error {
		if plans[i].Description == nil {
			return nil
		}
		return p.plan(ctx, it.routes[i], sources[it.routes[i].authorizerID].descriptor.Kind, &plans[i])
	})
	checking, stop := context.WithTimeout(ctx, e.timing.plan)
	defer stop()
	e.checkKeys(checking, it, sources, plans)
	return plans, nil
}

// askEach asks about one table after the other, each within the limit of one question, so
// that many tables are all looked at. When an end falls silent, the rest is not asked.
func (e *Engine) askEach(ctx context.Context, plans []flows.StreamPlan, ask func(ctx context.Context, i int) error) {
	for i := range plans {
		if !e.askOne(ctx, plans[i:], func(ctx context.Context) error { return ask(ctx, i) }) {
			return
		}
	}
}

// askOne asks about the first of the plans that are left, and says whether to go on.
func (e *Engine) askOne(ctx context.Context, left []flows.StreamPlan, ask func(context.Context) error) bool {
	limited, cancel := context.WithTimeout(ctx, e.timing.plan)
	defer cancel()
	err := ask(limited)
	if err == nil || limited.Err() == nil {
		if err != nil {
			blame(limited, left[:1], err)
		}
		return true
	}
	for i := range left {
		if left[i].Problem == nil {
			blame(limited, left[i:i+1], err)
		}
	}
	return false
}

// planner asks the destination about one table after the other.
type planner struct {
	it     *itinerary
	loader connectors.Loader
	can    connectors.Capabilities
	id     connectors.LoadID
}

// plan asks about one table whose source is described. A stream without a write mode gets
// the one that the domain proposes for what the ends say.
func (p planner) plan(ctx context.Context, r route, sourceKind string, plan *flows.StreamPlan) error {
	if r.stream.WriteMode != "" {
		return p.ask(ctx, r, sourceKind, plan)
	}
	known := flows.StreamEnds{Dataset: r.dataset, Description: plan.Description}
	for range 2 { // what the destination refuses is proposed no more
		r.stream.WriteMode = flows.ProposeMode(known, p.can)
		if err := p.ask(ctx, r, sourceKind, plan); err != nil || plan.Problem == nil {
			return err
		}
		known.Plans = append(known.Plans, *plan)
	}
	return nil
}

// ask is one question to the destination.
func (p planner) ask(ctx context.Context, r route, sourceKind string, plan *flows.StreamPlan) error {
	plan.WriteMode = r.stream.WriteMode
	shipment, err := p.it.ship(r, sourceKind, *plan.Description)
	if err != nil {
		return err
	}
	plan.Unique = shipment.target.Unique
	answers, err := p.loader.Plan(ctx, p.id, []connectors.Target{shipment.target})
	if err != nil || len(answers) != 1 {
		return errors.Join(err, wrongNumber(len(answers), err))
	}
	plan.Plan, plan.Checked, plan.Problem = answers[0], true, answers[0].Refusal
	plan.Plan.Warnings = once(shipment.warnings, answers[0].Warnings)
	return nil
}

// once joins lists of sentences and leaves out what was said before.
func once(lists ...[]string) []string {
	var out []string
	for _, text := range slices.Concat(lists...) {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
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
			Fix:     "Save it all the same, or try again; each run checks it.",
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
		plans[i] = flows.StreamPlan{Stream: i, Table: connectors.Table{Name: stream.Table}, Unique: stream.Unique, WriteMode: stream.WriteMode}
		if len(stream.From) == 1 {
			plans[i].Dataset = stream.From[0].Dataset
		}
		plans[i].Problem = connectors.AsError(fmt.Errorf("the tables are not known yet: %w", known(err)))
	}
	return plans
}
