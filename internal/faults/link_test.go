package faults_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"leat/internal/testdb"
)

// link is a network link to a server that can be made ill.
type link struct {
	t        *testing.T
	upstream string
	proxy    *toxiproxy.Proxy
	port     int
	toxics   []string // in JSON
}

func newLink(t *testing.T, server *testdb.Server) *link {
	t.Helper()
	l := &link{t: t, upstream: net.JoinHostPort(server.Host, strconv.Itoa(server.Port))}
	l.listen()
	t.Cleanup(func() { l.proxy.Stop() })
	return l
}

// listen starts a proxy, on the port of the one before if there was one.
func (l *link) listen() {
	l.t.Helper()
	owner := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	l.proxy = toxiproxy.NewProxy(owner, l.t.Name(), net.JoinHostPort("127.0.0.1", strconv.Itoa(l.port)), l.upstream)
	if err := l.proxy.Start(); err != nil {
		l.t.Fatalf("start a proxy: %v", err)
	}
	_, port, err := net.SplitHostPort(l.proxy.Listen)
	if err == nil {
		l.port, err = strconv.Atoi(port)
	}
	if err != nil {
		l.t.Fatalf("the proxy listens on %s: %v", l.proxy.Listen, err)
	}
}

// The illnesses of a link.
const (
	// silent swallows all data; the connections stay until the link is healed.
	silent = "timeout"
	// reset cuts the connections.
	reset = "reset_peer"
	// sliced sends small pieces.
	sliced = "slicer"
	// late adds a delay.
	late = "latency"
)

// stuck is how long the proxy may take to make a link ill.
const stuck = 5 * time.Second

// ail makes the link ill in one direction ("upstream" is towards the server).
//
// The proxy waits for ever when a connection's reader stands still and its buffers are full.
// Then its connections are cut, which are dead to both ends anyway, and another proxy takes
// the port with the link's illnesses.
func (l *link) ail(illness, direction, attributes string) {
	l.t.Helper()
	l.toxics = append(l.toxics, fmt.Sprintf(`{"type": %q, "stream": %q, "attributes": {%s}}`, illness, direction, attributes))
	done, proxy := make(chan error, 1), l.proxy
	go func() { done <- addToxics(proxy, l.toxics[len(l.toxics)-1:]) }()
	var err error
	select {
	case err = <-done:
	case <-time.After(stuck):
		proxy.Stop()
		l.listen()
		err = addToxics(l.proxy, l.toxics)
	}
	if err != nil {
		l.t.Fatalf("make the link ill: %v", err)
	}
}

func addToxics(proxy *toxiproxy.Proxy, toxics []string) error {
	for _, toxic := range toxics {
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			return err
		}
	}
	return nil
}

// ailBoth makes it ill in both directions.
func (l *link) ailBoth(illness, attributes string) {
	l.t.Helper()
	l.ail(illness, "upstream", attributes)
	l.ail(illness, "downstream", attributes)
}

// heal takes every illness away. Connections that were silent end.
func (l *link) heal() {
	l.toxics = nil
	l.proxy.Toxics.ResetToxics(context.Background())
}

// TestALinkIsMadeIllWhileItsReaderStandsStill fills all buffers between two ends before the
// link is cut.
func TestALinkIsMadeIllWhileItsReaderStandsStill(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	full := make(chan error, 1)
	go func() { full <- writeUntilFull(listener) }()
	l := newLink(t, &testdb.Server{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(l.port))
	reader, err := net.Dial("tcp4", address) //nolint:noctx // a local port
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := <-full; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the buffers are not full: %v", err)
	}
	l.cut()
	if err := reader.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, reader); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection goes on after it was cut")
	}
	again, err := net.Dial("tcp4", address) //nolint:noctx // a local port
	if err != nil {
		t.Fatalf("the link takes no connections after it was cut: %v", err)
	}
	_ = again.Close()
}

// writeUntilFull writes to its first caller until nothing was taken for a second.
func writeUntilFull(listener net.Listener) error {
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for err == nil {
		if err = conn.SetWriteDeadline(time.Now().Add(time.Second)); err == nil {
			_, err = conn.Write(block)
		}
	}
	return err
}
