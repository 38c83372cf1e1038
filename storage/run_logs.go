package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"leat/flows"
)

// logLinesPerInsert keeps a statement below the limit on parameters.
const logLinesPerInsert = 500

const logColumns = "run_id, seq, at, level, table_name, message"

func logValues(l *flows.LogLine) []any {
	return []any{&l.RunID, &l.Seq, asMicros(&l.At), &l.Level, &l.Table, &l.Message}
}

// AppendLog adds lines to a run's log and numbers them without gaps. A line without a
// time gets the present one.
func (s *Store) AppendLog(ctx context.Context, runID string, lines []flows.LogLine) error {
	if len(lines) == 0 {
		return nil
	}
	err := s.inTx(ctx, func(tx session) error {
		var last int64
		err := tx.row(ctx, "UPDATE runs SET log_lines = log_lines + ? WHERE id = ? RETURNING log_lines", len(lines), runID).Scan(&last)
		if errors.Is(err, sql.ErrNoRows) {
			return flows.NotFound("run", runID)
		}
		if err != nil {
			return err
		}
		return insertLog(ctx, tx, numbered(runID, lines, last-int64(len(lines))))
	})
	if err != nil {
		return fmt.Errorf("write the log of run %s: %w", runID, err)
	}
	return nil
}

// numbered returns the lines as they are stored, counting on from after.
func numbered(runID string, lines []flows.LogLine, after int64) []flows.LogLine {
	lines = slices.Clone(lines)
	for i := range lines {
		line := &lines[i]
		line.RunID, line.Seq, line.Message = runID, after+int64(i)+1, storable(line.Message)
		if line.At.IsZero() {
			line.At = time.Now()
		}
	}
	return lines
}

func insertLog(ctx context.Context, tx session, lines []flows.LogLine) error {
	for some := range slices.Chunk(lines, logLinesPerInsert) {
		var args []any
		for i := range some {
			args = append(args, logValues(&some[i])...)
		}
		_, err := tx.exec(ctx, "INSERT INTO run_logs ("+logColumns+") VALUES "+placeholders(len(some), len(args)/len(some)), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// Log returns lines with Seq > after, at most limit.
func (s *Store) Log(ctx context.Context, runID string, after int64, limit int) ([]flows.LogLine, error) {
	lines, err := list(ctx, s.reads(), logValues,
		"SELECT "+logColumns+" FROM run_logs WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?", runID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the log of run %s: %w", runID, err)
	}
	return lines, nil
}
