package postgres

import (
	"context"
	"slices"
	"strings"

	"leat/connectors/sqlload"
	"leat/record/pgbinary"
)

// What runs with whose search path:
//
//   - Our own statements about the catalogue, the state and locks run with pg_catalog
//     alone, which is how every session begins.
//   - Statements that run code of users run with the path that the role or the database
//     sets, as in psql: reading views and queries; COPY and the statements that apply a
//     load, for triggers, CHECK functions and domains; DDL, for event triggers; COMMIT, for
//     deferred triggers.
//
// Such a path may hold schemas in which others can make operators and functions that fit
// better than the server's own, which is chosen over the order of the path. So statements
// of the second kind write operators over users' columns as OPERATOR(pg_catalog.=), call
// functions by their schema or with arguments of exactly their types, and name types that
// SQL has no keyword for by their schema.
const (
	searchPathOfRole = "SET LOCAL search_path TO DEFAULT"
	searchPathOfOurs = "SET LOCAL search_path TO pg_catalog"
)

// asRole runs work with the search path of the role. It needs an open transaction.
func (s *session) asRole(ctx context.Context, work func() error) error {
	if err := s.command(ctx, searchPathOfRole); err != nil {
		return err
	}
	if err := work(); err != nil {
		return err // the end of the transaction gives the path back
	}
	return s.command(ctx, searchPathOfOurs)
}

// Catalogue runs a query about the catalogue while work runs with the search path of the
// role.
func (s *session) Catalogue(ctx context.Context, sql string, args ...string) ([]sqlload.Row, error) {
	if err := s.command(ctx, searchPathOfOurs); err != nil {
		return nil, err
	}
	rows, err := s.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return rows, s.command(ctx, searchPathOfRole)
}

// ddl runs a statement that event triggers may follow, inside the transaction that is
// open or in one of its own.
func (s *session) ddl(ctx context.Context, sql string) error {
	run := func(ctx context.Context) error {
		return s.asRole(ctx, func() error {
			_, err := s.Exec(ctx, sql)
			return err
		})
	}
	if s.conn.PgConn().TxStatus() == 'I' {
		return s.inTransaction(ctx, run)
	}
	return run(ctx)
}

// namedBySQL are the types that SQL names itself, whatever the search path.
var namedBySQL = []string{"bigint", "bit", "boolean", "character", "double precision", "integer", "interval", "numeric", "real", "smallint", "time", "timestamp"}

// typeName names a built-in type in a statement that runs with the search path of a role.
func typeName(t pgbinary.Type) string {
	name := t.String()
	base, _, _ := strings.Cut(strings.TrimSuffix(name, "[]"), "(")
	for _, ending := range []string{" varying", " with time zone", " without time zone"} {
		base = strings.TrimSuffix(base, ending)
	}
	if slices.Contains(namedBySQL, base) {
		return name
	}
	return "pg_catalog." + name
}
