package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"leat/connectors"
	"leat/internal/duck"
)

// access is what a database is opened for.
type access int

const (
	reading access = iota
	writing
)

// opener shares open files between connections. A file is open while somebody holds a
// handle on it: for reading only, so that other programs may read it too, or for both.
type opener struct {
	mu   sync.Mutex
	open map[string]*shared
}

// shared is one open file.
type shared struct {
	db      *duck.DB
	access  access
	holders int
}

// handle is a connection to an open file.
type handle struct {
	conn *duck.Conn
	// frozen says that nobody can change the file as long as the handle is held.
	frozen bool
	free   func() error
	once   sync.Once
	err    error
}

// release closes the connection and, after the last one, the file. It is safe to call
// twice.
func (h *handle) release() error {
	h.once.Do(func() {
		h.conn.Close()
		h.err = h.free()
	})
	return h.err
}

// patience is how long a file in use is waited for.
const patience = 3 * time.Second

// acquire opens the connection's database, waiting a little while it is in use.
func (c *connection) acquire(ctx context.Context, flow string, want access) (*handle, error) {
	if c.path == duck.Memory {
		return c.acquireMemory()
	}
	path, err := c.file(flow)
	if err != nil {
		return nil, err
	}
	if want == writing {
		if err := c.files.MakeFolder(path); err != nil {
			return nil, err
		}
	}
	deadline := time.Now().Add(patience)
	for {
		h, err := c.opener.acquire(path, c.memory, want)
		if err == nil {
			return h, nil
		}
		mapped := openError(c.path, err)
		if !connectors.Is(mapped, connectors.Conflict) || time.Now().After(deadline) {
			return nil, mapped
		}
		select {
		case <-ctx.Done():
			return nil, mapped
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (c *connection) acquireMemory() (*handle, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.transient == nil {
		db, err := duck.Open(duck.Memory, duck.Options{MemoryLimit: c.memory})
		if err != nil {
			return nil, openError(c.path, err)
		}
		c.transient = db
	}
	conn, err := c.transient.Connect()
	if err != nil {
		return nil, fmt.Errorf("connect to the database in memory: %w", err)
	}
	return &handle{conn: conn, free: func() error { return nil }}, nil
}

// acquire returns a handle on the file. One that is open for reading is not opened for
// writing as well until its readers are gone.
func (o *opener) acquire(path, memory string, want access) (*handle, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.open[path]
	if s == nil {
		opened, err := openFile(path, memory, want)
		if err != nil {
			return nil, err
		}
		s = opened
		o.open[path] = s
	}
	if s.access < want {
		return nil, &duck.Error{Kind: duck.Locked, Message: "the file is being read"}
	}
	s.holders++
	conn, err := s.db.Connect()
	if err != nil {
		return nil, fmt.Errorf("%w, and %w", err, o.leave(path, s))
	}
	return &handle{conn: conn, frozen: s.access == reading, free: func() error {
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.leave(path, s)
	}}, nil
}

// leave closes the file behind its last holder. The lock is held.
func (o *opener) leave(path string, s *shared) error {
	if s.holders--; s.holders > 0 {
		return nil
	}
	delete(o.open, path)
	return s.db.Close()
}

func openFile(path, memory string, want access) (*shared, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.Size() > 0:
		if is, err := duck.IsDatabase(path); err != nil || !is {
			return nil, &duck.Error{Kind: duck.NotDatabase, Message: "the file is not a DuckDB database", Cause: err}
		}
	case err != nil && !os.IsNotExist(err):
		return nil, &duck.Error{Kind: duck.CannotOpen, Message: "the file cannot be looked at", Cause: err}
	case want == reading:
		return nil, &connectors.Error{Kind: connectors.NotFound, Message: "the DuckDB file does not exist", Fix: "Load into it first, or change the path."}
	}
	db, err := duck.Open(path, duck.Options{MemoryLimit: memory, TempDir: path + ".tmp", ReadOnly: want == reading})
	if err != nil {
		return nil, err
	}
	if info == nil { // a new file is for nobody else
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, errors.Join(fmt.Errorf("keep the file to this user: %w", err), db.Close())
		}
	}
	return &shared{db: db, access: want}, nil
}
