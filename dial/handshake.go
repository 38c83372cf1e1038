package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"
)

// Handshake makes conn a TLS connection to host and reports the stage. With
// mode disable it returns conn as it is. On failure conn is closed. Systems
// whose driver makes the handshake use TLS.Config and AsTLSError instead.
func Handshake(ctx context.Context, conn net.Conn, t TLS, host string) (net.Conn, error) {
	config, err := t.Config(host)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if config == nil {
		return conn, nil
	}
	start := time.Now()
	client := tls.Client(conn, config)
	stage := Stage{Name: StageTLS}
	if err = client.HandshakeContext(ctx); err != nil {
		err = handshakeError(ctx, conn, host, err)
		_ = conn.Close()
	} else {
		stage.Detail = t.Describe(client.ConnectionState())
	}
	stage.Duration, stage.Err = time.Since(start), err
	Report(ctx, stage)
	if err != nil {
		return nil, err
	}
	return client, nil
}

func handshakeError(ctx context.Context, conn net.Conn, host string, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("making the TLS connection to %s: %w", host, ctx.Err())
	}
	e := &Error{Stage: StageTLS, Host: host, Addr: conn.RemoteAddr().String(), Kind: KindTLS, Err: err}
	if isTimeout(err) || ctx.Err() != nil {
		e.Kind = KindTimeout
	}
	return e
}

// Describe says in words how an open session is protected.
func (t TLS) Describe(state tls.ConnectionState) string {
	proof := "certificate not verified"
	switch {
	case t.Mode == TLSVerifyFull:
		proof = "certificate and name verified"
	case t.Verifies():
		proof = "certificate verified, name not compared"
	}
	return fmt.Sprintf("%s, %s", tls.VersionName(state.Version), proof)
}

// AsTLSError finds a TLS failure inside the error of a driver and names it.
// It returns false when err is something else.
func AsTLSError(host string, err error) (*Error, bool) {
	if known, ok := errors.AsType[*Error](err); ok {
		return known, known.Kind == KindTLS
	}
	cause := tlsCause(err)
	if cause == nil {
		return nil, false
	}
	return &Error{Stage: StageTLS, Host: host, Kind: KindTLS, Err: cause}, true
}

func tlsCause(err error) error {
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return e
	}
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return e
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return e
	}
	if e, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return e
	}
	if e, ok := errors.AsType[tls.AlertError](err); ok {
		return e
	}
	return nil
}

// tlsFix is the advice for a failed handshake.
func tlsFix(err error) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "Use the name that is in the certificate as host or as server name, or use the TLS mode verify-ca."
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "Paste the certificate of the authority that issued the server's certificate into the CA field."
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return "Renew the certificate of the server, and check the clock of this machine."
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "Check the port: the server does not speak TLS there; otherwise switch TLS on at the server or use the TLS mode disable."
	}
	return "Check the TLS mode, the certificates and the TLS settings of the server."
}
