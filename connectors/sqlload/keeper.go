package sqlload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leat/connectors"
)

// States lists the state rows of all installations.
func (s Store) States(ctx context.Context, db Session) ([]connectors.StateRow, error) {
	rows, err := db.Query(ctx, "SELECT installation, state_key, table_name, fence, position, fingerprint, "+
		"CAST(extract(epoch FROM updated_at) AS bigint) FROM "+s.state()+" ORDER BY state_key, installation")
	if err != nil {
		return nil, fmt.Errorf("list state rows: %w", err)
	}
	out := make([]connectors.StateRow, len(rows))
	for i, row := range rows {
		fence, errFence := row[3].Int()
		seconds, errTime := row[6].Int()
		if errFence != nil || errTime != nil {
			return nil, fmt.Errorf("read the state row of %s: %w", row[1].Text, errors.Join(errFence, errTime))
		}
		out[i] = connectors.StateRow{
			Installation: row[0].Text, StateKey: row[1].Text, Table: connectors.Table{Schema: s.Schema, Name: row[2].Text},
			Fence: fence, Position: connectors.Position(row[4].Text), Fingerprint: row[5].Text, UpdatedAt: time.Unix(seconds, 0).UTC(),
		}
	}
	return out, nil
}

// Save stores a position and takes the fence, so that a running load fails.
func (s Store) Save(ctx context.Context, db Session, row connectors.StateRow) error {
	stream := Stream{Installation: row.Installation, Target: connectors.Target{StateKey: row.StateKey}, Table: row.Table}
	if _, err := s.Claim(ctx, db, stream, func(int64) string { return "" }); err != nil {
		return err
	}
	_, err := db.Exec(ctx, "UPDATE "+s.state()+" SET position = $3, fingerprint = $4"+mine, row.Installation, row.StateKey, string(row.Position), row.Fingerprint)
	if err != nil {
		return fmt.Errorf("store the position of %s: %w", row.StateKey, err)
	}
	return nil
}

// Adopt gives another installation's rows of a stream to installation and takes the
// fence.
func (s Store) Adopt(ctx context.Context, db Session, key, from, installation string) error {
	if from == installation {
		return refuse("the stream %s belongs to this installation already", "Nothing needs to be done.", key)
	}
	rows, err := db.Query(ctx, "SELECT fence FROM "+s.state()+" WHERE installation IN ($1, $2) AND state_key = $3"+s.Dialect.ForUpdate(), from, installation, key)
	if err != nil {
		return fmt.Errorf("lock the state rows: %w", err)
	}
	if len(rows) == 0 {
		return &connectors.Error{
			Kind: connectors.NotFound, Message: fmt.Sprintf("there is no state of the stream %s of the installation %s", key, from),
			Fix: "List what there is: leat state show",
		}
	}
	for _, sql := range []string{
		"DELETE FROM " + s.state() + " WHERE installation = $2 AND state_key = $3 AND EXISTS (SELECT 1 FROM " + s.state() + " WHERE installation = $1 AND state_key = $3)",
		"UPDATE " + s.state() + " SET installation = $2, fence = fence + 1 WHERE installation = $1 AND state_key = $3",
		"DELETE FROM " + s.loads() + " WHERE installation = $2 AND state_key = $3 AND run IN (SELECT run FROM " + s.loads() + " WHERE installation = $1 AND state_key = $3)",
		"UPDATE " + s.loads() + " SET installation = $2 WHERE installation = $1 AND state_key = $3",
	} {
		if _, err := db.Exec(ctx, sql, from, installation, key); err != nil {
			return fmt.Errorf("adopt the state of %s: %w", key, err)
		}
	}
	return nil
}

// Drop removes a stream's rows.
func (s Store) Drop(ctx context.Context, db Session, installation, key string) error {
	for _, table := range []string{s.state(), s.loads()} {
		if _, err := db.Exec(ctx, "DELETE FROM "+table+mine, installation, key); err != nil {
			return fmt.Errorf("drop the state of %s: %w", key, err)
		}
	}
	return nil
}
