package storage

import (
	"context"
	"database/sql/driver"
	"fmt"
	"os"

	"modernc.org/sqlite"
)

// standing opens connections to the file of a store, as long as it is the one that was
// there at the start. Without it, connections would go on writing into a file that was
// removed or replaced, and all of that would be lost without a word.
type standing struct {
	address, path string
	file          os.FileInfo
}

// check compares the file at the path with the one of the start.
func (s standing) check() error {
	now, err := os.Stat(s.path)
	if err == nil && os.SameFile(now, s.file) {
		return nil
	}
	return fmt.Errorf("the store %s was removed or replaced while Leat was running: put it back, and start Leat again", s.path)
}

// Connect implements driver.Connector.
func (s standing) Connect(context.Context) (driver.Conn, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	opened, err := new(sqlite.Driver).Open(s.address)
	if err != nil {
		return nil, err
	}
	conn, ok := opened.(sqliteConn)
	if !ok {
		return nil, fmt.Errorf("a connection to the store is a %T, which lacks what database/sql needs", opened)
	}
	return standingConn{conn, s}, nil
}

// Driver implements driver.Connector.
func (standing) Driver() driver.Driver { return new(sqlite.Driver) }

// sqliteConn is what a connection of the driver can do and database/sql asks for.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// standingConn looks at the file each time it is taken from the pool.
type standingConn struct {
	sqliteConn
	standing standing
}

// ResetSession implements driver.SessionResetter. After driver.ErrBadConn the pool
// connects anew, and Connect says what is wrong.
func (c standingConn) ResetSession(ctx context.Context) error {
	if c.standing.check() != nil {
		return driver.ErrBadConn
	}
	return c.sqliteConn.ResetSession(ctx)
}
