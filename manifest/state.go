package manifest

import (
	"context"
	"fmt"

	"leat/authorizers"
	"leat/connectors"
	"leat/flows"
)

// Catalog finds connectors by kind.
type Catalog interface {
	Connector(kind string) (connectors.Connector, bool)
	Kinds() []string
}

// Stores is what the configuration is read from and saved to.
type Stores interface {
	Authorizers(ctx context.Context) ([]authorizers.Authorizer, error)
	SaveAuthorizer(ctx context.Context, a authorizers.Authorizer) error
	DeleteAuthorizer(ctx context.Context, id string) error
	Sources(ctx context.Context) ([]flows.Source, error)
	SaveSource(ctx context.Context, s flows.Source) error
	DeleteSource(ctx context.Context, id string) error
	Destinations(ctx context.Context) ([]flows.Destination, error)
	SaveDestination(ctx context.Context, d flows.Destination) error
	DeleteDestination(ctx context.Context, id string) error
	Flows(ctx context.Context) ([]flows.Flow, error)
	SaveFlow(ctx context.Context, f flows.Flow) error
	DeleteFlow(ctx context.Context, id string) error
	Installation(ctx context.Context) (string, error)
	SetInstallation(ctx context.Context, id string) error
}

// State is the whole configuration as domain objects, each list sorted by name.
type State struct {
	Installation string
	Authorizers  []authorizers.Authorizer
	Sources      []flows.Source
	Destinations []flows.Destination
	Flows        []flows.Flow
}

// Load reads the configuration from the stores.
func Load(ctx context.Context, stores Stores) (State, error) {
	var s State
	var err error
	if s.Installation, err = stores.Installation(ctx); err != nil {
		return State{}, fmt.Errorf("read the installation id: %w", err)
	}
	if s.Authorizers, err = stores.Authorizers(ctx); err != nil {
		return State{}, fmt.Errorf("read authorizers: %w", err)
	}
	if s.Sources, err = stores.Sources(ctx); err != nil {
		return State{}, fmt.Errorf("read sources: %w", err)
	}
	if s.Destinations, err = stores.Destinations(ctx); err != nil {
		return State{}, fmt.Errorf("read destinations: %w", err)
	}
	if s.Flows, err = stores.Flows(ctx); err != nil {
		return State{}, fmt.Errorf("read flows: %w", err)
	}
	return s, nil
}

// find returns the first element that matches.
func find[T any](list []T, match func(T) bool) (T, bool) {
	for _, item := range list {
		if match(item) {
			return item, true
		}
	}
	var none T
	return none, false
}

func (s State) authorizer(match func(authorizers.Authorizer) bool) (authorizers.Authorizer, bool) {
	return find(s.Authorizers, match)
}

func (s State) authorizerName(id string) string {
	found, _ := s.authorizer(func(a authorizers.Authorizer) bool { return a.ID == id })
	return found.Name
}

func (s State) sourceName(id string) string {
	found, _ := find(s.Sources, func(x flows.Source) bool { return x.ID == id })
	return found.Name
}

func (s State) destinationName(id string) string {
	found, _ := find(s.Destinations, func(x flows.Destination) bool { return x.ID == id })
	return found.Name
}

// Only returns a flow with what it needs: its destination, its sources and their
// authorizers. The installation stays out.
func (s State) Only(flowID string) (State, bool) {
	flow, ok := find(s.Flows, func(x flows.Flow) bool { return x.ID == flowID })
	if !ok {
		return State{}, false
	}
	out, authorizerIDs := State{Flows: []flows.Flow{flow}}, map[string]bool{}
	for _, d := range s.Destinations {
		if d.ID == flow.DestinationID {
			out.Destinations = append(out.Destinations, d)
			authorizerIDs[d.AuthorizerID] = true
		}
	}
	for _, source := range s.Sources {
		if flow.Reads(source.ID) {
			out.Sources = append(out.Sources, source)
			authorizerIDs[source.AuthorizerID] = true
		}
	}
	for _, a := range s.Authorizers {
		if authorizerIDs[a.ID] {
			out.Authorizers = append(out.Authorizers, a)
		}
	}
	return out, true
}
