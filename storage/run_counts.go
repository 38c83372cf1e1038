package storage

import (
	"context"
	"fmt"
	"slices"

	"leat/connectors"
)

// countedAtOnce bounds the placeholders of one statement.
const countedAtOnce = 500

// runCounts is what one stream of a run counted.
type runCounts struct {
	run    string
	counts connectors.Counts
}

// RunCounts adds up the counts of each run's streams, by run id.
func (s *Store) RunCounts(ctx context.Context, runIDs []string) (map[string]connectors.Counts, error) {
	sums := map[string]connectors.Counts{}
	for some := range slices.Chunk(runIDs, countedAtOnce) {
		args := make([]any, len(some))
		for i, id := range some {
			args[i] = id
		}
		streams, err := list(ctx, s.reads(), func(c *runCounts) []any { return []any{&c.run, asJSON(&c.counts)} },
			"SELECT run_id, counts FROM stream_runs WHERE run_id IN "+placeholders(1, len(args)), args...)
		if err != nil {
			return nil, fmt.Errorf("count the rows of runs: %w", err)
		}
		for _, stream := range streams {
			sums[stream.run] = sums[stream.run].Plus(stream.counts)
		}
	}
	return sums, nil
}
