package connectors

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Caught turns a panic of a connector into an error, so that one connector cannot end
// the runs of all others. It is deferred in every goroutine that runs a connector's code.
// The text of the panic may hold row values: only its type and the stack go to the
// operator's log.
func Caught(log *slog.Logger, err *error) {
	if p := recover(); p != nil {
		log.Error("a connector panicked", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		*err = &Error{
			Kind: Internal, Message: "the connector stopped because of a mistake in it",
			Fix: "Nothing was written; please report this.",
		}
	}
}
