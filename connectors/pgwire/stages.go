package pgwire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"leat/dial"
)

// The stages of a database session behind those of package dial.
const (
	StageAuth     = "auth"
	StageDatabase = "database"
)

// stages watches one connection attempt and reports what dial cannot see.
type stages struct {
	tls     dial.TLS
	reached time.Time // when TCP and TLS stood; zero before
}

// connected makes the TLS handshake, which the driver leaves to the first byte. Without
// TLS it lets no server that is not on this machine ask for the password in clear.
func (s *stages) connected(ctx context.Context, config *pgconn.Config, conn net.Conn, host string) (net.Conn, error) {
	client, ok := conn.(*tls.Conn)
	if !ok {
		if !s.tls.AllowCleartextPassword && !isLoopback(conn.RemoteAddr()) {
			config.RequireAuth = "!password"
		}
		s.reached = time.Now()
		return conn, nil
	}
	start := time.Now()
	stage := dial.Stage{Name: dial.StageTLS}
	err := client.HandshakeContext(ctx)
	if err == nil {
		stage.Detail = s.tls.Describe(client.ConnectionState())
	} else if ctx.Err() == nil {
		err = &dial.Error{Stage: dial.StageTLS, Host: host, Kind: dial.KindTLS, Err: err}
	}
	stage.Duration, stage.Err = time.Since(start), err
	dial.Report(ctx, stage)
	s.reached = time.Now()
	return conn, err
}

// isLoopback tells whether what is sent to addr stays on this machine.
func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// finish reports how far an attempt came.
func (s *stages) finish(ctx context.Context, err error, where string) {
	refused, _ := errors.AsType[*pgconn.PgError](err)
	took := time.Since(s.reached)
	switch {
	case s.reached.IsZero() && err != nil && refusedTLS(err):
		dial.Report(ctx, dial.Stage{Name: dial.StageTLS, Err: errNoTLS})
	case s.reached.IsZero():
		// package dial has reported why
	case err == nil:
		dial.Report(ctx, dial.Stage{Name: StageAuth, Duration: took})
		dial.Report(ctx, dial.Stage{Name: StageDatabase, Detail: where})
	case refused != nil && !strings.HasPrefix(refused.Code, "28"):
		dial.Report(ctx, dial.Stage{Name: StageAuth, Duration: took})
		dial.Report(ctx, dial.Stage{Name: StageDatabase, Detail: where, Err: err})
	case refused != nil:
		dial.Report(ctx, dial.Stage{Name: StageAuth, Duration: took, Err: err})
	}
}

// errNoTLS says that a server answered the wish for TLS with no.
var errNoTLS = fmt.Errorf("the server does not offer TLS")

// askedInClear finds the driver's error, which has no type of its own, for a server that
// asks for the password in clear although that was ruled out.
func askedInClear(err error) bool {
	return strings.Contains(err.Error(), "authentication method requirement")
}

// refusedTLS finds the driver's error for that answer, which has no type of its own.
func refusedTLS(err error) bool {
	return strings.Contains(err.Error(), "server refused TLS connection")
}
