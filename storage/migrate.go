package storage

import (
	"context"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"leat/migrations"
)

// versionTable is where goose notes the migrations that were applied.
const versionTable = "leat_migrations"

// The schemas that Open refuses.
var (
	ErrOlderSchema = errors.New("make a copy of the store and run: leat migrate")
	ErrNewerSchema = errors.New("start the leat that wrote it, or a newer one")
)

// Migrate brings an older store to the schema of this program and returns the versions
// before and after. A store that is up to date is left alone.
func Migrate(ctx context.Context, options Options) (from, to int64, err error) {
	s, err := with(options, func(s *Store) error {
		unlock, err := s.lock(ctx)
		if err != nil {
			return err
		}
		from, to, err = s.migrate(ctx)
		return errors.Join(err, unlock())
	})
	if err != nil {
		return 0, 0, err
	}
	return from, to, s.Close()
}

func (s *Store) migrate(ctx context.Context) (from, to int64, err error) {
	provider, err := s.provider()
	if err != nil {
		return 0, 0, err
	}
	from, to, err = s.versions(ctx, provider)
	if err != nil {
		return 0, 0, err
	}
	if from > to {
		return 0, 0, newer(from, to)
	}
	if _, err := provider.Up(ctx); err != nil {
		return 0, 0, fmt.Errorf("migrate the store from schema %d to %d: %w", from, to, err)
	}
	return from, to, nil
}

// checkSchema makes the tables of an empty store and refuses any schema but ours.
func (s *Store) checkSchema(ctx context.Context) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	have, want, err := s.versions(ctx, provider)
	switch {
	case err != nil:
		return err
	case have == 0:
		_, _, err := s.migrate(ctx)
		return err
	case have < want:
		return fmt.Errorf("the store has schema %d and this leat needs %d: %w", have, want, ErrOlderSchema)
	case have > want:
		return newer(have, want)
	default:
		return nil
	}
}

func newer(have, want int64) error {
	return fmt.Errorf("the store has schema %d and this leat knows only %d: %w", have, want, ErrNewerSchema)
}

// versions returns the schema of the store, 0 for an empty one, and our own.
func (s *Store) versions(ctx context.Context, provider *goose.Provider) (have, want int64, err error) {
	sources := provider.ListSources()
	want = sources[len(sources)-1].Version
	var tables int64
	if err := s.writes().row(ctx, s.hasTable, versionTable).Scan(&tables); err != nil {
		return 0, 0, fmt.Errorf("look at the store: %w", err)
	}
	if tables == 0 {
		return 0, want, nil
	}
	err = s.writes().row(ctx, "SELECT COALESCE(max(version_id), 0) FROM "+versionTable).Scan(&have)
	if err != nil {
		return 0, 0, fmt.Errorf("read the schema of the store: %w", err)
	}
	return have, want, nil
}

func (s *Store) provider() (*goose.Provider, error) {
	options := []goose.ProviderOption{goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true)}
	if s.goose == goose.DialectPostgres {
		// Nodes that start together wait for the first one: a try a second, for 5 minutes.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return nil, fmt.Errorf("prepare the lock of the migrations: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(s.goose, s.writer, migrations.Files, options...)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return provider, nil
}
