package dial

import "net/netip"

// ipRange is a prefix and what it is, as it reads after "it is".
type ipRange struct {
	prefix netip.Prefix
	what   string
}

// The predicates of netip miss half of these, so they are written out.
var alwaysRefused = ranges("a link-local address, where cloud metadata lives",
	"169.254.0.0/16", "fe80::/10").
	and("a cloud metadata address",
		"100.100.100.200/32", // Alibaba
		"168.63.129.16/32",   // Azure
		"192.0.0.192/32",     // Oracle
		"fd00:c1::a9fe:a9fe/128",
		"fd00:ec2::/32",    // AWS: metadata, pod credentials
		"fd20:ce::254/128", // Google
		"fd00:42::42/128"). // Scaleway
	and("an unspecified address", "0.0.0.0/8", "::/128").
	and("a multicast address", "224.0.0.0/4", "ff00::/8").
	and("the broadcast address", "255.255.255.255/32").
	// A local NAT64 prefix hides its IPv4 address at a place only its network knows.
	and("a local translation address", "64:ff9b:1::/48")

var privateRanges = ranges("an address of this machine", "127.0.0.0/8", "::1/128").
	and("a private address",
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
		"100.64.0.0/10", // carrier-grade NAT, Tailscale
		"192.0.0.0/24",  // protocol assignments
		"198.18.0.0/15", // benchmarks
		"240.0.0.0/4",   // reserved, in use inside clouds
		"fc00::/7",      // unique local
		"fec0::/10")     // site-local, deprecated

type rangeList []ipRange

func ranges(what string, prefixes ...string) rangeList {
	return rangeList(nil).and(what, prefixes...)
}

func (l rangeList) and(what string, prefixes ...string) rangeList {
	for _, p := range prefixes {
		l = append(l, ipRange{prefix: netip.MustParsePrefix(p), what: what})
	}
	return l
}

func find(list rangeList, addr netip.Addr) (ipRange, bool) {
	for _, r := range list {
		if r.prefix.Contains(addr) {
			return r, true
		}
	}
	return ipRange{}, false
}

// A carrier is an IPv6 prefix whose addresses hold IPv4 addresses; from cuts
// them out.
type carrier struct {
	prefix netip.Prefix
	from   func(b [16]byte) []netip.Addr
}

var carriers = []carrier{
	{netip.MustParsePrefix("::/96"), lastFour},           // IPv4-compatible
	{netip.MustParsePrefix("::ffff:0:0:0/96"), lastFour}, // IPv4-translated
	{netip.MustParsePrefix("64:ff9b::/96"), lastFour},    // NAT64
	{netip.MustParsePrefix("2002::/16"), sixToFour},      // 6to4
	{netip.MustParsePrefix("2001::/32"), teredo},         // server and client
}

// disguises gives the address itself, without zone and IPv4 mapping, and every
// IPv4 address that it carries.
func disguises(addr netip.Addr) []netip.Addr {
	addr = addr.Unmap().WithZone("")
	all := []netip.Addr{addr}
	if addr.Is4() || addr == netip.IPv6Loopback() || addr.IsUnspecified() {
		return all
	}
	b := addr.As16()
	for _, c := range carriers {
		if c.prefix.Contains(addr) {
			all = append(all, c.from(b)...)
		}
	}
	if isISATAP(b) {
		all = append(all, lastFour(b)...)
	}
	return all
}

func lastFour(b [16]byte) []netip.Addr  { return []netip.Addr{netip.AddrFrom4([4]byte(b[12:16]))} }
func sixToFour(b [16]byte) []netip.Addr { return []netip.Addr{netip.AddrFrom4([4]byte(b[2:6]))} }

// teredo holds its server in the clear and its client with all bits flipped.
func teredo(b [16]byte) []netip.Addr {
	server := netip.AddrFrom4([4]byte(b[4:8]))
	client := netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})
	return []netip.Addr{server, client}
}

// isISATAP tells an interface identifier 0000:5efe or 0200:5efe before an IPv4 address.
func isISATAP(b [16]byte) bool {
	return b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}
