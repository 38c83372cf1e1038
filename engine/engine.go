package engine

import (
	"context"
	"log/slog"
	"net"
	"time"

	"leat/authorizers"
	"leat/connectors"
	"leat/flows"
	"leat/secrets"
)

// Catalog knows the systems in this binary.
type Catalog interface {
	Connector(kind string) (connectors.Connector, bool)
}

// Authorizers finds saved authorizers, their secrets opened.
type Authorizers interface {
	Authorizer(ctx context.Context, id string) (authorizers.Authorizer, error)
}

// Sources finds saved sources.
type Sources interface {
	Source(ctx context.Context, id string) (flows.Source, error)
}

// Destinations finds saved destinations.
type Destinations interface {
	Destination(ctx context.Context, id string) (flows.Destination, error)
}

// Flows finds saved flows.
type Flows interface {
	Flow(ctx context.Context, id string) (flows.Flow, error)
}

// Runs is the part of flows.RunStore that executing needs.
type Runs interface {
	EnqueueRun(ctx context.Context, run flows.Run) error
	ClaimRun(ctx context.Context, node, flowID string, lease time.Duration) (flows.Run, error)
	RequestCancel(ctx context.Context, runID string) error
	RenewLease(ctx context.Context, lease flows.Lease, duration time.Duration) (cancel bool, err error)
	SaveProgress(ctx context.Context, lease flows.Lease, streams []flows.StreamRun) error
	FinishRun(ctx context.Context, lease flows.Lease, run flows.Run) error
	Run(ctx context.Context, id string) (flows.Run, error)
	AppendLog(ctx context.Context, runID string, lines []flows.LogLine) error
}

// Installation knows the platform's own id.
type Installation interface {
	Installation(ctx context.Context) (string, error)
}

// Dialer is the only way to the network. *dial.Dialer is one.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// References gives the values of ${env:…} and ${file:…}. secrets.Resolver is one.
type References interface {
	Resolve(ref secrets.Reference) (secrets.Secret, error)
}

// Deps is what an engine works with. Files may be nil where no system needs files;
// all else is needed.
type Deps struct {
	Connectors   Catalog
	Authorizers  Authorizers
	Sources      Sources
	Destinations Destinations
	Flows        Flows
	Runs         Runs
	Installation Installation
	Dialer       Dialer
	Files        connectors.Files
	References   References
	// Node names this process in leases; two processes never share a name.
	Node string
	Log  *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// RetryAfter are the pauses before the second attempt of a run, the third and so on,
	// when what failed may pass by itself; nil means 10 s and 30 s, empty no further one.
	RetryAfter []time.Duration
}

// Engine moves data. It is safe for concurrent use.
type Engine struct {
	Deps
	timing timing
}

// LeaseDuration is how long a claim holds without being renewed.
const LeaseDuration = 30 * time.Second

// timing holds the pace and the time limits of the engine.
type timing struct {
	progress time.Duration   // between two looks at the board
	renew    time.Duration   // between two renewals of a lease
	lease    time.Duration   // what a renewal asks for
	poll     time.Duration   // between two looks at a run executed elsewhere
	takeover time.Duration   // the longest wait for a lease to end
	resolve  time.Duration   // the longest search for a lost COMMIT answer
	unknown  time.Duration   // the rest of a run with an unknown outcome before it is claimed again
	store    time.Duration   // one call of the run store
	close    time.Duration   // Abort, or closing a connection
	check    time.Duration   // a whole check
	dial     time.Duration   // one connection of a check
	preview  time.Duration   // a whole preview
	plan     time.Duration   // a whole plan
	ask      time.Duration   // listing or describing what a system holds
	retry    []time.Duration // before the second attempt of a run, the third and so on
}

var usualTiming = timing{
	progress: time.Second,
	renew:    2 * time.Second,
	lease:    LeaseDuration,
	poll:     500 * time.Millisecond,
	takeover: 40 * time.Second,
	resolve:  time.Minute,
	unknown:  10 * time.Second,
	store:    10 * time.Second,
	close:    15 * time.Second,
	check:    8 * time.Second,
	dial:     5 * time.Second,
	preview:  10 * time.Second,
	plan:     5 * time.Second,
	ask:      2 * time.Minute,
	retry:    []time.Duration{10 * time.Second, 30 * time.Second},
}

// New makes an engine.
func New(deps Deps) *Engine {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	e := &Engine{Deps: deps, timing: usualTiming}
	if deps.RetryAfter != nil {
		e.timing.retry = deps.RetryAfter
	}
	return e
}
