package storage

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// violation is a constraint that refused a statement.
type violation int

const (
	noViolation violation = iota
	uniqueViolation
	referenceViolation
)

// The codes of the constraint errors: SQLSTATE of PostgreSQL and extended result codes
// of SQLite.
const (
	pgUnique, pgReference       = "23505", "23503"
	sqliteUnique, sqlitePrimary = 2067, 1555
	sqliteReference             = 787
)

// pgUnstorable refuses text with NUL or invalid UTF-8.
const pgUnstorable = "22021"

// isUnstorable tells that PostgreSQL refused a text that no row can hold, so that
// looking for it finds nothing, as on SQLite.
func isUnstorable(err error) bool {
	found, ok := errors.AsType[*pgconn.PgError](err)
	return ok && found.Code == pgUnstorable
}

// violated tells which kind of constraint refused a statement.
func violated(err error) violation {
	if found, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch found.Code {
		case pgUnique:
			return uniqueViolation
		case pgReference:
			return referenceViolation
		}
	}
	if found, ok := errors.AsType[*sqlite.Error](err); ok {
		switch found.Code() {
		case sqliteUnique, sqlitePrimary:
			return uniqueViolation
		case sqliteReference:
			return referenceViolation
		}
	}
	return noViolation
}
