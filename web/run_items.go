package web

import (
	"context"
	"fmt"
	"time"

	"leat/connectors"
	"leat/flows"
	"leat/ui/component"
	"leat/ui/page"
)

// runItems are runs as lines of a list, with their rows.
func (s *Server) runItems(ctx context.Context, runs []flows.Run) ([]page.RunItem, error) {
	counts, err := s.Runs.RunCounts(ctx, names(runs, func(r flows.Run) string { return r.ID }))
	if err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	var items []page.RunItem
	for _, run := range runs {
		items = append(items, s.runItem(run, counts[run.ID]))
	}
	return items, nil
}

func (s *Server) runItem(run flows.Run, counts connectors.Counts) page.RunItem {
	item := page.RunItem{
		ID: run.ID, FlowID: run.FlowID, FlowName: run.FlowName, State: string(run.Status), Trigger: triggerWord(run.Trigger),
		Started: startOf(run), Took: s.took(run), Rows: counts.Read, Changed: counts.Changed, Rejected: counts.Rejected,
	}
	if run.Error != nil {
		item.Error = sentence(run.Error.Message)
	}
	return item
}

// startOf is when a run began, or was queued.
func startOf(run flows.Run) time.Time {
	if run.StartedAt.IsZero() {
		return run.QueuedAt
	}
	return run.StartedAt
}

// took is how long a run took, so far when it is not over.
func (s *Server) took(run flows.Run) time.Duration {
	switch {
	case run.StartedAt.IsZero():
		return 0
	case run.EndedAt.IsZero():
		return s.Now().Sub(run.StartedAt)
	default:
		return run.EndedAt.Sub(run.StartedAt)
	}
}

func triggerWord(t flows.Trigger) string {
	if t == flows.TriggerSchedule {
		return "Schedule"
	}
	return "A person"
}

// runBars are runs as bars; the list is newest first, the bars newest last.
func (s *Server) runBars(runs []flows.Run) []component.RunBar {
	bars := make([]component.RunBar, len(runs))
	for i, run := range runs {
		bars[len(runs)-1-i] = component.RunBar{State: string(run.Status), Duration: s.took(run)}
	}
	return bars
}

// runStates are the states to filter by.
func runStates() []component.Option {
	var out []component.Option
	for _, status := range []flows.RunStatus{
		flows.RunQueued, flows.RunRunning, flows.RunWaiting, flows.RunSucceeded, flows.RunPartial, flows.RunFailed, flows.RunCancelled, flows.RunSkipped,
	} {
		out = append(out, component.Option{Value: string(status), Label: component.StateOf(string(status)).Word})
	}
	return out
}
