// Package pgwire is what PostgreSQL and its relatives share: how a session is opened,
// how it is set up, and what its errors mean.
//
// A connection is made from typed fields only. No PG* variable, no service file, no
// password file and no certificate of the home directory has a say, because a host
// that a user typed must never receive what the operator's environment holds. The one
// way out is the dialer that the caller gives; names are resolved by it alone.
//
// Statements with data of users go through the extended protocol, which takes one
// statement at a time. The simple protocol carries constant text only.
package pgwire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"leat/connectors"
	"leat/dial"
)

// DefaultConnectTimeout bounds one connection attempt when Config has no timeout.
const DefaultConnectTimeout = 15 * time.Second

// Config is what a session is opened with.
type Config struct {
	Host           string
	Port           uint16
	Database       string
	User, Password string
	ConnectTimeout time.Duration // 0: DefaultConnectTimeout
	TLS            dial.TLS
	Dial           func(ctx context.Context, network, address string) (net.Conn, error)
	Application    string // shown in pg_stat_activity, cut at 63 bytes
	Session        Session
}

// Where names the database for messages: "host:port/database".
func (c Config) Where() string {
	return net.JoinHostPort(c.Host, fmt.Sprint(c.Port)) + "/" + c.Database
}

// Validate checks the fields. Its error is of kind Config and names the field.
func (c Config) Validate() error {
	problem := func(message, fix string) error {
		return &connectors.Error{Kind: connectors.Config, Message: message, Fix: fix}
	}
	for _, field := range []struct{ name, value string }{
		{"host", c.Host}, {"database", c.Database}, {"username", c.User},
	} {
		if strings.TrimSpace(field.value) == "" {
			return problem("the setting "+field.name+" is empty", "Fill in the "+field.name+".")
		}
		if strings.ContainsRune(field.value, 0) {
			return problem("the setting "+field.name+" holds a NUL character", "Type the "+field.name+" again.")
		}
	}
	if strings.HasPrefix(c.Host, "/") || strings.HasPrefix(c.Host, "@") {
		return problem("the host is the path of a Unix socket, and connections are made over TCP only", "Give a host name or an IP address.")
	}
	if strings.ContainsAny(c.Host, ", ") {
		return problem("the host holds a comma or a space", "Give one host name or one IP address.")
	}
	if c.Port == 0 {
		return problem("the port is 0", "Give a port from 1 to 65535.")
	}
	if err := c.TLS.Validate(); err != nil {
		return problem(err.Error(), "Correct the TLS settings of the authorizer.")
	}
	return nil
}

// Connect opens a session and sets it up. It reports the stages tls, auth and database
// to the trace of ctx. Its error is a *connectors.Error.
func Connect(ctx context.Context, c Config) (*pgx.Conn, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	conn, err := c.attempt(ctx, c.TLS)
	if err != nil && c.TLS.Mode == dial.TLSPrefer && mayGoPlain(err) {
		plain := c.TLS
		plain.Mode = dial.TLSDisable
		conn, err = c.attempt(ctx, plain)
	}
	if err != nil {
		return nil, c.connectError(ctx, err)
	}
	setting, cancel := context.WithTimeout(ctx, c.connectTimeout()) // a server may fall silent behind the handshake as well
	defer cancel()
	if _, err := conn.Exec(setting, c.Session.statements(ServerVersion(conn.PgConn()), Encoding(conn.PgConn())), pgx.QueryExecModeSimpleProtocol); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx)) // the first error counts
		return nil, MapError(setting, err, Attempt{Doing: "set up the session at " + c.Where(), User: c.User})
	}
	return conn, nil
}

// attempt opens one connection with that TLS setting.
func (c Config) attempt(ctx context.Context, t dial.TLS) (*pgx.Conn, error) {
	stages := &stages{tls: t}
	config, err := c.driverConfig(t, stages)
	if err != nil {
		return nil, err
	}
	tap := &Tap{}
	config.BuildFrontend = tap.frontend
	conn, err := pgx.ConnectConfig(ctx, config)
	stages.finish(ctx, err, c.Where())
	if err != nil {
		return nil, err
	}
	conn.PgConn().CustomData()[tapKey] = tap
	return conn, nil
}

func (c Config) connectTimeout() time.Duration {
	if c.ConnectTimeout <= 0 {
		return DefaultConnectTimeout
	}
	return c.ConnectTimeout
}

// driverConfig fills every field of the driver's configuration that decides where and
// how to connect.
func (c Config) driverConfig(t dial.TLS, stages *stages) (*pgx.ConnConfig, error) {
	tlsConfig, err := t.Config(c.Host)
	if err != nil {
		return nil, &connectors.Error{Kind: connectors.Config, Message: err.Error(), Fix: "Correct the TLS settings of the authorizer."}
	}
	config, err := blank()
	if err != nil {
		return nil, err
	}
	config.Host, config.Port, config.Database = c.Host, c.Port, c.Database
	config.User, config.Password = c.User, c.Password
	config.TLSConfig = tlsConfig
	config.ConnectTimeout = c.connectTimeout()
	config.MaxProtocolMessageBodyLen = connectors.MaxRowBytes
	config.RuntimeParams = map[string]string{
		"application_name": cut(c.Application, 63), "client_encoding": "UTF8", "DateStyle": "ISO", "TimeZone": "UTC",
	}
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	config.DialFunc = func(dialCtx context.Context, network, address string) (net.Conn, error) {
		return c.Dial(dialCtx, network, address)
	}
	config.AfterNetConnect = func(netCtx context.Context, used *pgconn.Config, conn net.Conn) (net.Conn, error) {
		return stages.connected(netCtx, used, conn, c.Host)
	}
	config.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelDeadline}
	}
	return config, nil
}

// cancelDeadline is how long a cancelled statement may take to end at the server before
// the connection is given up.
const cancelDeadline = 700 * time.Millisecond

// mayGoPlain tells whether the mode prefer goes on without TLS: the server answered,
// but does not offer TLS to us.
func mayGoPlain(err error) bool {
	if found, ok := errors.AsType[*dial.Error](err); ok {
		return found.Stage == dial.StageTLS
	}
	if found, ok := errors.AsType[*pgconn.PgError](err); ok {
		return found.Code == "28000"
	}
	return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// cut shortens text to at most limit bytes without splitting a character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "")
}
