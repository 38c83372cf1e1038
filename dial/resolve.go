package dial

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"
)

// resolve gives the addresses of host that the policy lets through, in the
// order of the resolver. It fails when there is none.
func (d *Dialer) resolve(ctx context.Context, network, host string, port uint16) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return d.allowed(ctx, host, port, []netip.Addr{addr})
	}
	start := time.Now()
	found, err := d.resolver.LookupNetIP(ctx, strings.Replace(network, "tcp", "ip", 1), host)
	if err == nil && len(found) == 0 {
		err = errors.New("the name has no address")
	}
	if err != nil {
		err = dnsError(ctx, host, err)
	}
	Report(ctx, Stage{Name: StageDNS, Detail: lookupDetail(host, found), Duration: time.Since(start), Err: err})
	if err != nil {
		return nil, err
	}
	return d.allowed(ctx, host, port, found)
}

// allowed drops what the policy refuses; when nothing is left it returns the
// first refusal and reports it as a failed connection.
func (d *Dialer) allowed(ctx context.Context, host string, port uint16, addrs []netip.Addr) ([]netip.Addr, error) {
	var pass []netip.Addr
	var refusal *Error
	for _, addr := range addrs {
		target := netip.AddrPortFrom(addr.Unmap(), port)
		if err := d.policy.Check(target); err == nil {
			pass = append(pass, target.Addr())
		} else if refusal == nil {
			refusal = &Error{Stage: StageTCP, Host: host, Addr: target.String(), Kind: KindRefusedByPolicy, Err: err}
		}
	}
	if len(pass) > 0 {
		return pass, nil
	}
	Report(ctx, Stage{Name: StageTCP, Detail: refusal.Addr, Err: refusal})
	return nil, refusal
}

func lookupDetail(host string, addrs []netip.Addr) string {
	texts := make([]string, len(addrs))
	for i, a := range addrs {
		texts[i] = a.Unmap().String()
	}
	if len(texts) == 0 {
		return host
	}
	return host + " is " + strings.Join(texts, ", ")
}
