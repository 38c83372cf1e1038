package engine

import (
	"context"
	"errors"
	"fmt"

	"leat/connectors"
)

// noFlow stands for the name of the flow where a question is about none.
const noFlow = ""

// Discover lists what the authorizer may read, sorted by schema and name.
func (e *Engine) Discover(ctx context.Context, authorizerID string) (found []connectors.DatasetInfo, err error) {
	defer connectors.Caught(e.Log, &err)
	ctx, cancel := e.asking(ctx)
	defer cancel()
	s, err := e.connect(ctx, authorizerID, noFlow)
	if err != nil {
		return nil, err
	}
	defer e.shut(ctx, s)
	discoverer, err := role[connectors.Discoverer](s, "list datasets")
	if err != nil {
		return nil, err
	}
	found, err = discoverer.Datasets(ctx)
	return found, answered(ctx, err)
}

// Describe returns schema, key and cursor candidates of a dataset.
func (e *Engine) Describe(ctx context.Context, authorizerID string, dataset connectors.Dataset) (found connectors.Description, err error) {
	defer connectors.Caught(e.Log, &err)
	ctx, cancel := e.asking(ctx)
	defer cancel()
	s, err := e.connect(ctx, authorizerID, noFlow)
	if err != nil {
		return connectors.Description{}, err
	}
	defer e.shut(ctx, s)
	discoverer, err := role[connectors.Discoverer](s, "describe datasets")
	if err != nil {
		return connectors.Description{}, err
	}
	found, err = discoverer.Describe(ctx, dataset)
	return found, answered(ctx, err)
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
	defer connectors.Caught(e.Log, &err)
	ctx, cancel := e.asking(ctx)
	defer cancel()
	s, err := e.connect(ctx, authorizerID, noFlow)
	if err != nil {
		return nil, err
	}
	defer e.shut(ctx, s)
	loader, err := role[connectors.Loader](s, "be written to")
	if err != nil {
		return nil, err
	}
	found, err = loader.Schemas(ctx)
	return found, answered(ctx, err)
}

// asking bounds a question about what a system holds.
func (e *Engine) asking(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, e.timing.ask, &connectors.Error{
		Kind: connectors.Unreachable, Retryable: true,
		Message: fmt.Sprintf("the system did not tell within %s what it holds", e.timing.ask),
		Fix:     "Check that the system and the network answer; a busy system may need a second try.",
	})
}

// answered gives an error the cause of the context's end where asking has ended it.
func answered(ctx context.Context, err error) error {
	if late, ok := errors.AsType[*connectors.Error](context.Cause(ctx)); ok && err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return late
	}
	return err
}
