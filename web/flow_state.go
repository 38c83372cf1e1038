package web

import (
	"context"
	"time"

	"leat/connectors"
	"leat/flows"
)

// barCount is how many runs the bars show.
const barCount = 30

// flowStatus is a flow as its last runs show it.
type flowStatus struct {
	// State is live, running, reconnecting, broken or paused.
	State string
	// Freshness is "", late or stale.
	Freshness   string
	ActiveRunID string
	LastSuccess time.Time
	NextRun     time.Time
	// Failed is the last run when it failed.
	Failed *flows.Run
}

// statusOf judges a flow by its newest runs, newest first, by its last success and by
// its schedule.
func (s *Server) statusOf(f flows.Flow, runs []flows.Run, lastSuccess time.Time) flowStatus {
	status := stateOf(f, runs)
	status.LastSuccess, status.NextRun = lastSuccess, s.nextRun(f)
	status.Freshness = s.freshness(f, status)
	return status
}

// nextRun is when a flow is due; zero when it is not.
func (s *Server) nextRun(f flows.Flow) time.Time {
	if !s.Schedules {
		return time.Time{}
	}
	due, err := f.Schedule.Next(s.Now(), 1)
	if err != nil || len(due) == 0 || f.Paused {
		return time.Time{}
	}
	return due[0]
}

// stateOf is what the runs alone tell.
func stateOf(f flows.Flow, runs []flows.Run) flowStatus {
	status := flowStatus{State: "live"}
	for i := range runs {
		if runs[i].Status.Active() {
			status.ActiveRunID = runs[i].ID
		}
	}
	if last := lastEnded(runs); last != nil && (last.Status == flows.RunFailed || last.Status == flows.RunPartial) {
		status.Failed = last
	}
	switch {
	case f.Paused:
		status.State = "paused"
	case status.ActiveRunID != "":
		status.State = "running"
	case status.Failed != nil && passes(status.Failed) && !f.Schedule.Manual():
		status.State = "reconnecting"
	case status.Failed != nil:
		status.State = "broken"
	}
	return status
}

// lastEnded is the newest run that ran to an end.
func lastEnded(runs []flows.Run) *flows.Run {
	for i := range runs {
		if !runs[i].Status.Active() && runs[i].Status != flows.RunSkipped && runs[i].Status != flows.RunCancelled {
			return &runs[i]
		}
	}
	return nil
}

// passes says whether a failure may go away without a person.
func passes(run *flows.Run) bool {
	if run.Error == nil {
		return false
	}
	switch connectors.Kind(run.Error.Kind) {
	case connectors.Unreachable, connectors.Throttled, connectors.Conflict:
		return true
	default:
		return false
	}
}

// freshness compares the last success with the schedule: late after one missed
// interval, stale after two.
func (s *Server) freshness(f flows.Flow, status flowStatus) string {
	if !s.Schedules || f.Paused || f.Schedule.Manual() || status.LastSuccess.IsZero() {
		return ""
	}
	due, err := f.Schedule.Next(status.LastSuccess, 3)
	switch {
	case err != nil || len(due) < 3:
		return ""
	case s.Now().After(due[2]):
		return "stale"
	case s.Now().After(due[1]):
		return "late"
	default:
		return ""
	}
}

// attentionLife is how old the number at Home may be.
const attentionLife = 3 * time.Second

// attentionCount is the number at Home: flows that wait for a person. When the store
// does not answer, the page itself says so.
func (s *Server) attentionCount(ctx context.Context) int {
	count, err := s.waiting.get(s.Now(), attentionLife, func() (int, error) {
		all, err := s.Flows.Flows(ctx)
		if err != nil {
			return 0, err
		}
		last, err := s.Runs.LastRuns(ctx, judgedRuns)
		if err != nil {
			return 0, err
		}
		count := 0
		for _, f := range all {
			if stateOf(f, last[f.ID]).State == "broken" {
				count++
			}
		}
		return count, nil
	})
	if err != nil {
		return 0
	}
	return count
}

// judgedRuns is how many of its newest runs tell the state of a flow.
const judgedRuns = 3
