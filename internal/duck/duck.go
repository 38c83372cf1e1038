// Package duck is embedded DuckDB in a cage: no file but its own database, no
// network, no extensions from outside, a locked configuration, a memory limit and a
// bounded spill folder. Rows go in and out as Arrow record batches, copied column by
// column through data chunks. An Arrow view is never queried: DuckDB would push
// filters into a stream that ignores them.
package duck

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"

	bindings "github.com/duckdb/duckdb-go-bindings"
	driver "github.com/duckdb/duckdb-go/v2"
)

// Memory is the path of a database that lives in memory only.
const Memory = ":memory:"

// DefaultTempLimit is how much may be spilled where Options say nothing else.
const DefaultTempLimit = "10GB"

// Options bound what a database may use. Zero values are the defaults.
type Options struct {
	// MemoryLimit is a size with a unit, for example "512MB", the default. It bounds
	// DuckDB's buffers, beside what is set aside for columns (see reserve); what does not fit
	// spills to TempDir.
	MemoryLimit string
	// TempDir is the spill folder; empty means that nothing spills.
	TempDir string
	// TempLimit bounds the spill folder; empty means DefaultTempLimit.
	TempLimit string
	// Threads is how many threads a query may use; the default is the number of CPUs,
	// at most 4.
	Threads int
	// ReadOnly opens the file without the right to change it, so that other processes
	// may read it at the same time.
	ReadOnly bool
}

// DB is an open database. It may be used by several goroutines, each with a Conn of
// its own.
type DB struct {
	mu     sync.Mutex
	handle bindings.Database
	closed bool
}

// Open opens or creates the database file at path, or one in memory. Its error is an
// *Error: CannotOpen with a reason. Opening a file twice in one process with the same
// options shares one database.
func Open(path string, options Options) (*DB, error) {
	options.MemoryLimit = cmp.Or(options.MemoryLimit, "512MB")
	db := &DB{}
	if err := db.open(path, options); err != nil {
		return nil, err
	}
	if err := db.lock(options); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) openWith(path string, o Options) error {
	config, err := configure(o)
	if err != nil {
		return err
	}
	defer bindings.DestroyConfig(&config)
	var message string
	var state bindings.State
	if path == Memory {
		state = bindings.OpenExt("", &db.handle, config, &message)
	} else {
		// The cache is the library's and counts for the whole process: DuckDB's file
		// lock does not keep two databases of one process apart.
		state = bindings.GetOrCreateFromCache(driver.GetInstanceCache(), path, &db.handle, config, &message)
	}
	if state == bindings.StateError {
		bindings.Close(&db.handle)
		return openError(message)
	}
	return nil
}

// configure makes DuckDB's configuration. Access to files is switched off last,
// because the spill folder can not be set afterwards.
func configure(o Options) (bindings.Config, error) {
	var config bindings.Config
	if bindings.CreateConfig(&config) == bindings.StateError {
		return config, errors.New("make a DuckDB configuration")
	}
	threads := cmp.Or(o.Threads, min(runtime.NumCPU(), 4))
	settings := [][2]string{
		{"memory_limit", o.MemoryLimit},
		{"threads", strconv.Itoa(threads)},
		{"temp_directory", o.TempDir},
		{"max_temp_directory_size", cmp.Or(o.TempLimit, DefaultTempLimit)},
		{"autoinstall_known_extensions", "false"},
		{"autoload_known_extensions", "false"},
		{"allow_community_extensions", "false"},
		{"preserve_insertion_order", "true"},
		{"enable_external_access", "false"},
	}
	if o.ReadOnly {
		settings = append([][2]string{{"access_mode", "READ_ONLY"}}, settings...)
	}
	for _, setting := range settings {
		if bindings.SetConfig(config, setting[0], setting[1]) == bindings.StateError {
			bindings.DestroyConfig(&config)
			return config, &Error{Kind: InvalidOption, Message: fmt.Sprintf("%s %q is not understood", setting[0], setting[1])}
		}
	}
	return config, nil
}

// lock fixes the time zone, so that texts never depend on the host, and then the
// configuration. A shared database has been locked by whoever opened it.
func (db *DB) lock(o Options) error {
	conn, err := db.Connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	locked, err := conn.setting("lock_configuration")
	if err != nil || locked == "true" {
		return err
	}
	if err := conn.reserve(o); err != nil {
		return err
	}
	for _, statement := range []string{"SET GLOBAL TimeZone = 'UTC'", "SET GLOBAL lock_configuration = true"} {
		if err := conn.run(statement); err != nil {
			return err
		}
	}
	return nil
}

// Connect opens a connection, which has a transaction of its own.
func (db *DB) Connect() (*Conn, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return nil, errors.New("the DuckDB database is closed")
	}
	conn := &Conn{}
	if bindings.Connect(db.handle, &conn.handle) == bindings.StateError {
		return nil, errors.New("connect to the DuckDB database")
	}
	return conn, nil
}

// Close closes the database. Connections are to be closed before; the file is free
// for other processes when the last of them is. It is safe to call twice.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if !db.closed {
		db.closed = true
		bindings.Close(&db.handle)
	}
	return nil
}

// IsDatabase says whether the file at path starts like a DuckDB database; an empty
// file counts as one, because DuckDB fills it.
func IsDatabase(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("open the database file: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	head := make([]byte, 12)
	n, _ := file.Read(head)
	return n == 0 || n == len(head) && string(head[8:]) == "DUCK", nil
}
