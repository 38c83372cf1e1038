package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// postgresConnections bounds the pool of one process.
const postgresConnections = 16

// postgresParameters are what the address may say after the question mark.
var postgresParameters = []string{"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "host", "search_path"}

// ambient are settings that the driver would take from PG* variables or from the home
// directory, with the values that say: nothing.
var ambient = map[string]string{
	"passfile": "", "sslmode": "prefer", "sslkey": "", "sslcert": "", "sslcertmode": "allow", "sslsni": "1",
	"sslrootcert": "", "sslpassword": "", "sslnegotiation": "", "target_session_attrs": "any", "options": "",
	"min_protocol_version": "", "max_protocol_version": "", "channel_binding": "prefer", "require_auth": "",
	"connect_timeout": "10", "application_name": "leat", "timezone": "UTC",
}

func openPostgres(address string) (*Store, error) {
	config, err := postgresConfig(address)
	if err != nil {
		return nil, err
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(postgresConnections)
	pool.SetMaxIdleConns(postgresConnections / 2)
	return postgresStore(pool), nil
}

func postgresStore(pool *sql.DB) *Store {
	return &Store{
		reader: pool, writer: pool, goose: goose.DialectPostgres,
		dialect: dialect{
			numbered:   true,
			clock:      "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
			skipLocked: "FOR UPDATE SKIP LOCKED",
			hasTable:   "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass(?)",
		},
		// Migrations have their own lock in the database, and the key's row is made by
		// one INSERT.
		lock: func(context.Context) (func() error, error) { return func() error { return nil }, nil },
	}
}

// postgresConfig takes everything from the address and nothing from the environment.
// Its errors never hold the address, which has a password in it.
func postgresConfig(address string) (*pgx.ConnConfig, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "postgres" && parsed.Scheme != "postgresql" {
		return nil, errors.New("LEAT_DATABASE_URL is not an address: write postgres://user:password@host:5432/database")
	}
	if parsed.User.Username() == "" || strings.Trim(parsed.Path, "/") == "" {
		return nil, errors.New("LEAT_DATABASE_URL names no user or no database: write postgres://user:password@host:5432/database")
	}
	if os.Getenv("PGSERVICE") != "" {
		return nil, errors.New("the variable PGSERVICE is set, which would replace parts of LEAT_DATABASE_URL: unset it")
	}
	query := parsed.Query()
	for name := range query {
		if !slices.Contains(postgresParameters, name) {
			return nil, fmt.Errorf("LEAT_DATABASE_URL: the parameter %q is not known: use %s", name, strings.Join(postgresParameters, ", "))
		}
	}
	return configOf(parsed, query)
}

// configOf completes the address, so that no part is left for the environment.
func configOf(parsed *url.URL, query url.Values) (*pgx.ConnConfig, error) {
	for name, value := range ambient {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	password, _ := parsed.User.Password()
	parsed.User = url.UserPassword(parsed.User.Username(), password)
	if parsed.Hostname() == "" && !query.Has("host") {
		parsed.Host = "127.0.0.1"
	}
	if parsed.Port() == "" && !query.Has("host") {
		parsed.Host = net.JoinHostPort(parsed.Hostname(), "5432")
	}
	parsed.RawQuery = query.Encode()
	config, err := pgx.ParseConfig(parsed.String())
	if err != nil {
		return nil, fmt.Errorf("LEAT_DATABASE_URL cannot be used: %w", withoutAddress(err))
	}
	config.Password = password
	delete(config.RuntimeParams, "options")
	return config, nil
}

// withoutAddress returns the cause of a parse error; the error itself quotes the address.
func withoutAddress(err error) error {
	if cause := errors.Unwrap(err); cause != nil {
		return cause
	}
	return errors.New("check its host, port and parameters")
}
