package dial_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"leat/dial"
)

// names is a resolver with a fixed answer per name.
type names map[string][]string

func (n names) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	texts, ok := n[host]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var addrs []netip.Addr
	for _, text := range texts {
		if addr := netip.MustParseAddr(text); network != "ip4" || addr.Is4() {
			addrs = append(addrs, addr)
		}
	}
	return addrs, nil
}

// resolverFunc is a resolver made of a function.
type resolverFunc func(ctx context.Context) ([]netip.Addr, error)

func (f resolverFunc) LookupNetIP(ctx context.Context, _, _ string) ([]netip.Addr, error) {
	return f(ctx)
}

// listen opens a port that closes with the test.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// echo listens on loopback and greets everybody; it gives address and port.
func echo(t *testing.T) (address, port string) {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("hello"))
			_ = conn.Close()
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), port
}

// closedPort is a port of loopback on which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

// blackHole is a loopback address whose queue of connections is full, so that
// it answers nobody, like behind a firewall.
func blackHole(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(name.(*syscall.SockaddrInet4).Port)).String()
	filler := net.Dialer{Timeout: 200 * time.Millisecond}
	for range 16 {
		conn, err := filler.DialContext(t.Context(), "tcp", address)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("the queue does not fill")
	return ""
}

// watched is a context that collects the stages.
func watched(t *testing.T) (context.Context, *[]dial.Stage) {
	t.Helper()
	var stages []dial.Stage
	return dial.WithTrace(t.Context(), func(s dial.Stage) { stages = append(stages, s) }), &stages
}

func stageNames(stages []dial.Stage) string {
	var list []string
	for _, s := range stages {
		name := s.Name
		if s.Err != nil {
			name += "!"
		}
		list = append(list, name)
	}
	return strings.Join(list, " ")
}

// wantError checks kind and text, and that there is advice.
func wantError(t *testing.T, err error, kind dial.Kind, says string) {
	t.Helper()
	e, ok := errors.AsType[*dial.Error](err)
	if !ok {
		t.Errorf("%v is no *dial.Error", err)
		return
	}
	if e.Kind != kind || !strings.Contains(e.Error(), says) {
		t.Errorf("%s: %s, want %s: %s", e.Kind, e, kind, says)
	}
	if !strings.HasSuffix(e.Fix(), ".") || strings.Count(e.Fix(), ". ") > 0 {
		t.Errorf("the fix is not one sentence: %s", e.Fix())
	}
}
