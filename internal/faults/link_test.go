package faults_test

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"leat/internal/testdb"
)

// link is a network link to a server that can be made ill.
type link struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
	port  int
}

func newLink(t *testing.T, server *testdb.Server) *link {
	t.Helper()
	owner := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	upstream := net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
	l := &link{t: t, proxy: toxiproxy.NewProxy(owner, t.Name(), "127.0.0.1:0", upstream)}
	if err := l.proxy.Start(); err != nil {
		t.Fatalf("start a proxy: %v", err)
	}
	t.Cleanup(l.proxy.Stop)
	_, port, err := net.SplitHostPort(l.proxy.Listen)
	if err == nil {
		l.port, err = strconv.Atoi(port)
	}
	if err != nil {
		t.Fatalf("the proxy listens on %s: %v", l.proxy.Listen, err)
	}
	return l
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

// ail makes the link ill in one direction ("upstream" is towards the server).
func (l *link) ail(illness, direction, attributes string) {
	l.t.Helper()
	toxic := fmt.Sprintf(`{"type": %q, "stream": %q, "attributes": {%s}}`, illness, direction, attributes)
	if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		l.t.Fatalf("make the link ill: %v", err)
	}
}

// ailBoth makes it ill in both directions.
func (l *link) ailBoth(illness, attributes string) {
	l.t.Helper()
	l.ail(illness, "upstream", attributes)
	l.ail(illness, "downstream", attributes)
}

// heal takes every illness away. Connections that were silent end.
func (l *link) heal() { l.proxy.Toxics.ResetToxics(context.Background()) }
