package storage

import (
	"context"
	"fmt"
	"slices"

	"leat/flows"
)

const streamRunColumns = `stream, table_name, dataset, write_mode, status, phase, recipe, reason, counts, estimated_rows,
	error, warnings, reject_reasons, last_row_at, started_at, ended_at`

// streamRunsPerInsert keeps a statement below the limit on parameters.
const streamRunsPerInsert = 200

func streamRunValues(r *flows.StreamRun) []any {
	return []any{
		&r.Index, &r.Table, &r.Dataset, &r.WriteMode, &r.Status, &r.Phase, &r.Recipe, &r.Reason,
		asJSON(&r.Counts), &r.EstimatedRows, asJSON(&r.Error), asJSON(&r.Warnings), asJSON(&r.RejectReasons),
		asMicros(&r.LastRowAt), asMicros(&r.StartedAt), asMicros(&r.EndedAt),
	}
}

func streamRuns(ctx context.Context, from session, runID string) ([]flows.StreamRun, error) {
	streams, err := list(ctx, from, streamRunValues,
		"SELECT "+streamRunColumns+" FROM stream_runs WHERE run_id = ? ORDER BY stream", runID)
	if err != nil {
		return nil, fmt.Errorf("list the streams of run %s: %w", runID, err)
	}
	return streams, nil
}

// SaveProgress replaces the stream runs of a leased run.
func (s *Store) SaveProgress(ctx context.Context, lease flows.Lease, streams []flows.StreamRun) error {
	err := s.inTx(ctx, func(tx session) error {
		// The update locks the row, so that no claim comes between it and the streams.
		rows, bytes := sumsOf(streams)
		changed, err := tx.exec(ctx, "UPDATE runs SET rows_read = ?, bytes = ? WHERE "+holdsLease, append([]any{rows, bytes}, leaseArgs(lease)...)...)
		if err != nil {
			return err
		}
		if changed == 0 {
			return flows.ErrLeaseLost
		}
		return replaceStreamRuns(ctx, tx, lease.RunID, streams)
	})
	if err != nil {
		return fmt.Errorf("save the progress of run %s: %w", lease.RunID, err)
	}
	return nil
}

func replaceStreamRuns(ctx context.Context, tx session, runID string, streams []flows.StreamRun) error {
	if _, err := tx.exec(ctx, "DELETE FROM stream_runs WHERE run_id = ?", runID); err != nil {
		return err
	}
	for some := range slices.Chunk(streams, streamRunsPerInsert) {
		var args []any
		for i := range some {
			args = append(append(args, runID), streamRunValues(&some[i])...)
		}
		_, err := tx.exec(ctx, "INSERT INTO stream_runs (run_id, "+streamRunColumns+") VALUES "+
			placeholders(len(some), len(args)/len(some)), args...)
		if err != nil {
			return err
		}
	}
	return nil
}
