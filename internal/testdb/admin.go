package testdb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// admin is one session of the superuser that makes and drops what tests own. It stays
// open, because opening a session costs more than most of its statements.
type admin struct {
	mu   sync.Mutex
	conn *pgx.Conn
}

// adminExec runs the statements that a function makes for the major version of the server.
func (s *Server) adminExec(ctx context.Context, statements func(major int) []string) error {
	s.admin.mu.Lock()
	defer s.admin.mu.Unlock()
	conn, err := s.admin.session(ctx, s.URL(superuser))
	if err != nil {
		return err
	}
	digits, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), ".")
	major, err := strconv.Atoi(digits)
	if err != nil {
		return fmt.Errorf("read the version of the server: %w", err)
	}
	for _, statement := range statements(major) {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("execute SQL: %w", err)
		}
	}
	return nil
}

// session opens one when there is none yet or a restart of the server has ended it.
func (a *admin) session(ctx context.Context, url string) (*pgx.Conn, error) {
	if a.conn != nil && a.conn.Ping(ctx) == nil {
		return a.conn, nil
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	a.conn = conn
	return conn, nil
}

// createDatabase copies the files of the template: the other way, which newer servers
// prefer, writes every page to the log and takes three times as long.
func (s *Server) createDatabase(ctx context.Context, name, options string) error {
	return s.adminExec(ctx, func(major int) []string {
		statement := "CREATE DATABASE " + name + " TEMPLATE template0 " + options
		if major >= 15 {
			statement += " STRATEGY file_copy"
		}
		return []string{statement}
	})
}

// dropDatabase ends the sessions that a test left in a database and drops it.
// DROP DATABASE WITH (FORCE) would do both, but only from PostgreSQL 13 on.
func (s *Server) dropDatabase(ctx context.Context, name string) error {
	return s.adminExec(ctx, func(int) []string {
		return []string{
			"ALTER DATABASE " + name + " ALLOW_CONNECTIONS false",
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'",
			"DROP DATABASE " + name, // waits up to 5 s for sessions that are ending
		}
	})
}

// createRole makes a login.
func (s *Server) createRole(ctx context.Context, role Role) error {
	return s.setPassword(ctx, "CREATE ROLE %s LOGIN PASSWORD '%s'", role)
}

// quickenLogins gives the superuser's password one round of hashing. initdb cannot, since
// that of older servers takes no line as long as a verifier.
func (s *Server) quickenLogins() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return s.setPassword(ctx, "ALTER ROLE %s PASSWORD '%s'", Role{Name: s.Superuser, Password: s.Password})
}

// setPassword runs a statement with the role's name and the verifier of its password.
func (s *Server) setPassword(ctx context.Context, statement string, role Role) error {
	kept, err := verifier(role.Password)
	if err != nil {
		return err
	}
	return s.adminExec(ctx, func(int) []string {
		return []string{fmt.Sprintf(statement, pgx.Identifier{role.Name}.Sanitize(), kept)}
	})
}
