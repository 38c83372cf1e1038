package dial_test

import (
	"net"
	"net/netip"
	"testing"

	"leat/dial"
)

func TestAlwaysRefused(t *testing.T) {
	refused := map[string]string{
		"169.254.169.254":              "metadata",
		"169.254.170.2":                "container credentials",
		"169.254.0.1":                  "link-local",
		"100.100.100.200":              "Alibaba metadata",
		"168.63.129.16":                "Azure metadata",
		"192.0.0.192":                  "Oracle metadata",
		"fd00:ec2::254":                "AWS metadata",
		"fd00:ec2::23":                 "AWS pod credentials",
		"fd20:ce::254":                 "Google metadata",
		"fd00:c1::a9fe:a9fe":           "Oracle metadata",
		"fe80::1":                      "link-local",
		"fe80::1%eth0":                 "link-local with a zone",
		"febf::1":                      "end of link-local",
		"224.0.0.1":                    "multicast",
		"239.255.255.250":              "multicast",
		"ff02::1":                      "multicast",
		"0.0.0.0":                      "unspecified",
		"0.1.2.3":                      "this network",
		"::":                           "unspecified",
		"255.255.255.255":              "broadcast",
		"::ffff:169.254.169.254":       "mapped",
		"::ffff:0:0":                   "mapped unspecified",
		"::ffff:a9fe:a9fe":             "mapped in hex",
		"::169.254.169.254":            "compatible",
		"::ffff:0:169.254.169.254":     "translated",
		"64:ff9b::169.254.169.254":     "NAT64",
		"64:ff9b::6464:64c8":           "NAT64 of Alibaba",
		"64:ff9b:1::169.254.169.254":   "local NAT64",
		"64:ff9b:1:a9fe:a9:fe00::":     "local NAT64, other layout",
		"2002:a9fe:a9fe::1":            "6to4",
		"2002:0:1::":                   "6to4 of 0.0.0.1",
		"2001::a9fe:a9fe:0:0:0:1":      "Teredo client all ones",
		"2001:0:a9fe:a9fe::":           "Teredo server",
		"2001:0:808:808:0:0:5601:5601": "Teredo client",
		"2001:db8::5efe:a9fe:a9fe":     "ISATAP",
		"2001:db8::200:5efe:a9fe:a9fe": "ISATAP, global",
		"::ffff:100.100.100.200":       "mapped Alibaba",
		"::ffff:224.0.0.1":             "mapped multicast",
		"::ffff:255.255.255.255":       "mapped broadcast",
		"::0.0.0.2":                    "compatible unspecified",
	}
	for text, what := range refused {
		for _, p := range []dial.Policy{{}, dial.DefaultPolicy()} {
			if err := p.Check(at(t, text)); err == nil {
				t.Errorf("%s (%s) is let through", text, what)
			}
		}
	}
}

func TestPrivateIsASetting(t *testing.T) {
	private := []string{
		"127.0.0.1", "127.255.255.254", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
		"100.127.255.255", "192.0.0.8", "198.18.0.1", "198.19.255.255", "240.0.0.1", "fc00::1", "fdff::1", "fec0::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1",
		"2002:7f00:1::", "2002:c0a8:101::1", "2001:0:808:808:0:0:f5ff:fffe", "fe00::5efe:10.0.0.1",
	}
	for _, text := range private {
		if err := (dial.Policy{}).Check(at(t, text)); err == nil {
			t.Errorf("%s is let through when private addresses are off", text)
		}
		if err := dial.DefaultPolicy().Check(at(t, text)); err != nil {
			t.Errorf("%s is refused when private addresses are on: %v", text, err)
		}
	}
}

func TestPublicPasses(t *testing.T) {
	public := []string{
		"8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "169.253.255.255", "169.255.0.1",
		"198.17.0.1", "198.20.0.1", "223.255.255.255", "2606:4700::1111", "2a00::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
		"2002:808:808::1", "2001:4860:4860::8888", "2001:1::1",
	}
	for _, text := range public {
		if err := (dial.Policy{}).Check(at(t, text)); err != nil {
			t.Errorf("%s is refused: %v", text, err)
		}
	}
}

func TestOwnListeners(t *testing.T) {
	p := dial.DefaultPolicy(netip.MustParseAddrPort("127.0.0.1:8080"), netip.MustParseAddrPort("[::]:9090"))
	own := outerAddress(t)
	cases := map[string]bool{ // refused?
		"127.0.0.1:8080": true, "[::ffff:127.0.0.1]:8080": true, "[2002:7f00:1::]:8080": true, "[64:ff9b::7f00:1]:8080": true,
		"127.0.0.1:8081": false, "127.0.0.2:8080": false, "[::1]:8080": false,
		"127.0.0.1:9090": true, "127.0.0.9:9090": true, "[::1]:9090": true, "[::ffff:127.0.0.1]:9090": true, "8.8.8.8:9090": false,
		netip.AddrPortFrom(own, 9090).String(): true, netip.AddrPortFrom(own, 8080).String(): own.String() == "127.0.0.1",
	}
	for text, want := range cases {
		if err := p.Check(netip.MustParseAddrPort(text)); (err != nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// outerAddress is an address of this machine, not loopback when it has another.
func outerAddress(t *testing.T) netip.Addr {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() && !p.Addr().IsLinkLocalUnicast() {
			return p.Addr()
		}
	}
	return netip.MustParseAddr("127.0.0.1")
}

func at(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	addr, err := netip.ParseAddr(text)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(addr, 5432)
}
