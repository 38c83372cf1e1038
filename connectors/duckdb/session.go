package duckdb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"leat/connectors/sqlload"
	"leat/internal/duck"
)

// session runs the statements of a load.
type session struct {
	conn *duck.Conn
	// doing is what is attempted, for messages.
	doing string
}

var _ sqlload.Session = session{}

func (s session) about(doing string) session { return session{conn: s.conn, doing: doing} }

// Exec returns the number of rows touched.
func (s session) Exec(ctx context.Context, sql string, args ...string) (int64, error) {
	n, err := s.conn.Exec(ctx, sql, anys(args)...)
	return n, mapError(err, s.doing)
}

// Query returns all rows as text.
func (s session) Query(ctx context.Context, sql string, args ...string) ([]sqlload.Row, error) {
	found, err := s.conn.Values(ctx, sql, anys(args)...)
	if err != nil {
		return nil, mapError(err, s.doing)
	}
	rows := make([]sqlload.Row, len(found))
	for i, values := range found {
		rows[i] = make(sqlload.Row, len(values))
		for j, value := range values {
			rows[i][j] = sqlload.Value{Text: text(value), Null: value == nil}
		}
	}
	return rows, nil
}

// inTransaction runs work in a transaction of its own.
func (s session) inTransaction(ctx context.Context, work func() error) error {
	if _, err := s.Exec(ctx, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	if err := work(); err != nil {
		_, _ = s.conn.Exec(context.WithoutCancel(ctx), "ROLLBACK") // the first error counts
		return err
	}
	_, err := s.Exec(ctx, "COMMIT")
	return err
}

func text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case bool:
		return strconv.FormatBool(value)
	case time.Time:
		return value.UTC().Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(value)
	}
}

func anys(args []string) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		out[i] = arg
	}
	return out
}

// qualified writes a qualified name.
func qualified(schema, name string) string {
	return strings.Join([]string{duck.Quote(schema), duck.Quote(name)}, ".")
}
