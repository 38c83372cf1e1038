package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// DatabaseFile is the SQLite file in the data directory.
const DatabaseFile = "leat.db"

// sqliteReaders is the number of connections that read beside the writer.
const sqliteReaders = 4

// Without immediate transactions, two that read before they write fail with "database
// is locked" however long the timeout is. The timeout comes first, so that it holds
// for the other pragmas.
const (
	sqlitePragmas = "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)"
	sqliteWriting = sqlitePragmas + "&_txlock=immediate"
	sqliteReading = sqlitePragmas + "&_pragma=query_only(1)"
)

func openSQLite(dir string) (*Store, error) {
	if name := networkFilesystem(dir); name != "" {
		return nil, fmt.Errorf("the data directory %s is on a network file system (%s), where SQLite loses data: "+
			"use a local directory (--data-dir), or PostgreSQL (LEAT_DATABASE_URL)", dir, name)
	}
	path := filepath.Join(dir, DatabaseFile)
	if err := ownFile(path); err != nil {
		return nil, err
	}
	address := url.URL{Scheme: "file", OmitHost: true, Path: path}
	writer, err := sql.Open("sqlite", address.String()+"?"+sqliteWriting)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	writer.SetMaxOpenConns(1)
	reader, err := sql.Open("sqlite", address.String()+"?"+sqliteReading)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), writer.Close())
	}
	reader.SetMaxOpenConns(sqliteReaders)
	reader.SetMaxIdleConns(sqliteReaders)
	return &Store{
		reader: reader, writer: writer, goose: goose.DialectSQLite3,
		dialect: dialect{hasTable: "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"},
		lock:    func(ctx context.Context) (func() error, error) { return lockFile(ctx, path+".lock") },
	}, nil
}

// ownFile makes the file for its owner only, and takes the rights of others away. The
// files that SQLite keeps beside it get the same mode.
func ownFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	if err := errors.Join(file.Chmod(0o600), file.Close()); err != nil {
		return fmt.Errorf("protect the store: %w", err)
	}
	return nil
}
