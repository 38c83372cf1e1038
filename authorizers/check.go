package authorizers

import "time"

// StageStatus is the outcome of one stage of a check.
type StageStatus string

// The outcomes of a stage. A warning is a stage that failed without stopping the check.
const (
	StageOK         StageStatus = "ok"
	StageWarning    StageStatus = "warning"
	StageFailed     StageStatus = "failed"
	StageNotReached StageStatus = "not_reached"
)

// CheckStage is one step of a check.
type CheckStage struct {
	Name     string        `json:"name"`
	Status   StageStatus   `json:"status"`
	Detail   string        `json:"detail,omitempty"`
	Duration time.Duration `json:"-"`
	// Milliseconds is Duration for JSON.
	Milliseconds int64 `json:"ms"`
	// Message and Fix are set when the stage did not succeed.
	Message string `json:"message,omitempty"`
	Fix     string `json:"fix,omitempty"`
}

// CheckReport says whether an authorizer works and where it stops.
type CheckReport struct {
	At       time.Time     `json:"at"`
	OK       bool          `json:"ok"`
	Stages   []CheckStage  `json:"stages"`
	Duration time.Duration `json:"-"`
	// Message and Fix are those of the stage that failed.
	Message string `json:"message,omitempty"`
	Fix     string `json:"fix,omitempty"`
}

// Result is what the authorizer's store keeps of the report.
func (r CheckReport) Result() CheckResult {
	return CheckResult{At: r.At, OK: r.OK, Message: r.Message}
}
