package storage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"leat/flows"
)

const runColumns = `id, flow_id, flow_name, status, started_by, scheduled_for, full_refresh, refresh_streams, attempt,
	lease_node, lease_until, cancel_requested, error, queued_at, started_at, ended_at`

// isActive is spelled as in the partial indexes, so that they are used.
const isActive = "status IN ('queued', 'running', 'waiting', 'unknown')"

// defaultRuns is the length of a list of runs without a limit.
const defaultRuns = 100

func runValues(r *flows.Run) []any {
	return []any{
		&r.ID, &r.FlowID, &r.FlowName, &r.Status, &r.Trigger, asMicros(&r.ScheduledFor), &r.FullRefresh,
		asJSON(&r.RefreshStreams), &r.Attempt, &r.Lease.Node, asMicros(&r.Lease.Until), &r.CancelRequested,
		asJSON(&r.Error), asMicros(&r.QueuedAt), asMicros(&r.StartedAt), asMicros(&r.EndedAt),
	}
}

// Run finds one by id, with its streams.
func (s *Store) Run(ctx context.Context, id string) (flows.Run, error) {
	return runWithStreams(ctx, s.reads(), id)
}

func runWithStreams(ctx context.Context, from session, id string) (flows.Run, error) {
	run, err := one(ctx, from, runValues, flows.NotFound("run", id), "SELECT "+runColumns+" FROM runs WHERE id = ?", id)
	if err != nil {
		return flows.Run{}, err
	}
	completeLease(&run)
	run.Streams, err = streamRuns(ctx, from, id)
	return run, err
}

// completeLease repeats in the lease what stands in the run.
func completeLease(run *flows.Run) { run.Lease.RunID, run.Lease.Attempt = run.ID, run.Attempt }

// Runs lists newest first, without streams; without a limit, the newest 100.
func (s *Store) Runs(ctx context.Context, filter flows.RunFilter) ([]flows.Run, error) {
	conditions, args := runConditions(filter)
	if filter.Limit <= 0 {
		filter.Limit = defaultRuns
	}
	return s.listRuns(ctx, "SELECT "+runColumns+" FROM runs WHERE "+conditions+
		" ORDER BY queued_at DESC, id DESC LIMIT ? OFFSET ?", append(args, filter.Limit, max(filter.Offset, 0))...)
}

// CountRuns counts what a filter selects.
func (s *Store) CountRuns(ctx context.Context, filter flows.RunFilter) (int, error) {
	conditions, args := runConditions(filter)
	var count int
	if err := s.reads().row(ctx, "SELECT count(*) FROM runs WHERE "+conditions, args...).Scan(&count); err != nil {
		return 0, fmt.Errorf("count runs: %w", err)
	}
	return count, nil
}

func runConditions(filter flows.RunFilter) (string, []any) {
	conditions, args := []string{"1 = 1"}, []any{}
	if filter.FlowID != "" {
		conditions, args = append(conditions, "flow_id = ?"), append(args, filter.FlowID)
	}
	if len(filter.Status) > 0 {
		conditions = append(conditions, "status IN "+placeholders(1, len(filter.Status)))
		for _, status := range filter.Status {
			args = append(args, status)
		}
	}
	if filter.Trigger != "" {
		conditions, args = append(conditions, "started_by = ?"), append(args, filter.Trigger)
	}
	if !filter.Before.IsZero() {
		conditions, args = append(conditions, "queued_at < ?"), append(args, toMicros(filter.Before))
	}
	return strings.Join(conditions, " AND "), args
}

// LastRuns returns the newest n runs of each flow, newest first, by flow id; of all
// flows when none are named. It finds the time of each flow's n-th run in the index
// first, so that it reads n runs of each flow and not the whole history; CROSS JOIN keeps
// SQLite in that order.
func (s *Store) LastRuns(ctx context.Context, n int, flowIDs ...string) (map[string][]flows.Run, error) {
	of, args := ofFlows(flowIDs)
	runs, err := s.listRuns(ctx, `WITH since AS MATERIALIZED (
			SELECT f.id AS since_flow, COALESCE((SELECT r.queued_at FROM runs r WHERE r.flow_id = f.id
				ORDER BY r.queued_at DESC, r.id DESC LIMIT 1 OFFSET ?), 0) AS since_time
			FROM flows f WHERE `+of+`)
		SELECT `+runColumns+` FROM since CROSS JOIN runs WHERE flow_id = since_flow AND queued_at >= since_time
		ORDER BY queued_at DESC, id DESC`, append([]any{max(n-1, 0)}, args...)...)
	if err != nil {
		return nil, err
	}
	byFlow := map[string][]flows.Run{}
	for _, run := range runs {
		if len(byFlow[run.FlowID]) < n {
			byFlow[run.FlowID] = append(byFlow[run.FlowID], run)
		}
	}
	return byFlow, nil
}

func (s *Store) listRuns(ctx context.Context, query string, args ...any) ([]flows.Run, error) {
	runs, err := list(ctx, s.reads(), runValues, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	for i := range runs {
		completeLease(&runs[i])
	}
	return runs, nil
}

// enqueueAttempts bounds the tries when the active run that was in the way ends before
// it can be named.
const enqueueAttempts = 5

// EnqueueRun stores a run, queued unless it has another status (a skipped due time is
// stored as it is). *flows.ActiveRunError names the active run that is in the way,
// *flows.DueRunError the run that its due time already has.
func (s *Store) EnqueueRun(ctx context.Context, run flows.Run) error {
	if run.Status == "" {
		run.Status = flows.RunQueued
	}
	if run.QueuedAt.IsZero() {
		run.QueuedAt = time.Now()
	}
	for range enqueueAttempts {
		stored, err := s.insertRun(ctx, run)
		if err != nil || stored {
			return err
		}
		if err := s.runInTheWay(ctx, run); err != nil {
			return err
		}
	}
	return fmt.Errorf("queue a run of flow %q: its runs start and end too quickly; try again", run.FlowName)
}

// insertRun tells whether the run was stored; it is not when a unique index objects.
func (s *Store) insertRun(ctx context.Context, run flows.Run) (bool, error) {
	changed, err := s.writes().exec(ctx, `INSERT INTO runs (`+runColumns+`, log_lines)
		VALUES `+placeholders(1, 17)+` ON CONFLICT DO NOTHING`, append(runValues(&run), 0)...)
	if violated(err) == referenceViolation {
		return false, flows.NotFound("flow", run.FlowID)
	}
	if err != nil {
		return false, fmt.Errorf("queue a run of flow %q: %w", run.FlowName, err)
	}
	return changed == 1, nil
}

// runInTheWay finds what refused a run; nil when it has gone meanwhile.
func (s *Store) runInTheWay(ctx context.Context, run flows.Run) error {
	active, err := texts(ctx, s.writes(), "SELECT id FROM runs WHERE flow_id = ? AND "+isActive, run.FlowID)
	if err != nil {
		return fmt.Errorf("find the active run of flow %q: %w", run.FlowName, err)
	}
	due, err := texts(ctx, s.writes(), "SELECT id FROM runs WHERE flow_id = ? AND scheduled_for > 0 AND scheduled_for = ?",
		run.FlowID, toMicros(run.ScheduledFor))
	switch {
	case err != nil:
		return fmt.Errorf("find the run of flow %q for its due time: %w", run.FlowName, err)
	case len(due) > 0:
		return &flows.DueRunError{RunID: due[0]}
	case len(active) > 0:
		return &flows.ActiveRunError{RunID: active[0]}
	default:
		return nil
	}
}
