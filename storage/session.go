package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// handle is what *sql.DB and *sql.Tx have in common.
type handle interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// dialect holds what differs between the databases.
type dialect struct {
	// numbered placeholders are $1, $2; otherwise ?.
	numbered bool
	// clock is SQL for the database's time in microseconds; empty means this
	// machine's clock.
	clock string
	// skipLocked ends a SELECT that picks rows to claim.
	skipLocked string
	// hasTable counts the tables of a name.
	hasTable string
}

// session runs portable SQL, written with ? placeholders, on a pool or in a
// transaction.
type session struct {
	handle
	dialect
}

// exec runs a statement and returns how many rows it changed.
func (s session) exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := s.ExecContext(ctx, s.rebind(query), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row runs a query for one row.
func (s session) row(ctx context.Context, query string, args ...any) *sql.Row {
	return s.QueryRowContext(ctx, s.rebind(query), args...)
}

// rebind numbers the placeholders. The SQL of this package has no ? in literals.
func (s session) rebind(query string) string {
	if !s.numbered {
		return query
	}
	var out strings.Builder
	number := 0
	for part := range strings.SplitSeq(query, "?") {
		if number > 0 {
			out.WriteString("$" + strconv.Itoa(number))
		}
		out.WriteString(part)
		number++
	}
	return out.String()
}

// list runs a query and reads all rows. columns gives the places of a row's values in
// the order of the SELECT.
func list[T any](ctx context.Context, s session, columns func(*T) []any, query string, args ...any) ([]T, error) {
	rows, err := s.QueryContext(ctx, s.rebind(query), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var items []T
	for rows.Next() {
		var item T
		if err := rows.Scan(columns(&item)...); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, rows.Err()
}

// one is list for a query of one row; missing is the error when there is none.
func one[T any](ctx context.Context, s session, columns func(*T) []any, missing error, query string, args ...any) (T, error) {
	var item T
	err := s.row(ctx, query, args...).Scan(columns(&item)...)
	if errors.Is(err, sql.ErrNoRows) || isUnstorable(err) {
		return item, missing
	}
	return item, err
}

// texts reads a column of text.
func texts(ctx context.Context, s session, query string, args ...any) ([]string, error) {
	return list(ctx, s, func(text *string) []any { return []any{text} }, query, args...)
}

// inTx runs work in a writing transaction and commits when it returns nil. work must
// use tx only: on SQLite there is one writing connection.
func (s *Store) inTx(ctx context.Context, work func(tx session) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if err := work(session{tx, s.dialect}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// reads and writes run single statements.
func (s *Store) reads() session  { return session{s.reader, s.dialect} }
func (s *Store) writes() session { return session{s.writer, s.dialect} }

// placeholders writes rows groups of columns placeholders for VALUES.
func placeholders(rows, columns int) string {
	group := "(?" + strings.Repeat(", ?", columns-1) + ")"
	return group + strings.Repeat(", "+group, rows-1)
}
