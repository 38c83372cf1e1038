package storage

import (
	"context"
	"fmt"
	"time"
)

// now is the one clock of leases: the database's on PostgreSQL, so that the clocks of
// nodes do not matter, and this machine's on SQLite.
func (s session) now(ctx context.Context) (time.Time, error) {
	if s.clock == "" {
		return time.Now().UTC().Truncate(time.Microsecond), nil
	}
	var number int64
	if err := s.row(ctx, s.clock).Scan(&number); err != nil {
		return time.Time{}, fmt.Errorf("read the database's clock: %w", err)
	}
	return fromMicros(number), nil
}
