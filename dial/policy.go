package dial

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// Policy says which addresses may be reached. Metadata services, link-local,
// multicast, broadcast and unspecified addresses and Leat's own listeners are
// always refused; addresses of this machine and of private networks are a
// setting. An IPv6 address that carries an IPv4 address is judged by both.
type Policy struct {
	AllowPrivate bool             // loopback, RFC 1918, 100.64/10, unique local and the like
	Listeners    []netip.AddrPort // where this process listens; an unspecified address means every local one
}

// DefaultPolicy allows private networks, since that is where people's
// databases are, and never the given listeners.
func DefaultPolicy(listeners ...netip.AddrPort) Policy {
	return Policy{AllowPrivate: true, Listeners: listeners}
}

// refusal is why the policy says no.
type refusal struct {
	reason  string
	private bool // the setting AllowPrivate would lift it
}

func (r refusal) Error() string { return r.reason }

// Check returns nil when the policy lets target through, else an error that
// says what kind of address it is.
func (p Policy) Check(target netip.AddrPort) error {
	for _, addr := range disguises(target.Addr()) {
		if err := p.checkOne(netip.AddrPortFrom(addr, target.Port())); err != nil {
			return err
		}
	}
	return nil
}

func (p Policy) checkOne(target netip.AddrPort) error {
	if r, ok := find(alwaysRefused, target.Addr()); ok {
		return refusal{reason: "it is " + r.what}
	}
	if p.isListener(target) {
		return refusal{reason: "it is an address on which Leat itself listens"}
	}
	if r, ok := find(privateRanges, target.Addr()); ok && !p.AllowPrivate {
		return refusal{reason: fmt.Sprintf("it is %s, and private addresses are switched off", r.what), private: true}
	}
	return nil
}

func (p Policy) isListener(target netip.AddrPort) bool {
	for _, l := range p.Listeners {
		if l.Port() != target.Port() {
			continue
		}
		own := l.Addr().Unmap().WithZone("")
		if own == target.Addr() || own.IsUnspecified() && isLocal(target.Addr()) {
			return true
		}
	}
	return false
}

// isLocal tells whether addr belongs to this machine. When the interfaces
// cannot be listed the answer is yes, which refuses rather than lets through.
func isLocal(addr netip.Addr) bool {
	if addr.IsLoopback() {
		return true
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	for _, i := range interfaces {
		if prefix, err := netip.ParsePrefix(i.String()); err == nil && prefix.Addr().Unmap() == addr {
			return true
		}
	}
	return false
}

// policyFix is the advice for a refusal.
func policyFix(err error) string {
	var r refusal
	if errors.As(err, &r) && r.private {
		return "Use a public address, or ask the administrator of Leat to allow private addresses."
	}
	return "Use the address of the system itself; this kind of address can never be reached from Leat."
}
