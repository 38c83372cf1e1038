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
)

// DatabaseFile is the SQLite file in the data directory.
const DatabaseFile = "leat.db"

// sqliteReaders is the number of connections that read beside the writer.
const sqliteReaders = 4

// Without immediate transactions, two that read before they write fail with "database
// is locked" however long the timeout is. The timeout comes first, so that it holds
// for the other pragmas. With mode=rw no connection makes a file.
const (
	sqlitePragmas = "mode=rw&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)"
	sqliteWriting = sqlitePragmas + "&_txlock=immediate"
	sqliteReading = sqlitePragmas + "&_pragma=query_only(1)"
)

func openSQLite(dir string) (*Store, error) {
	if name := networkFilesystem(dir); name != "" {
		return nil, fmt.Errorf("the data directory %s is on a network file system (%s), where SQLite loses data: "+
			"use a local directory (--data-dir), or PostgreSQL (LEAT_DATABASE_URL)", dir, name)
	}
	path := filepath.Join(dir, DatabaseFile)
	if err := neverAnew(path); err != nil {
		return nil, err
	}
	file, err := ownFile(path)
	if err != nil {
		return nil, err
	}
	address := url.URL{Scheme: "file", OmitHost: true, Path: path}
	writer := sql.OpenDB(standing{address: address.String() + "?" + sqliteWriting, path: path, file: file})
	writer.SetMaxOpenConns(1)
	reader := sql.OpenDB(standing{address: address.String() + "?" + sqliteReading, path: path, file: file})
	reader.SetMaxOpenConns(sqliteReaders)
	reader.SetMaxIdleConns(sqliteReaders)
	return &Store{
		reader: reader, writer: writer, goose: goose.DialectSQLite3,
		dialect: dialect{hasTable: "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"},
		lock:    func(ctx context.Context) (func() error, error) { return lockFile(ctx, path+lockEnding) },
	}, nil
}

// lockEnding names the file of the lock, which stays behind.
const lockEnding = ".lock"

// neverAnew refuses to make a store where one was: its lock is there and it is not.
func neverAnew(path string) error {
	if _, err := os.Stat(path + lockEnding); err != nil {
		return nil // nothing was here, or the store says why it cannot be opened
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the store %s is gone: put it back from a copy; to begin with an empty one instead, remove %s", path, path+lockEnding)
	}
	return nil
}

// ownFile makes the file for its owner only, and takes the rights of others away. The
// files that SQLite keeps beside it get the same mode.
func ownFile(path string) (os.FileInfo, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	info, err := file.Stat()
	if err := errors.Join(err, file.Chmod(0o600), file.Close()); err != nil {
		return nil, fmt.Errorf("protect the store: %w", err)
	}
	return info, nil
}
