package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"leat/accounts"
	"leat/authorizers"
	"leat/flows"
)

// EditFlow saves a flow from a form; *accounts.ChangedError when it was saved since.
func (s *Store) EditFlow(ctx context.Context, f flows.Flow, edit accounts.Change) error {
	return s.edit(ctx, "flows", f.ID, edit, func(tx session) error { return saveFlow(ctx, tx, f) })
}

// EditSource saves a source from a form, by the same rule.
func (s *Store) EditSource(ctx context.Context, source flows.Source, edit accounts.Change) error {
	return s.edit(ctx, "sources", source.ID, edit, func(tx session) error { return saveSource(ctx, tx, source) })
}

// EditDestination saves a destination from a form, by the same rule.
func (s *Store) EditDestination(ctx context.Context, d flows.Destination, edit accounts.Change) error {
	return s.edit(ctx, "destinations", d.ID, edit, func(tx session) error { return saveDestination(ctx, tx, d) })
}

// EditAuthorizer saves an authorizer from a form, by the same rule.
func (s *Store) EditAuthorizer(ctx context.Context, a authorizers.Authorizer, edit accounts.Change) error {
	return s.edit(ctx, "authorizers", a.ID, edit, func(tx session) error { return s.saveAuthorizer(ctx, tx, a) })
}

func (s *Store) edit(ctx context.Context, table, id string, edit accounts.Change, save func(tx session) error) error {
	return s.inTx(ctx, func(tx session) error {
		if err := refuseChanged(ctx, tx, table, id, edit); err != nil {
			return err
		}
		if err := save(tx); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, "UPDATE "+table+" SET updated_by = ? WHERE id = ?", storable(edit.By), id); err != nil {
			return fmt.Errorf("note who saved it: %w", err)
		}
		return nil
	})
}

// refuseChanged locks the row that the form was made from. There is none when somebody
// saved it since.
func refuseChanged(ctx context.Context, tx session, table, id string, edit accounts.Change) error {
	if edit.Seen.IsZero() {
		return nil
	}
	same, err := tx.exec(ctx, "UPDATE "+table+" SET updated_at = updated_at WHERE id = ? AND updated_at = ?", id, toMicros(edit.Seen))
	if err != nil {
		return fmt.Errorf("look for changes: %w", err)
	}
	if same > 0 {
		return nil
	}
	changed := &accounts.ChangedError{}
	err = tx.row(ctx, "SELECT updated_at, updated_by FROM "+table+" WHERE id = ?", id).Scan(asMicros(&changed.At), &changed.By)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("it was deleted: %w", flows.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("find who changed it: %w", err)
	}
	return changed
}
