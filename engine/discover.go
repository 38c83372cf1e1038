package engine

import (
	"context"

	"leat/connectors"
)

// noFlow stands for the name of the flow where a question is about none.
const noFlow = ""

// Discover lists what the authorizer may read, sorted by schema and name.
func (e *Engine) Discover(ctx context.Context, authorizerID string) (found []connectors.DatasetInfo, err error) {
	defer caught(e.Log, &err)
	s, err := e.connect(ctx, authorizerID, noFlow)
	if err != nil {
		return nil, err
	}
	defer e.shut(ctx, s)
	discoverer, err := role[connectors.Discoverer](s, "list datasets")
	if err != nil {
		return nil, err
	}
	return discoverer.Datasets(ctx)
}

// Describe returns schema, key and cursor candidates of a dataset.
func (e *Engine) Describe(ctx context.Context, authorizerID string, dataset connectors.Dataset) (found connectors.Description, err error) {
	defer caught(e.Log, &err)
	s, err := e.connect(ctx, authorizerID, noFlow)
	if err != nil {
		return connectors.Description{}, err
	}
	defer e.shut(ctx, s)
	discoverer, err := role[connectors.Discoverer](s, "describe datasets")
	if err != nil {
		return connectors.Description{}, err
	}
	return discoverer.Describe(ctx, dataset)
}

// Schemas lists the schemas that a destination's user can see and whether tables can
// be created in them.
func (e *Engine) Schemas(ctx context.Context, destinationID string) ([]connectors.SchemaInfo, error) {
	destination, err := e.Destinations.Destination(ctx, destinationID)
	if err != nil {
		return nil, err
	}
	return e.AuthorizerSchemas(ctx, destination.AuthorizerID)
}

// AuthorizerSchemas is Schemas for an authorizer that no destination uses yet.
func (e *Engine) AuthorizerSchemas(ctx context.Context, authorizerID string) (found []connectors.SchemaInfo, err error) {
	defer caught(e.Log, &err)
	s, err := e.connect(ctx, authorizerID, noFlow)
	if err != nil {
		return nil, err
	}
	defer e.shut(ctx, s)
	loader, err := role[connectors.Loader](s, "be written to")
	if err != nil {
		return nil, err
	}
	return loader.Schemas(ctx)
}
