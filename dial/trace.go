package dial

import (
	"context"
	"time"
)

// The stages that this package reports. Connectors add their own, such as
// "auth" or "permissions", with Report.
const (
	StageDNS = "dns"
	StageTCP = "tcp"
	StageTLS = "tls"
)

// Stage is one timed step of opening a connection.
type Stage struct {
	Name     string
	Detail   string // what was reached or learned; never a secret
	Duration time.Duration
	Err      error // nil when the stage succeeded
}

type traceKey struct{}

// WithTrace returns a context under which every stage is given to watch, in
// the order in which the stages end and in the goroutine that ran them. An
// inner trace replaces an outer one.
func WithTrace(ctx context.Context, watch func(Stage)) context.Context {
	return context.WithValue(ctx, traceKey{}, watch)
}

// Report gives a finished stage to the trace of ctx, if there is one.
func Report(ctx context.Context, s Stage) {
	if watch, ok := ctx.Value(traceKey{}).(func(Stage)); ok && watch != nil {
		watch(s)
	}
}
