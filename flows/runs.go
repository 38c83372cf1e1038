package flows

import (
	"errors"
	"time"

	"leat/connectors"
)

// RunStatus is the state of a run or of one stream of it.
type RunStatus string

// The run states. Unknown means that the answer to a COMMIT was lost; the run stays
// active until the destination tells.
const (
	RunQueued    RunStatus = "queued"
	RunRunning   RunStatus = "running"
	RunWaiting   RunStatus = "waiting"
	RunUnknown   RunStatus = "unknown"
	RunSucceeded RunStatus = "succeeded"
	RunPartial   RunStatus = "partial"
	RunFailed    RunStatus = "failed"
	RunCancelled RunStatus = "cancelled"
	RunSkipped   RunStatus = "skipped"
)

// Active says whether the run still holds its flow: at most one run of a flow is active.
func (s RunStatus) Active() bool {
	return s == RunQueued || s == RunRunning || s == RunWaiting || s == RunUnknown
}

// Trigger says what started a run.
type Trigger string

// The triggers.
const (
	TriggerManual   Trigger = "manual"
	TriggerSchedule Trigger = "schedule"
)

// Run is one execution of a flow.
type Run struct {
	ID       string
	FlowID   string
	FlowName string
	Status   RunStatus
	Trigger  Trigger
	// ScheduledFor is the due time of a scheduled run; zero for others.
	ScheduledFor time.Time
	// FullRefresh ignores stored positions, for RefreshStreams only when not empty.
	FullRefresh    bool
	RefreshStreams []string
	// Attempt counts the claims, from 1.
	Attempt int
	// Lease is who executes the run and until when.
	Lease           Lease
	CancelRequested bool
	Error           *RunError
	Streams         []StreamRun

	QueuedAt, StartedAt, EndedAt time.Time
}

// Lease is the right to execute one attempt of a run.
type Lease struct {
	RunID string
	// Node is the process that holds the lease.
	Node    string
	Attempt int
	Until   time.Time
}

// Phase is what a stream run is doing.
type Phase string

// The phases of a stream run.
const (
	PhaseWaiting  Phase = "waiting"
	PhaseClaiming Phase = "claiming"
	PhaseReading  Phase = "reading"
	PhaseApplying Phase = "applying"
	PhaseDone     Phase = "done"
)

// StreamRun is the part of a run that concerns one target table.
type StreamRun struct {
	// Index orders the streams of a run, from 0.
	Index     int
	Table     string
	Dataset   string
	WriteMode connectors.WriteMode
	Status    RunStatus
	Phase     Phase
	Recipe    string
	Reason    string
	connectors.Counts
	// EstimatedRows is -1 when unknown.
	EstimatedRows int64
	Error         *RunError
	Warnings      []string
	RejectReasons []connectors.RejectCount
	// LastRowAt is when the last batch passed.
	LastRowAt, StartedAt, EndedAt time.Time
}

// RunError is an error kept with a run: text for the user, no row values.
type RunError struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
	// Retryable says that the same run may succeed later without a change.
	Retryable bool `json:"retryable,omitempty"`
}

// NewRunError turns any error into one that can be kept; nil stays nil.
func NewRunError(err error) *RunError {
	if err == nil {
		return nil
	}
	found := connectors.AsError(err)
	return &RunError{Kind: string(found.Kind), Message: found.Message, Fix: found.Advice(), Retryable: found.Retryable}
}

// LogLine is one line of a run's log.
type LogLine struct {
	// Seq grows within a run, from 1.
	Seq   int64
	RunID string
	At    time.Time
	// Level is "info", "warning" or "error".
	Level string
	// Table is the stream the line is about; empty when it is the run.
	Table   string
	Message string
}

// Outcome folds stream states into the run's: all succeeded, some (partial) or none.
func Outcome(streams []StreamRun) RunStatus {
	good, cancelled, skipped := 0, 0, 0
	for _, stream := range streams {
		switch stream.Status {
		case RunSucceeded:
			good++
		case RunUnknown:
			return RunUnknown
		case RunCancelled:
			cancelled++
		case RunSkipped:
			skipped++
		}
	}
	switch {
	case good == len(streams):
		return RunSucceeded
	case skipped == len(streams):
		return RunSkipped
	case good > 0:
		return RunPartial
	case cancelled > 0:
		return RunCancelled
	default:
		return RunFailed
	}
}

// Errors of the run store.
var (
	// ErrLeaseLost means another node has claimed the run: stop and write nothing.
	ErrLeaseLost = errors.New("the lease of the run was lost")
	// ErrNothingDue means there is no run to claim.
	ErrNothingDue = errors.New("no run is due")
)

// ActiveRunError refuses a second active run of a flow.
type ActiveRunError struct{ RunID string }

// Error names the run.
func (e *ActiveRunError) Error() string { return "the flow is already running: run " + e.RunID }
