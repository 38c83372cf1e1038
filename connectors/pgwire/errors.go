package pgwire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"leat/connectors"
	"leat/dial"
)

// Attempt says what was attempted, for messages and for the exact GRANT.
type Attempt struct {
	// Doing completes "cannot ...", for example "read public.orders".
	Doing string
	// User is the role of the session.
	User string
	// Table is the table that was touched; empty when there is none.
	Table connectors.Table
	// Rights are the rights that are needed on Table, for example "SELECT".
	Rights string
}

// MapError turns an error of the driver into a *connectors.Error. It returns nil for
// nil and leaves a *connectors.Error as it is. No message holds a row value: texts of
// the server that may quote one are replaced.
func MapError(ctx context.Context, err error, a Attempt) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*connectors.Error](err); ok {
		return known
	}
	if errors.Is(ctx.Err(), context.Canceled) || errors.Is(err, context.Canceled) {
		return &connectors.Error{Kind: connectors.Cancelled, Message: fmt.Sprintf("stopped while trying to %s", a.Doing), Cause: redact(err)}
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		return mapServerError(server, a)
	}
	return mapClientError(ctx, err, a)
}

// mapClientError is for errors that no server sent.
func mapClientError(ctx context.Context, err error, a Attempt) *connectors.Error {
	if away, ok := errors.AsType[*dial.Error](err); ok {
		kind, retryable := connectors.Unreachable, away.Kind != dial.KindTLS
		if away.Kind == dial.KindInvalid || away.Kind == dial.KindRefusedByPolicy {
			kind, retryable = connectors.Config, false
		}
		return &connectors.Error{Kind: kind, Retryable: retryable, Message: away.Error(), Fix: away.Fix(), Cause: err}
	}
	if _, ok := errors.AsType[*pgproto3.ExceededMaxBodyLenErr](err); ok {
		return &connectors.Error{
			Kind: connectors.Data, Cause: err,
			Message: fmt.Sprintf("cannot %s: a row is larger than Leat's limit of %d MiB", a.Doing, connectors.MaxRowBytes>>20),
			Fix:     "Leave the large column out, or shorten it in a query.",
		}
	}
	if errors.Is(err, errTalkative) {
		return &connectors.Error{
			Kind: connectors.Unreachable, Cause: err, Message: fmt.Sprintf("cannot %s: %v", a.Doing, errTalkative),
			Fix: "Check host and port: what answers there is no ordinary PostgreSQL server.",
		}
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return &connectors.Error{Kind: connectors.NotFound, Message: fmt.Sprintf("cannot %s: there is no such row", a.Doing), Fix: "Try again: it may have been removed meanwhile.", Cause: err}
	}
	if broken(err) {
		return &connectors.Error{
			Kind: connectors.Unreachable, Retryable: true, Cause: err,
			Message: fmt.Sprintf("cannot %s: the connection to the server broke or timed out", a.Doing),
			Fix:     "Check that the server is up and the network is stable; the next try opens a new connection.",
		}
	}
	if ctx.Err() != nil {
		return &connectors.Error{Kind: connectors.Unreachable, Retryable: true, Message: fmt.Sprintf("the time to %s was over", a.Doing), Fix: "Check that the server answers, or allow more time.", Cause: err}
	}
	return &connectors.Error{Kind: connectors.Internal, Message: fmt.Sprintf("cannot %s: %v", a.Doing, err), Cause: err}
}

// broken finds the signs of a connection that is gone.
func broken(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "conn closed")
}

// connectError maps an error of opening a session.
func (c Config) connectError(ctx context.Context, err error) error {
	a := Attempt{Doing: "connect to " + c.Where(), User: c.User}
	if refusedTLS(err) {
		return &connectors.Error{
			Kind: connectors.Unreachable, Cause: err, Message: fmt.Sprintf("%s does not offer TLS", c.Where()),
			Fix: "Switch TLS on at the server (ssl = on), or use the TLS mode prefer or disable.",
		}
	}
	if askedInClear(err) {
		return &connectors.Error{
			Kind: connectors.Auth, Cause: err, Message: fmt.Sprintf("%s asks for the password in clear text, and the connection is not encrypted", c.Where()),
			Fix: "Switch TLS on at the server (ssl = on) and use the TLS mode require or verify-full, or let it ask by scram-sha-256 in pg_hba.conf. " +
				"Only if nobody can listen on the way: tick Allow a password in clear text, or write tls: {allow_cleartext_password: true}.",
		}
	}
	if _, ok := errors.AsType[*dial.Error](err); !ok {
		if tls, ok := dial.AsTLSError(c.Host, err); ok {
			err = tls
		}
	}
	if _, ok := errors.AsType[*pgproto3.ExceededMaxBodyLenErr](err); ok {
		return &connectors.Error{
			Kind: connectors.Unreachable, Cause: err, Message: fmt.Sprintf("what answers at %s:%d does not speak PostgreSQL's protocol", c.Host, c.Port),
			Fix: "Check host and port.",
		}
	}
	server, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return MapError(ctx, err, a)
	}
	switch server.Code {
	case "28P01":
		if c.Password == "" {
			return &connectors.Error{Kind: connectors.Auth, Message: "the server asks for a password and none is set", Fix: "Fill in the password.", Cause: err}
		}
	case "28000":
		return &connectors.Error{
			Kind: connectors.Auth, Cause: err, Message: fmt.Sprintf("the server does not let user %q connect to %s: %s", c.User, c.Where(), server.Message),
			Fix: fmt.Sprintf("Check the user name, or add a line to pg_hba.conf at the server, for example: hostssl %q %q <address of this machine>/32 scram-sha-256", c.Database, c.User),
		}
	case "3D000":
		return &connectors.Error{
			Kind: connectors.NotFound, Cause: err, Message: fmt.Sprintf("there is no database %q on %s", c.Database, c.Host),
			Fix: "Check the spelling of the database, or create it.",
		}
	case "55000":
		return &connectors.Error{
			Kind: connectors.Unreachable, Retryable: true, Cause: err, Message: fmt.Sprintf("the database %q takes no connections", c.Database),
			Fix: fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS true; or use another database.", Quote(c.Database)),
		}
	case "42501":
		return &connectors.Error{
			Kind: connectors.Permission, Cause: err, Message: fmt.Sprintf("user %q may not connect to the database %q", c.User, c.Database),
			Fix: fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s;", Quote(c.Database), Quote(c.User)),
		}
	}
	return MapError(ctx, err, a)
}

// Quote returns an identifier in double quotes.
func Quote(name string) string { return pgx.Identifier{name}.Sanitize() }
