package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/oklog/ulid/v2"

	"leat/secrets"
)

// checkKey gets the key ring and compares it with the key that the store remembers. An
// empty store gets its id and remembers the key.
func (s *Store) checkKey(ctx context.Context, options Options) error {
	remembered, err := s.rememberedKey(ctx)
	if err != nil {
		return err
	}
	if s.keys, err = keyRing(options, remembered == ""); err != nil {
		return err
	}
	if remembered == "" {
		if remembered, err = s.firstKey(ctx); err != nil {
			return err
		}
	}
	return s.keys.Knows(remembered)
}

func keyRing(options Options, empty bool) (*secrets.KeyRing, error) {
	if options.SecretKey.Empty() {
		return secrets.LoadOrCreate(filepath.Join(options.DataDir, KeyFile), empty)
	}
	ring, err := secrets.Parse(options.SecretKey.Reveal())
	if err != nil {
		return nil, fmt.Errorf("LEAT_SECRET_KEY: %w", err)
	}
	return ring, nil
}

// rememberedKey returns the fingerprint of the store's key; empty for an empty store.
func (s *Store) rememberedKey(ctx context.Context) (string, error) {
	var fingerprint string
	err := s.writes().row(ctx, "SELECT key_fingerprint FROM installation").Scan(&fingerprint)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read the installation: %w", err)
	}
	return fingerprint, nil
}

// firstKey writes the installation's row. When another node was faster, its key counts.
func (s *Store) firstKey(ctx context.Context) (string, error) {
	_, err := s.writes().exec(ctx,
		"INSERT INTO installation (row_id, id, key_fingerprint, created_at) VALUES (1, ?, ?, ?) ON CONFLICT (row_id) DO NOTHING",
		NewID(), s.keys.Fingerprint(), toMicros(time.Now()))
	if err != nil {
		return "", fmt.Errorf("write the installation: %w", err)
	}
	return s.rememberedKey(ctx)
}

// NewID makes an id for anything in the store. Ids made later sort later.
func NewID() string { return ulid.Make().String() }

// Installation returns the platform's own id, made once per store.
func (s *Store) Installation(ctx context.Context) (string, error) {
	var id string
	if err := s.reads().row(ctx, "SELECT id FROM installation").Scan(&id); err != nil {
		return "", fmt.Errorf("read the installation: %w", err)
	}
	return id, nil
}

// SetInstallation replaces the id, for a restored platform.
func (s *Store) SetInstallation(ctx context.Context, id string) error {
	if id == "" {
		return errors.New("the installation id is empty: give the one of the export")
	}
	if _, err := s.writes().exec(ctx, "UPDATE installation SET id = ?", id); err != nil {
		return fmt.Errorf("set the installation: %w", err)
	}
	return nil
}
