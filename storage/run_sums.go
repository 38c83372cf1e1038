package storage

import (
	"context"
	"fmt"
	"time"

	"leat/flows"
)

// RunSums adds up the runs of each flow queued at or after since; of all flows when none
// are named. It goes flow by flow through an index that holds the figures; CROSS JOIN
// keeps SQLite, which has no statistics, from going through all runs instead.
func (s *Store) RunSums(ctx context.Context, since time.Time, flowIDs ...string) ([]flows.RunSum, error) {
	of, args := ofFlows(flowIDs)
	sums, err := list(ctx, s.reads(), func(r *flows.RunSum) []any { return []any{&r.FlowID, &r.Succeeded, &r.Failed, &r.RowsRead, &r.Bytes} },
		`SELECT f.id, SUM(CASE WHEN r.status = 'succeeded' THEN 1 ELSE 0 END), SUM(CASE WHEN r.status IN ('failed', 'partial') THEN 1 ELSE 0 END),
			CAST(SUM(r.rows_read) AS BIGINT), CAST(SUM(r.bytes) AS BIGINT)
		FROM flows f CROSS JOIN runs r WHERE r.flow_id = f.id AND r.queued_at >= ? AND `+of+` GROUP BY f.id`, append([]any{toMicros(since)}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("add up runs: %w", err)
	}
	return sums, nil
}

// ofFlows is the condition on flows f that names some; no ids name all.
func ofFlows(ids []string) (condition string, args []any) {
	if len(ids) == 0 {
		return "1 = 1", nil
	}
	for _, id := range ids {
		args = append(args, id)
	}
	return "f.id IN " + placeholders(1, len(ids)), args
}

// lastSuccess is when a flow succeeded last; zero for never.
type lastSuccess struct {
	flow string
	at   time.Time
}

// LastSuccesses returns when each flow succeeded last, by flow id.
func (s *Store) LastSuccesses(ctx context.Context) (map[string]time.Time, error) {
	found, err := list(ctx, s.reads(), func(l *lastSuccess) []any { return []any{&l.flow, asMicros(&l.at)} },
		`SELECT f.id, COALESCE((SELECT r.ended_at FROM runs r WHERE r.flow_id = f.id AND r.status = 'succeeded'
			ORDER BY r.ended_at DESC LIMIT 1), 0) FROM flows f`)
	if err != nil {
		return nil, fmt.Errorf("find the last successes: %w", err)
	}
	last := map[string]time.Time{}
	for _, l := range found {
		if !l.at.IsZero() {
			last[l.flow] = l.at
		}
	}
	return last, nil
}

// sumsOf are the rows and bytes that all streams of a run have read.
func sumsOf(streams []flows.StreamRun) (rows, bytes int64) {
	for _, stream := range streams {
		rows, bytes = rows+stream.Read, bytes+stream.Bytes
	}
	return rows, bytes
}
