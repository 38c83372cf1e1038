package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// Kind says why a connection could not be opened.
type Kind string

// The kinds of failure.
const (
	KindInvalid         Kind = "invalid_address"
	KindRefusedByPolicy Kind = "refused_by_policy"
	KindUnknownHost     Kind = "unknown_host"
	KindRefused         Kind = "refused"
	KindTimeout         Kind = "timeout"
	KindUnreachable     Kind = "unreachable"
	KindTLS             Kind = "tls"
)

// Error is a connection that could not be opened. Error tells what happened
// and Fix what to do about it, both in one sentence without any secret.
type Error struct {
	Stage string // StageDNS, StageTCP or StageTLS
	Host  string // as the user typed it
	Addr  string // address and port that were tried; empty before the name is resolved
	Kind  Kind
	Err   error // the cause
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Error says what happened.
func (e *Error) Error() string {
	switch e.Kind {
	case KindInvalid:
		return fmt.Sprintf("the address %q cannot be used: %v", e.Host, e.Err)
	case KindRefusedByPolicy:
		return fmt.Sprintf("connecting to %s is not allowed: %v", e.where(), e.Err)
	case KindUnknownHost:
		return fmt.Sprintf("the host name %q is not known", e.Host)
	case KindRefused:
		return fmt.Sprintf("nothing listens on %s: the connection was refused", e.where())
	case KindTimeout:
		if e.Stage == StageDNS {
			return fmt.Sprintf("looking up the host name %q took too long", e.Host)
		}
		return fmt.Sprintf("%s did not answer in time", e.where())
	case KindTLS:
		return fmt.Sprintf("the encrypted connection to %s failed: %v", e.where(), e.Err)
	default:
		if e.Stage == StageDNS {
			return fmt.Sprintf("the host name %q could not be looked up: %v", e.Host, e.Err)
		}
		return fmt.Sprintf("%s cannot be reached: %v", e.where(), e.Err)
	}
}

// Fix says what to do about it.
func (e *Error) Fix() string {
	switch e.Kind {
	case KindInvalid:
		return "Give a host name or an IP address, and a port from 1 to 65535."
	case KindRefusedByPolicy:
		return policyFix(e.Err)
	case KindUnknownHost:
		return "Check the spelling of the host name, and that the DNS of this machine knows it."
	case KindRefused:
		return "Check host and port, and that the server is running and listens on this address (PostgreSQL: listen_addresses)."
	case KindTLS:
		return tlsFix(e.Err)
	}
	if e.Stage == StageDNS {
		return "Check the DNS servers of this machine, or give an IP address."
	}
	if e.Kind == KindTimeout {
		return "Check host and port, and that no firewall or security group between this machine and the server drops the connection."
	}
	return "Check the address, and that this machine has a route to its network."
}

// where names the target by what the user typed and by the address tried.
func (e *Error) where() string {
	switch target, err := netip.ParseAddrPort(e.Addr); {
	case e.Addr == "":
		return e.Host
	case err == nil && sameHost(e.Host, target.Addr()):
		return e.Addr
	default:
		return fmt.Sprintf("%s (%s)", e.Host, e.Addr)
	}
}

func sameHost(host string, addr netip.Addr) bool {
	typed, err := netip.ParseAddr(host)
	return err == nil && typed == addr
}

// dnsError names the failure of a lookup.
func dnsError(ctx context.Context, host string, err error) error {
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("looking up %s: %w", host, ctx.Err())
	}
	kind := KindUnreachable
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		kind = KindUnknownHost
	case isTimeout(err):
		kind = KindTimeout
	case !errors.As(err, &dns): // there was an answer, but no address that can be used
		kind = KindUnknownHost
	}
	return &Error{Stage: StageDNS, Host: host, Kind: kind, Err: err}
}

// tcpError names the failure of one connection attempt.
func tcpError(ctx context.Context, host string, target netip.AddrPort, err error) error {
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("connecting to %s: %w", host, ctx.Err())
	}
	kind := KindUnreachable
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		kind = KindRefused
	case isTimeout(err):
		kind = KindTimeout
	}
	return &Error{Stage: StageTCP, Host: host, Addr: target.String(), Kind: kind, Err: rootCause(err)}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// rootCause drops the wrapping of package net, which repeats the address.
func rootCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}
