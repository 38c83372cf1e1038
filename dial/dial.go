// Package dial is the only way out of the process. A Dialer resolves a name
// once, checks every address it got against the egress policy, and connects to
// those same addresses, so that a name cannot point elsewhere between the check
// and the connection. Every stage is timed and can be watched (see WithTrace),
// and every failure is an *Error that says what happened and how to fix it.
//
// The package reads no environment and no files: what it needs is given to it.
package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// DefaultTimeout bounds one DialContext when Options.Timeout is zero.
const DefaultTimeout = 15 * time.Second

// minAttempt is the least time one address gets while others still wait.
const minAttempt = 2 * time.Second

// Resolver turns a host name into addresses. *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options are what a Dialer is made of.
type Options struct {
	Policy   Policy
	Resolver Resolver      // nil: the resolver of this machine
	Timeout  time.Duration // name lookup and connection together; 0: DefaultTimeout
}

// Dialer opens TCP connections that the policy allows. It is safe for
// concurrent use.
type Dialer struct {
	policy   Policy
	resolver Resolver
	timeout  time.Duration
	tcp      net.Dialer
}

// silenceLimit is how long a peer may acknowledge nothing. Keep-alive probes take as long.
const silenceLimit = time.Minute

// New makes a Dialer.
func New(o Options) *Dialer {
	d := &Dialer{policy: o.Policy, resolver: o.Resolver, timeout: o.Timeout}
	if d.resolver == nil {
		d.resolver = net.DefaultResolver
	}
	if d.timeout <= 0 {
		d.timeout = DefaultTimeout
	}
	d.tcp.KeepAliveConfig = net.KeepAliveConfig{
		Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3,
	}
	d.tcp.Control = func(_, _ string, conn syscall.RawConn) error { return boundSilence(conn, silenceLimit) }
	return d
}

// DialContext connects to address ("host:port"). The network is tcp, tcp4 or
// tcp6. It fails with an *Error, or with an error that wraps context.Canceled
// when the caller gave up.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := splitTarget(network, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	addrs, err := d.resolve(ctx, network, host, port)
	if err != nil {
		return nil, err
	}
	return d.connect(ctx, host, port, addrs)
}

// splitTarget checks the network and takes the address apart.
func splitTarget(network, address string) (host string, port uint16, err error) {
	invalid := func(reason string) error {
		return &Error{Stage: StageDNS, Host: address, Kind: KindInvalid, Err: errors.New(reason)}
	}
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return "", 0, invalid("only TCP connections are made, not " + strconv.Quote(network))
	}
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, invalid("it is not of the form host:port")
	}
	n, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || n == 0 {
		return "", 0, invalid("the port must be a number from 1 to 65535")
	}
	if host == "" {
		return "", 0, invalid("the host is empty")
	}
	if i := strings.IndexFunc(host, notInHost); i >= 0 {
		return "", 0, invalid(fmt.Sprintf("the host may not contain %q", host[i:i+1]))
	}
	return host, uint16(n), nil
}

// notInHost tells characters that make a host a path, a user or a list.
func notInHost(r rune) bool {
	return r <= ' ' || r == 0x7f || strings.ContainsRune(`/\@,?#"'`, r)
}

// connect tries the addresses in order; the last failure is the answer.
func (d *Dialer) connect(ctx context.Context, host string, port uint16, addrs []netip.Addr) (net.Conn, error) {
	var failure error
	for i, addr := range addrs {
		conn, err := d.connectOne(ctx, host, netip.AddrPortFrom(addr, port), len(addrs)-i)
		if err == nil {
			return conn, nil
		}
		failure = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failure
}

// connectOne gives one address its share of the time that is left.
func (d *Dialer) connectOne(ctx context.Context, host string, target netip.AddrPort, waiting int) (net.Conn, error) {
	attempt, cancel := context.WithDeadline(ctx, share(ctx, waiting))
	defer cancel()
	start := time.Now()
	conn, err := d.tcp.DialContext(attempt, "tcp", target.String())
	if err != nil {
		err = tcpError(ctx, host, target, err)
	}
	Report(ctx, Stage{Name: StageTCP, Detail: target.String(), Duration: time.Since(start), Err: err})
	return conn, err
}

// share divides the remaining time evenly, but gives at least minAttempt.
func share(ctx context.Context, waiting int) time.Time {
	deadline, _ := ctx.Deadline() // DialContext always sets one
	left := time.Until(deadline)
	part := max(left/time.Duration(waiting), minAttempt)
	return time.Now().Add(min(part, left))
}
