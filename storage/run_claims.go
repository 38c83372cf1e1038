package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"leat/flows"
)

// holdsLease is true for the attempt that a lease speaks of. A newer attempt, and the
// end of the run, make it false for ever.
const holdsLease = "id = ? AND lease_node = ? AND attempt = ? AND status = 'running'"

func leaseArgs(l flows.Lease) []any { return []any{l.RunID, l.Node, l.Attempt} }

// ClaimRun gives the oldest run that is queued, or whose lease or waiting time is over,
// to node and raises its attempt.
func (s *Store) ClaimRun(ctx context.Context, node, flowID string, lease time.Duration) (flows.Run, error) {
	if node == "" {
		return flows.Run{}, errors.New("claim a run: the node has no name")
	}
	var run flows.Run
	err := s.inTx(ctx, func(tx session) error {
		now, err := tx.now(ctx)
		if err != nil {
			return err
		}
		var id string
		err = tx.row(ctx, `UPDATE runs SET status = 'running', attempt = attempt + 1, lease_node = ?, lease_until = ?,
				started_at = CASE WHEN started_at = 0 THEN ? ELSE started_at END
			WHERE id = (SELECT id FROM runs WHERE `+isActive+` AND lease_until < ? AND (? = '' OR flow_id = ?)
				ORDER BY queued_at, id LIMIT 1 `+tx.skipLocked+`)
			RETURNING id`, node, toMicros(now.Add(lease)), toMicros(now), toMicros(now), flowID, flowID).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return flows.ErrNothingDue
		}
		if err != nil {
			return err
		}
		run, err = runWithStreams(ctx, tx, id)
		return err
	})
	if err != nil {
		return flows.Run{}, fmt.Errorf("claim a run: %w", err)
	}
	return run, nil
}

// RenewLease prolongs the lease and tells whether a cancel was asked for.
func (s *Store) RenewLease(ctx context.Context, lease flows.Lease, duration time.Duration) (cancel bool, err error) {
	now, err := s.writes().now(ctx)
	if err != nil {
		return false, err
	}
	err = s.writes().row(ctx, "UPDATE runs SET lease_until = ? WHERE "+holdsLease+" RETURNING cancel_requested",
		append([]any{toMicros(now.Add(duration))}, leaseArgs(lease)...)...).Scan(&cancel)
	if errors.Is(err, sql.ErrNoRows) {
		err = flows.ErrLeaseLost
	}
	if err != nil {
		return false, fmt.Errorf("renew the lease of run %s: %w", lease.RunID, err)
	}
	return cancel, nil
}

// FinishRun ends the attempt: it stores the status, the error, the streams and EndedAt
// (now when it is zero and the run has ended). A status that is still active hands the
// run back: it can be claimed again after run.Lease.Until.
func (s *Store) FinishRun(ctx context.Context, lease flows.Lease, run flows.Run) error {
	if run.Status == flows.RunRunning {
		return fmt.Errorf("finish run %s: a finished attempt cannot be running", lease.RunID)
	}
	var claimableAt time.Time
	if run.Status.Active() {
		claimableAt, run.EndedAt = run.Lease.Until, time.Time{}
	} else if run.EndedAt.IsZero() {
		run.EndedAt = time.Now()
	}
	err := s.inTx(ctx, func(tx session) error {
		rows, bytes := sumsOf(run.Streams)
		changed, err := tx.exec(ctx, `UPDATE runs SET status = ?, error = ?, ended_at = ?, rows_read = ?, bytes = ?, lease_node = '', lease_until = ?
			WHERE `+holdsLease, append([]any{run.Status, asJSON(&run.Error), asMicros(&run.EndedAt), rows, bytes, asMicros(&claimableAt)}, leaseArgs(lease)...)...)
		if err != nil {
			return err
		}
		if changed == 0 {
			return flows.ErrLeaseLost
		}
		return replaceStreamRuns(ctx, tx, lease.RunID, run.Streams)
	})
	if err != nil {
		return fmt.Errorf("finish run %s: %w", lease.RunID, err)
	}
	return nil
}

// isIdle is true for a run that nobody executes and that has stored all it ever will: the
// destination need not be asked about any of its streams.
const isIdle = `status IN ('queued', 'waiting')
	AND NOT EXISTS (SELECT 1 FROM stream_runs WHERE run_id = runs.id AND stream_runs.status IN ('running', 'unknown'))`

// RequestCancel asks the node that runs it to stop. A run that nobody executes (queued,
// waiting) is cancelled at once, unless what it stored is not known: then it is due at
// once, and the attempt that finds out ends it. One that has ended is left alone.
func (s *Store) RequestCancel(ctx context.Context, runID string) error {
	changed, err := s.writes().exec(ctx, `UPDATE runs SET cancel_requested = TRUE,
			ended_at = CASE WHEN `+isIdle+` THEN ? ELSE ended_at END,
			lease_until = CASE WHEN status = 'waiting' THEN 0 ELSE lease_until END,
			status = CASE WHEN `+isIdle+` THEN 'cancelled' ELSE status END
		WHERE id = ? AND `+isActive, toMicros(time.Now()), runID)
	if err != nil {
		return fmt.Errorf("cancel run %s: %w", runID, err)
	}
	if changed == 0 {
		_, err = s.Run(ctx, runID)
	}
	return err
}
