package dial_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"leat/dial"
)

func TestDialByNameAndByAddress(t *testing.T) {
	address, port := echo(t)
	d := dial.New(dial.Options{Policy: dial.DefaultPolicy(), Resolver: names{"db.test": {"127.0.0.1"}}})
	for target, want := range map[string]string{address: "tcp", "db.test:" + port: "dns tcp"} {
		ctx, stages := watched(t)
		conn, err := d.DialContext(ctx, "tcp", target)
		if err != nil {
			t.Fatal(err)
		}
		greeting, err := io.ReadAll(conn)
		if err != nil || string(greeting) != "hello" {
			t.Errorf("read %q, %v", greeting, err)
		}
		_ = conn.Close()
		if got := stageNames(*stages); got != want {
			t.Errorf("the stages of %s are %q", target, got)
		}
		for _, s := range *stages {
			if s.Duration <= 0 || s.Detail == "" {
				t.Errorf("the stage %+v is empty", s)
			}
		}
	}
}

func TestDialTriesTheNextAddress(t *testing.T) {
	_, port := echo(t)
	d := dial.New(dial.Options{Policy: dial.DefaultPolicy(), Resolver: names{
		"two.test":   {"127.0.0.2", "127.0.0.1"},
		"mixed.test": {"169.254.169.254", "::ffff:127.0.0.1"},
	}})
	for host, want := range map[string]string{"two.test": "dns tcp! tcp", "mixed.test": "dns tcp"} {
		ctx, stages := watched(t)
		conn, err := d.DialContext(ctx, "tcp", host+":"+port)
		if err != nil {
			t.Fatalf("%s: %v", host, err)
		}
		_ = conn.Close()
		if got := stageNames(*stages); got != want {
			t.Errorf("the stages of %s are %q", host, got)
		}
	}
}

func TestDialFailures(t *testing.T) {
	closed, hole := closedPort(t), blackHole(t)
	resolver := names{"evil.test": {"169.254.169.254", "::ffff:100.100.100.200"}, "db.test": {"127.0.0.1"}, "none.test": {}}
	cases := []struct {
		target string
		policy dial.Policy
		kind   dial.Kind
		says   string
		stages string
	}{
		{"127.0.0.1:" + closed, dial.DefaultPolicy(), dial.KindRefused, "nothing listens on 127.0.0.1:" + closed, "tcp!"},
		{"db.test:" + closed, dial.DefaultPolicy(), dial.KindRefused, "db.test (127.0.0.1:" + closed + ")", "dns tcp!"},
		{hole, dial.DefaultPolicy(), dial.KindTimeout, "did not answer in time", "tcp!"},
		{"typo.test:5432", dial.DefaultPolicy(), dial.KindUnknownHost, `"typo.test" is not known`, "dns!"},
		{"none.test:5432", dial.DefaultPolicy(), dial.KindUnknownHost, `"none.test" is not known`, "dns!"},
		{"evil.test:80", dial.DefaultPolicy(), dial.KindRefusedByPolicy, "metadata", "dns tcp!"},
		{"[::ffff:169.254.169.254]:80", dial.DefaultPolicy(), dial.KindRefusedByPolicy, "metadata", "tcp!"},
		{"db.test:5432", dial.Policy{}, dial.KindRefusedByPolicy, "private addresses are switched off", "dns tcp!"},
	}
	for _, c := range cases {
		ctx, stages := watched(t)
		d := dial.New(dial.Options{Policy: c.policy, Resolver: resolver, Timeout: 300 * time.Millisecond})
		conn, err := d.DialContext(ctx, "tcp", c.target)
		if conn != nil {
			t.Fatalf("%s is open", c.target)
		}
		wantError(t, err, c.kind, c.says)
		if got := stageNames(*stages); got != c.stages {
			t.Errorf("the stages of %s are %q", c.target, got)
		}
	}
}

func TestDialBadTargets(t *testing.T) {
	d := dial.New(dial.Options{Policy: dial.DefaultPolicy(), Resolver: names{}})
	bad := []struct{ network, address string }{
		{"unix", "/var/run/postgresql/.s.PGSQL.5432"},
		{"udp", "127.0.0.1:53"},
		{"tcp", "127.0.0.1"},
		{"tcp", ":5432"},
		{"tcp", "db:0"},
		{"tcp", "db:65536"},
		{"tcp", "db:-1"},
		{"tcp", "db:http"},
		{"tcp", "/tmp/sock:5432"},
		{"tcp", "@abstract:5432"},
		{"tcp", "a,b:5432"},
		{"tcp", "user@db:5432"},
		{"tcp", "db test:5432"},
		{"tcp", "db\n:5432"},
		{"tcp", "::1:5432"},
		{"tcp", ""},
	}
	for _, b := range bad {
		_, err := d.DialContext(t.Context(), b.network, b.address)
		wantError(t, err, dial.KindInvalid, "cannot be used")
	}
}

func TestLookupFailures(t *testing.T) {
	slow := resolverFunc(func(ctx context.Context) ([]netip.Addr, error) {
		<-ctx.Done()
		return nil, &net.DNSError{Err: "timed out", IsTimeout: true}
	})
	d := dial.New(dial.Options{Policy: dial.DefaultPolicy(), Resolver: slow, Timeout: 50 * time.Millisecond})
	_, err := d.DialContext(t.Context(), "tcp", "slow.test:1")
	wantError(t, err, dial.KindTimeout, "took too long")

	broken := resolverFunc(func(context.Context) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	})
	d = dial.New(dial.Options{Policy: dial.DefaultPolicy(), Resolver: broken})
	_, err = d.DialContext(t.Context(), "tcp", "broken.test:1")
	wantError(t, err, dial.KindUnreachable, "could not be looked up")
}

// A name that changes its address after the check must not be asked again.
func TestRebinding(t *testing.T) {
	_, port := echo(t)
	asked := 0
	rebinding := resolverFunc(func(context.Context) ([]netip.Addr, error) {
		asked++
		if asked > 1 {
			return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	})
	d := dial.New(dial.Options{Policy: dial.DefaultPolicy(), Resolver: rebinding})
	conn, err := d.DialContext(t.Context(), "tcp", "rebind.test:"+port)
	if err != nil || conn.RemoteAddr().String() != "127.0.0.1:"+port || asked != 1 {
		t.Fatalf("asked %d times, %v", asked, err)
	}
	_ = conn.Close()
	_, err = d.DialContext(t.Context(), "tcp", "rebind.test:"+port)
	wantError(t, err, dial.KindRefusedByPolicy, "metadata")
}

func TestDialEndsWithItsContext(t *testing.T) {
	hole := blackHole(t)
	d := dial.New(dial.Options{Policy: dial.DefaultPolicy(), Timeout: time.Hour}) // nothing else ends it
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := d.DialContext(ctx, "tcp", hole); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := d.DialContext(short, "tcp", hole)
	wantError(t, err, dial.KindTimeout, "did not answer")
}

// A dead first address must leave time for the second.
func TestBlackHoleLeavesTimeForTheNext(t *testing.T) {
	hole := netip.MustParseAddrPort(blackHole(t))
	listen(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), hole.Port()).String())
	d := dial.New(dial.Options{Policy: dial.DefaultPolicy(), Resolver: names{"two.test": {"127.0.0.1", "127.0.0.2"}}, Timeout: 4 * time.Second})
	conn, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort("two.test", strings.Split(hole.String(), ":")[1]))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

func TestOwnListenerIsRefused(t *testing.T) {
	address, port := echo(t)
	p := dial.DefaultPolicy(netip.MustParseAddrPort(address))
	d := dial.New(dial.Options{Policy: p, Resolver: names{"self.test": {"127.0.0.1"}}})
	_, err := d.DialContext(t.Context(), "tcp", "self.test:"+port)
	wantError(t, err, dial.KindRefusedByPolicy, "Leat itself")
}

func TestReportWithoutTrace(t *testing.T) {
	dial.Report(t.Context(), dial.Stage{Name: "auth"})
	ctx, stages := watched(t)
	dial.Report(ctx, dial.Stage{Name: "auth", Err: os.ErrPermission})
	if stageNames(*stages) != "auth!" {
		t.Errorf("the trace saw %v", *stages)
	}
}
