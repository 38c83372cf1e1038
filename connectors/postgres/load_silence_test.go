package postgres

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"leat/connectors"
	"leat/internal/testdb"
)

// silence is a destination behind a proxy that can swallow everything while it keeps the
// connections alive.
type silence struct {
	*flow
	load  *load
	close connectors.Close
	proxy *toxiproxy.Proxy
	admin *pgx.Conn
}

// newSilence has sent all rows of a load, and waits half a second where others wait long.
func newSilence(t *testing.T) *silence {
	t.Helper()
	_, admin := newDatabase(t, shop)
	server := testdb.Postgres(t)
	owner := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	proxy := toxiproxy.NewProxy(owner, t.Name(), "127.0.0.1:0", net.JoinHostPort(server.Host, strconv.Itoa(server.Port)))
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	settings := settingsOf(t, server.URL(admin.Config().Database))
	_, settings["port"], _ = net.SplitHostPort(proxy.Listen)
	settings["connect_timeout"] = "1"
	opened, err := New().Open(t.Context(), settings, testEnv())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = opened.Close(ctx) // the proxy may be silent
	})
	c := opened.(*connection)
	c.patience = patience{answer: 400 * time.Millisecond, commit: 500 * time.Millisecond}
	s := &silence{flow: into(c, "t", connectors.Upsert, "id"), proxy: proxy, admin: admin}
	s.target.Limits = connectors.LoadLimits{Lock: 100 * time.Millisecond, Batch: 500 * time.Millisecond, Statement: 100 * time.Millisecond}
	return s
}

// begun claims the target and sends the rows.
func (s *silence) begun(t *testing.T) *silence {
	t.Helper()
	opened, err := s.begin(t)
	if err != nil {
		t.Fatal(err)
	}
	s.load = opened.(*load)
	t.Cleanup(func() { _ = opened.Abort(context.Background()) })
	if s.close, err = s.send(t, opened); err != nil {
		t.Fatal(err)
	}
	return s
}

// fall makes the proxy swallow everything in both directions.
func (s *silence) fall(t *testing.T) {
	t.Helper()
	for _, direction := range []string{"upstream", "downstream"} {
		toxic := `{"type": "timeout", "stream": "` + direction + `", "attributes": {"timeout": 0}}`
		if _, err := s.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			t.Fatal(err)
		}
	}
}

// sentAll is begun, and the server has taken all rows.
func sentAll(t *testing.T, s *silence) {
	if err := s.begun(t).load.finishCopy(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestASilentDestinationEndsTheLoad(t *testing.T) {
	cases := map[string]struct {
		prepare func(*testing.T, *silence)
		work    func(context.Context, *silence) error
		kind    connectors.Kind
		words   []string
	}{
		"connect": {
			func(*testing.T, *silence) {},
			func(ctx context.Context, s *silence) error {
				_, err := s.c.Begin(ctx, s.id(), []connectors.Target{s.target})
				return err
			}, connectors.Unreachable, nil,
		},
		"claim": {
			sentAll,
			func(ctx context.Context, s *silence) error {
				return s.load.s.inTransaction(ctx, func(context.Context) error { return nil })
			},
			connectors.Unreachable,
			[]string{"load dwh.t", "did not answer within 500ms", "lock_timeout"},
		},
		"rows": {
			func(t *testing.T, s *silence) { s.begun(t) },
			func(ctx context.Context, s *silence) error {
				_, err := s.load.Commit(ctx, []connectors.Close{s.close})
				return err
			},
			connectors.Unreachable,
			[]string{"dwh.t", "did not answer within 500ms", "batch_timeout"},
		},
		"apply": {
			sentAll,
			func(ctx context.Context, s *silence) error {
				_, err := s.load.s.about("apply the load of dwh.t", s.target.Table, "").working(s.target.Limits).Exec(ctx, "SELECT 1")
				return err
			},
			connectors.Unreachable,
			[]string{"apply the load of dwh.t", "did not answer within 500ms", "statement_timeout"},
		},
		"commit": {
			sentAll,
			func(ctx context.Context, s *silence) error { return s.load.commit(ctx) },
			connectors.Unknown,
			[]string{"dwh.t"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSilence(t)
			c.prepare(t, s)
			s.fall(t)
			start := time.Now()
			err := c.work(t.Context(), s)
			wantRefusal(t, err, c.kind, c.words...)
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestACancelEndsASilentLoadAtOnce(t *testing.T) {
	s := newSilence(t)
	s.target.Limits.Batch = time.Hour
	s.begun(t).fall(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	start := time.Now()
	_, err := s.load.Commit(ctx, []connectors.Close{s.close})
	wantRefusal(t, err, connectors.Cancelled)
	if err := s.load.Abort(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestTheEndOfACopyMayTakeAsLongAsAStatement has a trigger that looks at all rows when
// the last one has come.
func TestTheEndOfACopyMayTakeAsLongAsAStatement(t *testing.T) {
	c, admin := newDatabase(t, shop+`; CREATE TABLE dwh.t AS SELECT * FROM t WITH NO DATA;
		CREATE FUNCTION dwh.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END';
		CREATE TRIGGER slow AFTER INSERT ON dwh.t EXECUTE PROCEDURE dwh.slow()`)
	f := into(c, "t", connectors.Insert)
	f.target.Limits = connectors.LoadLimits{Batch: 200 * time.Millisecond}
	report := f.must(t)
	if report.Recipe != "copy" {
		t.Errorf("the recipe is %s", report.Recipe)
	}
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", fmt.Sprintf("(%d)", report.Written))
}
