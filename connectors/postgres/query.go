package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/internal/sqltext"
)

// oneSelect is the fix of most that can be wrong with a query.
const oneSelect = "Give one SELECT statement; queries only read."

// findQuery puts a query into brackets. Its text stands there as it was written, without
// what is behind its end.
func findQuery(dataset connectors.Dataset) (relation, error) {
	r := relation{dataset: dataset, query: sqltext.Scan(dataset.Query), rows: -1}
	if r.query.Text == "" {
		return r, badQuery(nil, "the query is empty", "Give one SELECT statement.")
	}
	r.from = "(\n" + r.query.Text + "\n) AS leat_query"
	return r, nil
}

// checkQuery lets the server look at the text on its own, so that nothing in it can end
// the brackets. The extended protocol takes one statement only, and prepares without running.
func (r relation) checkQuery(ctx context.Context, conn *pgx.Conn) error {
	description, err := conn.PgConn().Prepare(ctx, "", r.query.Text, nil)
	if err != nil {
		return r.queryError(ctx, err)
	}
	if len(description.ParamOIDs) > 0 {
		return r.noParameters(nil)
	}
	if !r.query.Reads() {
		return badQuery(nil, fmt.Sprintf("the query begins with %s, and queries only read", r.query.First), oneSelect)
	}
	return nil
}

// queryError is for statements of users: everything that the server says about their
// text is theirs to mend, and it tells where.
func (r relation) queryError(ctx context.Context, err error) error {
	mapped := pgwire.MapError(ctx, err, pgwire.Attempt{Doing: "use the query"})
	server, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return mapped
	}
	switch {
	case server.Code == "42P18" && r.query.Parameter != "": // a parameter whose type nothing tells
		return r.noParameters(err)
	case server.Routine == "exec_parse_message" && server.Code == "42601":
		return badQuery(err, "the query holds several statements", "Give one SELECT statement, with a semicolon at its end at most.")
	case server.Routine == "transformWithClause" && server.Code == "0A000":
		return writingQuery(err)
	}
	found := connectors.AsError(mapped)
	if found.Kind == connectors.Internal || found.Kind == connectors.Config {
		found.Kind = connectors.Config
		found.Fix = "Give one SELECT statement that the server accepts"
		if server.Position > 0 {
			found.Fix += fmt.Sprintf("; it stopped at character %d", server.Position)
		}
		found.Fix += "."
	}
	return found
}

// bracketError is for a query that the server accepts on its own and not in brackets, where
// only what reads can stand.
func (r relation) bracketError(ctx context.Context, err error) error {
	if server, ok := errors.AsType[*pgconn.PgError](err); ok && (server.Code == "42601" || server.Code == "0A000") {
		return writingQuery(err)
	}
	return r.queryError(ctx, err)
}

// readError is for statements that read rows: what writes in them is refused by the
// server, because the transaction is read only.
func (r relation) readError(ctx context.Context, err error, user string) error {
	server, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok || server.Code != "25006":
		return pgwire.MapError(ctx, err, r.attempt(user))
	case r.isQuery():
		return writingQuery(err)
	}
	return badQuery(err, fmt.Sprintf("reading %s would write, by a function that it calls, and reads only read (SQLSTATE 25006)", r.dataset),
		"Read a table or view that calls no such function.")
}

func writingQuery(cause error) error {
	return badQuery(cause, "the query would write, itself or by a function that it calls, and queries only read", oneSelect)
}

func (r relation) noParameters(cause error) error {
	return badQuery(cause, fmt.Sprintf("the query holds the parameter %s, and nothing gives it a value", r.query.Parameter), "Write the value itself into the query.")
}

func badQuery(cause error, message, fix string) error {
	return &connectors.Error{Kind: connectors.Config, Message: message, Fix: fix, Cause: cause}
}
