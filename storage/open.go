// Package storage is the platform's own memory. It implements the stores of flows,
// authorizers and accounts with one set of portable SQL: on an SQLite file in the
// data directory, where nothing has to be set up, or on PostgreSQL, where several
// nodes share it. Secrets are sealed with a key ring that is kept apart from the
// database; leases are counted by the database's clock.
package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"

	"leat/secrets"
)

// KeyFile is the file of the key ring in the data directory.
const KeyFile = "leat.key"

// Options say where the store is.
type Options struct {
	// DataDir is made when it does not exist, for its owner only. It holds the key
	// file and, without DatabaseURL, the database.
	DataDir string
	// DatabaseURL is the postgres:// address of the store; empty means SQLite.
	DatabaseURL string
	// SecretKey is the text of the key ring (LEAT_SECRET_KEY); empty means the key
	// file, which is made together with an empty store.
	SecretKey secrets.Secret
}

// Store remembers everything. It is safe for concurrent use, and several processes may
// have the same store open.
type Store struct {
	reader, writer *sql.DB
	dialect
	goose goose.Dialect
	// lock keeps other processes out while tables and keys are made; it returns the
	// function that lets them in.
	lock func(ctx context.Context) (unlock func() error, err error)
	keys *secrets.KeyRing
}

// Open opens the store. An empty one gets its tables, its installation id and its key;
// an older or newer schema, or a key that is missing or foreign, is an error of one
// sentence that says what to do.
func Open(ctx context.Context, options Options) (*Store, error) {
	return with(options, func(s *Store) error {
		unlock, err := s.lock(ctx)
		if err != nil {
			return err
		}
		return errors.Join(s.prepare(ctx, options), unlock())
	})
}

// prepare makes what an empty store lacks and checks what is there.
func (s *Store) prepare(ctx context.Context, options Options) error {
	if err := s.checkSchema(ctx); err != nil {
		return err
	}
	return s.checkKey(ctx, options)
}

// with connects, and closes again when setup fails.
func with(options Options, setup func(*Store) error) (*Store, error) {
	s, err := connect(options)
	if err != nil {
		return nil, err
	}
	if err := setup(s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func connect(options Options) (*Store, error) {
	dir, err := filepath.Abs(options.DataDir)
	if err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	if options.DatabaseURL != "" {
		return openPostgres(options.DatabaseURL)
	}
	return openSQLite(dir)
}

// Close frees the connections.
func (s *Store) Close() error {
	if s.reader == s.writer {
		return s.writer.Close()
	}
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// Ready tells whether the store can be read within two seconds: a database that answers
// and has lost its tables is not ready.
func (s *Store) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := s.Installation(ctx)
	return err
}
