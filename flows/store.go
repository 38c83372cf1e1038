package flows

import (
	"context"
	"time"

	"leat/connectors"
)

// SourceStore remembers sources. Save inserts or updates by ID and returns
// ErrNameTaken; lookups return ErrNotFound; Delete returns *InUseError.
type SourceStore interface {
	Sources(ctx context.Context) ([]Source, error)
	Source(ctx context.Context, id string) (Source, error)
	SourceByName(ctx context.Context, name string) (Source, error)
	SaveSource(ctx context.Context, s Source) error
	DeleteSource(ctx context.Context, id string) error
	// SourceUsers names the flows that read the source.
	SourceUsers(ctx context.Context, id string) ([]string, error)
}

// DestinationStore remembers destinations, by the same rules.
type DestinationStore interface {
	Destinations(ctx context.Context) ([]Destination, error)
	Destination(ctx context.Context, id string) (Destination, error)
	DestinationByName(ctx context.Context, name string) (Destination, error)
	SaveDestination(ctx context.Context, d Destination) error
	DeleteDestination(ctx context.Context, id string) error
	// DestinationUsers names the flows that write to the destination.
	DestinationUsers(ctx context.Context, id string) ([]string, error)
}

// FlowStore remembers flows, by the same rules. Deleting a flow deletes its runs; an
// active run refuses with *InUseError.
type FlowStore interface {
	Flows(ctx context.Context) ([]Flow, error)
	Flow(ctx context.Context, id string) (Flow, error)
	FlowByName(ctx context.Context, name string) (Flow, error)
	SaveFlow(ctx context.Context, f Flow) error
	DeleteFlow(ctx context.Context, id string) error
}

// RunFilter narrows a list of runs. Zero values do not filter.
type RunFilter struct {
	FlowID string
	Status []RunStatus
	// Trigger is what started them.
	Trigger Trigger
	// Before lists runs queued before this time (exclusive), newest first.
	Before time.Time
	Limit  int
	// Offset leaves out that many of the newest, for pages of a list.
	Offset int
}

// RunSum adds up runs of one flow.
type RunSum struct {
	FlowID string
	// Succeeded and Failed count runs; one that is partial failed.
	Succeeded, Failed int64
	RowsRead, Bytes   int64
}

// RunStore is the truth about who may run.
type RunStore interface {
	// EnqueueRun stores a queued run; *ActiveRunError when the flow has an active one.
	EnqueueRun(ctx context.Context, run Run) error
	// ClaimRun gives the oldest run that is queued, or whose lease is over, to node for
	// lease long and raises its attempt. flowID "" means any flow; ErrNothingDue when
	// there is none.
	ClaimRun(ctx context.Context, node, flowID string, lease time.Duration) (Run, error)
	// RenewLease prolongs the lease and tells whether a cancel was asked for;
	// ErrLeaseLost when another attempt has begun or the run has ended.
	RenewLease(ctx context.Context, lease Lease, duration time.Duration) (cancel bool, err error)
	// SaveProgress replaces the stream runs of a leased run; ErrLeaseLost as above.
	SaveProgress(ctx context.Context, lease Lease, streams []StreamRun) error
	// FinishRun stores the final state (status, error, streams, EndedAt) of a leased
	// run; ErrLeaseLost as above.
	FinishRun(ctx context.Context, lease Lease, run Run) error
	// RequestCancel asks the node that runs it to stop; a queued run is cancelled at
	// once.
	RequestCancel(ctx context.Context, runID string) error
	Run(ctx context.Context, id string) (Run, error)
	// Runs lists newest first, without streams.
	Runs(ctx context.Context, filter RunFilter) ([]Run, error)
	// CountRuns counts what a filter selects, without its limit and offset.
	CountRuns(ctx context.Context, filter RunFilter) (int, error)
	// RunCounts adds up the counts of each run's streams, by run id.
	RunCounts(ctx context.Context, runIDs []string) (map[string]connectors.Counts, error)
	// RunSums adds up the runs of each flow queued at or after since; of all flows when
	// none are named. A flow without such runs is left out.
	RunSums(ctx context.Context, since time.Time, flowIDs ...string) ([]RunSum, error)
	// LastSuccesses returns when each flow succeeded last, by flow id.
	LastSuccesses(ctx context.Context) (map[string]time.Time, error)
	// LastRuns returns the newest n runs of each flow, newest first, by flow id; of all
	// flows when none are named.
	LastRuns(ctx context.Context, n int, flowIDs ...string) (map[string][]Run, error)
	// AppendLog adds lines to a run's log and numbers them.
	AppendLog(ctx context.Context, runID string, lines []LogLine) error
	// Log returns lines with Seq > after, at most limit.
	Log(ctx context.Context, runID string, after int64, limit int) ([]LogLine, error)
}

// InstallationStore knows the platform's own id.
type InstallationStore interface {
	// Installation returns the id, made once per store.
	Installation(ctx context.Context) (string, error)
	// SetInstallation replaces the id, for a restored platform.
	SetInstallation(ctx context.Context, id string) error
}
