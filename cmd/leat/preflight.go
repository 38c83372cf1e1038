package main

import (
	"context"
	"fmt"

	"leat/authorizers"
	"leat/connectors"
	"leat/engine"
	"leat/flows"
	"leat/manifest"
)

// preflight asks the destinations whether the flows of the files can be loaded: a
// missing schema is refused now and not at night. Destinations that do not answer in
// time give a warning, and so do flows whose authorizers wait for a secret.
func (p *platform) preflight(ctx context.Context, desired manifest.Desired) ([]string, error) {
	deps := p.deps
	wanted := lookup{desired.Everything}
	deps.Authorizers, deps.Sources, deps.Destinations = wanted, wanted, wanted
	planner := engine.New(deps)
	var warnings []string
	problems := &manifest.ProblemsError{}
	for _, flow := range desired.State.Flows {
		at := desired.At["flow "+flow.Name]
		if name, missing := wanted.lacksSecret(flow); missing {
			warnings = append(warnings, fmt.Sprintf("%s: flow %q is saved unchecked: the authorizer %q lacks a secret", at, flow.Name, name))
			continue
		}
		plans, err := planner.PlanFlow(ctx, flow)
		if err != nil {
			problems.Problems = append(problems.Problems, manifest.Problem{At: at, Message: fmt.Sprintf("flow %q: %v", flow.Name, err)})
			continue
		}
		findings := flows.JudgePlans(flow, plans)
		for _, found := range findings.Refused {
			problems.Problems = append(problems.Problems, manifest.Problem{
				At: at, Message: fmt.Sprintf("flow %q, table %s: %v%s", flow.Name, found.Table, found.Problem, offlineHint(found.Problem)),
			})
		}
		for _, found := range findings.Asked {
			warnings = append(warnings, fmt.Sprintf("%s: flow %q, table %s is skipped by each run until takeover is answered: %v", at, flow.Name, found.Table, found.Problem))
		}
		for _, found := range findings.Unchecked {
			warnings = append(warnings, fmt.Sprintf("%s: flow %q, table %s is saved unchecked: %v", at, flow.Name, found.Table, found.Problem))
		}
	}
	if len(problems.Problems) > 0 {
		return nil, problems
	}
	return warnings, nil
}

// offlineHint says how to save a flow whose ends are made later, for example by another
// flow of the same file.
func offlineHint(problem *connectors.Error) string {
	if problem.Kind != connectors.NotFound {
		return ""
	}
	return " (apply --offline saves the flow as it is)"
}

// lookup finds objects that are not saved yet.
type lookup struct{ state manifest.State }

// lacksSecret names the first authorizer of a flow that misses a secret: an export
// holds none, and it is applied before somebody types them again.
func (l lookup) lacksSecret(flow flows.Flow) (string, bool) {
	used := map[string]bool{}
	for _, d := range l.state.Destinations {
		used[d.AuthorizerID] = used[d.AuthorizerID] || d.ID == flow.DestinationID
	}
	for _, s := range l.state.Sources {
		used[s.AuthorizerID] = used[s.AuthorizerID] || flow.Reads(s.ID)
	}
	for _, a := range l.state.Authorizers {
		if used[a.ID] && len(a.Missing) > 0 {
			return a.Name, true
		}
	}
	return "", false
}

// Authorizer finds one by id.
func (l lookup) Authorizer(_ context.Context, id string) (authorizers.Authorizer, error) {
	for _, a := range l.state.Authorizers {
		if a.ID == id {
			return a, nil
		}
	}
	return authorizers.Authorizer{}, authorizers.ErrNotFound
}

// Source finds one by id.
func (l lookup) Source(_ context.Context, id string) (flows.Source, error) {
	for _, s := range l.state.Sources {
		if s.ID == id {
			return s, nil
		}
	}
	return flows.Source{}, flows.NotFound("source", id)
}

// Destination finds one by id.
func (l lookup) Destination(_ context.Context, id string) (flows.Destination, error) {
	for _, d := range l.state.Destinations {
		if d.ID == id {
			return d, nil
		}
	}
	return flows.Destination{}, flows.NotFound("destination", id)
}
