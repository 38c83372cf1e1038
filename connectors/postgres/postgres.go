// Package postgres reads and loads PostgreSQL. A read is one snapshot that sends binary
// rows by the extended protocol; a load fills tables by binary COPY in a transaction
// that also keeps the position. Both sides share sessions and errors with package
// pgwire, and the binary rows with package pgbinary, so that rows go from server to
// server without being decoded.
package postgres

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/pgwire"
)

// Kind is the connector's kind.
const Kind = "postgres"

// Connector is the PostgreSQL connector.
type Connector struct{}

// New returns the connector.
func New() Connector { return Connector{} }

// Descriptor describes PostgreSQL.
func (Connector) Descriptor() connectors.Descriptor {
	return connectors.Descriptor{
		Kind:         Kind,
		Title:        "PostgreSQL",
		Summary:      "Read tables, views and queries, and load tables of a PostgreSQL database.",
		Settings:     fields(),
		URLSchemes:   []string{"postgres", "postgresql"},
		ParseURL:     parseURL,
		Where:        where,
		Capabilities: capabilities(),
	}
}

func fields() []connectors.Field {
	return []connectors.Field{
		{Name: "host", Label: "Host", Type: connectors.FieldText, Required: true, Help: "A host name or an IP address, such as 10.0.0.7 or [::1]."},
		{Name: "port", Label: "Port", Type: connectors.FieldNumber, Default: "5432"},
		{Name: "database", Label: "Database", Type: connectors.FieldText, Required: true},
		{Name: "username", Label: "User", Type: connectors.FieldText, Required: true},
		{Name: "password", Label: "Password", Type: connectors.FieldSecret},
		{
			Name: "connect_timeout", Label: "Connect timeout (seconds)", Type: connectors.FieldNumber, Default: "15", Advanced: true,
			Help: "How long one connection attempt may take.",
		},
	}
}

func capabilities() connectors.Capabilities {
	return connectors.Capabilities{
		Reads: true, Loads: true, Networked: true, Queries: true, Cursors: true,
		WriteModes: connectors.WriteModes(), Recipes: connectors.Recipes(), RawLayout: true, Atomicity: connectors.AtomicFlow,
		DefaultSchema: "dbo", MaxIdentifier: maxIdentifier, MaxColumns: maxColumns, Parallelism: 16, Writers: 8,
		Types: typeTable(),
	}
}

func where(s connectors.Settings) string {
	port := s["port"]
	if port == "" {
		port = "5432"
	}
	return net.JoinHostPort(hostOf(s), port) + "/" + s["database"]
}

// connection is an open way into one database. It holds one session for checking and
// discovering; reads and loads open sessions of their own.
type connection struct {
	config  pgwire.Config
	env     connectors.Env
	session *pgx.Conn
	// patience with the server's answers; zero means the usual one.
	patience patience
}

// Open connects to the database.
func (Connector) Open(ctx context.Context, settings connectors.Settings, env connectors.Env) (connectors.Connection, error) {
	config, err := configOf(settings, env)
	if err != nil {
		return nil, err
	}
	c := &connection{config: config, env: env}
	if c.session, err = c.connect(ctx, env.Application, pgwire.Session{}); err != nil {
		return nil, err
	}
	return c, nil
}

// connect opens one more session, named application in the server's list of sessions.
// The caller closes it. The error is a *connectors.Error.
func (c *connection) connect(ctx context.Context, application string, session pgwire.Session) (*pgx.Conn, error) {
	config := c.config
	config.Application, config.Session = application, session
	return pgwire.Connect(ctx, config)
}

// mapError maps an error of the driver; doing completes "cannot ...".
func (c *connection) mapError(ctx context.Context, err error, doing string) error {
	return pgwire.MapError(ctx, err, pgwire.Attempt{Doing: doing, User: c.config.User})
}

// Close ends the session.
func (c *connection) Close(ctx context.Context) error {
	if c.session == nil {
		return nil
	}
	session := c.session
	c.session = nil
	if err := session.Close(ctx); err != nil {
		return c.mapError(ctx, err, "close the connection")
	}
	return nil
}

// configOf checks the settings.
func configOf(settings connectors.Settings, env connectors.Env) (pgwire.Config, error) {
	port, err := whole(settings, "port", 5432, 65_535)
	if err != nil {
		return pgwire.Config{}, err
	}
	timeout, err := whole(settings, "connect_timeout", int(pgwire.DefaultConnectTimeout/time.Second), 3600)
	if err != nil {
		return pgwire.Config{}, err
	}
	config := pgwire.Config{
		Host: hostOf(settings), Port: uint16(port), Database: settings["database"],
		User: settings["username"], Password: settings["password"],
		ConnectTimeout: time.Duration(timeout) * time.Second, TLS: env.TLS, Dial: env.Dial, Application: env.Application,
	}
	return config, config.Validate()
}

// hostOf is the host, without the brackets in which an IPv6 address stands in URLs.
func hostOf(settings connectors.Settings) string {
	host := strings.TrimSpace(settings["host"])
	inner, ok := strings.CutPrefix(host, "[")
	if bare, closed := strings.CutSuffix(inner, "]"); ok && closed {
		return bare
	}
	return host
}

// whole reads a setting that is a number from 1 to limit.
func whole(settings connectors.Settings, name string, standard, limit int) (int, error) {
	text := strings.TrimSpace(settings[name])
	if text == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > limit {
		return 0, &connectors.Error{
			Kind: connectors.Config, Message: fmt.Sprintf("the setting %s is not a number from 1 to %d", name, limit),
			Fix: fmt.Sprintf("Give a number, for example %d.", standard),
		}
	}
	return n, nil
}
