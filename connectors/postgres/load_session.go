package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
)

// session runs statements of a load on one connection. It is a sqlload.Session: results
// are texts, arguments are bound as texts, and errors are *connectors.Error. No statement
// is waited for without a limit: see patience.
type session struct {
	conn     *pgx.Conn
	attempt  pgwire.Attempt
	patience patience
}

var _ sqlload.Session = (*session)(nil)

// about returns the session with another attempt for its error messages.
func (s *session) about(doing string, table connectors.Table, rights string) *session {
	return &session{
		conn: s.conn, patience: s.patience,
		attempt: pgwire.Attempt{Doing: doing, User: s.attempt.User, Table: table, Rights: rights},
	}
}

// Exec runs one statement and returns the number of rows touched.
func (s *session) Exec(ctx context.Context, sql string, args ...string) (int64, error) {
	limited, cancel := s.patience.limit(ctx)
	defer cancel()
	result := s.conn.PgConn().ExecParams(limited, sql, texts(args), nil, nil, nil).Read()
	if result.Err != nil {
		return 0, s.mapError(limited, result.Err)
	}
	return result.CommandTag.RowsAffected(), nil
}

// Query runs one statement and returns all rows.
func (s *session) Query(ctx context.Context, sql string, args ...string) ([]sqlload.Row, error) {
	limited, cancel := s.patience.limit(ctx)
	defer cancel()
	result := s.conn.PgConn().ExecParams(limited, sql, texts(args), nil, nil, nil).Read()
	if result.Err != nil {
		return nil, s.mapError(limited, result.Err)
	}
	rows := make([]sqlload.Row, len(result.Rows))
	for i, values := range result.Rows {
		rows[i] = make(sqlload.Row, len(values))
		for j, value := range values {
			rows[i][j] = sqlload.Value{Text: string(value), Null: value == nil}
		}
	}
	return rows, nil
}

// command runs constant text, such as BEGIN.
func (s *session) command(ctx context.Context, sql string) error {
	limited, cancel := s.patience.limit(ctx)
	defer cancel()
	_, err := s.conn.PgConn().Exec(limited, sql).ReadAll()
	return s.mapError(limited, err)
}

// mapError maps an error of the driver; the context is the one with the limit.
func (s *session) mapError(ctx context.Context, err error) error {
	if late := s.patience.exceeded(ctx, err, s.attempt.Doing); late != nil {
		return late
	}
	return pgwire.MapError(ctx, err, s.attempt)
}

// inTransaction runs work in a transaction of its own.
func (s *session) inTransaction(ctx context.Context, work func(context.Context) error) error {
	if err := s.command(ctx, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"); err != nil {
		return err
	}
	if err := work(ctx); err != nil {
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = s.command(leaving, "ROLLBACK") // the first error counts
		return err
	}
	return s.command(ctx, "COMMIT")
}

// isState tells a SQLSTATE.
func isState(err error, codes ...string) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	for _, code := range codes {
		if server.Code == code {
			return true
		}
	}
	return false
}

// isServer says that the server answered with an error.
func isServer(err error) bool {
	_, ok := errors.AsType[*pgconn.PgError](err)
	return ok
}

func texts(args []string) [][]byte {
	values := make([][]byte, len(args))
	for i, arg := range args {
		values[i] = []byte(arg)
	}
	return values
}

// one returns the only row of a query.
func (s *session) one(ctx context.Context, sql string, args ...string) (sqlload.Row, error) {
	rows, err := s.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, fmt.Errorf("cannot %s: %d rows instead of one", s.attempt.Doing, len(rows))
	}
	return rows[0], nil
}
