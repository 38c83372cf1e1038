package engine

import (
	"context"
	"errors"
	"fmt"

	"leat/connectors"
	"leat/dial"
	"leat/flows"
)

// errCancelled is the cause of a context that a person cancelled.
var errCancelled = &connectors.Error{Kind: connectors.Cancelled, Message: "the run was cancelled"}

// refusal makes an error for the user.
func refusal(kind connectors.Kind, fix, format string, args ...any) *connectors.Error {
	return &connectors.Error{Kind: kind, Message: fmt.Sprintf(format, args...), Fix: fix}
}

// broken is the error of a connector that does not keep the contract.
func broken(format string, args ...any) *connectors.Error {
	return refusal(connectors.Internal, "Nothing was written; please report this.", format, args...)
}

// missing names a thing that a flow needs and the store does not have.
func missing(noun, of string, err error) error {
	if errors.Is(err, flows.ErrNotFound) || isNoAuthorizer(err) {
		return &connectors.Error{
			Kind: connectors.Config, Message: fmt.Sprintf("the %s of %s no longer exists", noun, of),
			Fix: "Choose another " + noun + " and save it.", Cause: err,
		}
	}
	return fmt.Errorf("looking up the %s of %s: %w", noun, of, err)
}

// explain gives the sentence and the fix of an error for the user.
func explain(err error) (message, fix string) {
	if found, ok := errors.AsType[*connectors.Error](err); ok {
		return found.Message, found.Advice()
	}
	if found, ok := errors.AsType[*dial.Error](err); ok {
		return found.Error(), found.Fix()
	}
	return err.Error(), connectors.AsError(err).Advice()
}

// wasCancelled says whether a person asked for the end of ctx.
func wasCancelled(ctx context.Context) bool {
	return connectors.Is(context.Cause(ctx), connectors.Cancelled)
}

// wasLost says whether ctx ended because the lease went to somebody else.
func wasLost(ctx context.Context) bool { return errors.Is(context.Cause(ctx), flows.ErrLeaseLost) }

// known gives the errors of dial the shape that runs keep.
func known(err error) error {
	if _, ok := errors.AsType[*connectors.Error](err); ok {
		return err
	}
	if found, ok := errors.AsType[*dial.Error](err); ok {
		return &connectors.Error{
			Kind: connectors.Unreachable, Retryable: true, Message: found.Error(), Fix: found.Fix(), Cause: err,
		}
	}
	return err
}
