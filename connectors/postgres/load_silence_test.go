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

// newSilence opens the destination through the proxy.
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
	opened, err := New().Open(t.Context(), settings, testEnv())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = opened.Close(ctx) // the proxy may be silent
	})
	return &silence{flow: into(opened.(*connection), "t", connectors.Upsert, "id"), proxy: proxy, admin: admin}
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

// silentLimits are those of a load that waits half a second where others wait long.
var silentLimits = connectors.LoadLimits{Lock: 100 * time.Millisecond, Batch: 500 * time.Millisecond, Statement: 100 * time.Millisecond}

// fall makes the proxy swallow everything in both directions. From then on the load waits
// by the limits; before, it waits as long as a busy machine needs.
func (s *silence) fall(t *testing.T, limits connectors.LoadLimits) {
	t.Helper()
	s.c.patience = patience{answer: 400 * time.Millisecond, commit: 500 * time.Millisecond}
	s.c.config.ConnectTimeout = time.Second
	s.target.Limits = limits
	if s.load != nil {
		s.load.s.patience = s.c.patienceWith(limits)
		s.load.items[0].target.Limits = limits
	}
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
	t.Parallel()
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
			s.fall(t, silentLimits)
			var err error
			mustEnd(t, "a load into a silent destination", func() { err = c.work(t.Context(), s) })
			wantRefusal(t, err, c.kind, c.words...)
		})
	}
}

func TestACancelEndsASilentLoadAtOnce(t *testing.T) {
	t.Parallel()
	s := newSilence(t)
	limits := silentLimits
	limits.Batch = time.Hour
	s.begun(t).fall(t, limits)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	var err, left error
	mustEnd(t, "a silent load that was cancelled", func() {
		_, err = s.load.Commit(ctx, []connectors.Close{s.close})
		left = s.load.Abort(ctx)
	})
	wantRefusal(t, err, connectors.Cancelled)
	if left != nil {
		t.Error(left)
	}
}

// TestTheEndOfACopyMayTakeAsLongAsAStatement has a trigger that looks at all rows when
// the last one has come.
func TestTheEndOfACopyMayTakeAsLongAsAStatement(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+`; CREATE TABLE dwh.t AS SELECT * FROM t WITH NO DATA;
		CREATE FUNCTION dwh.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END';
		CREATE TRIGGER slow AFTER INSERT ON dwh.t EXECUTE PROCEDURE dwh.slow()`)
	writer, _ := role(t, admin, strings.Replace(seedGrants, "SELECT, INSERT", "INSERT", 1)+"; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA dwh TO $ROLE")
	// The rows of a role that may not read them are not compared with what the trigger left,
	// so that they go straight in and the trigger runs at the end of the COPY.
	for want, c := range map[string]*connection{"stage+insert": c, "copy": writer} {
		execute(t, admin, "TRUNCATE dwh.t; DROP TABLE IF EXISTS dwh._leat_state, dwh._leat_loads")
		f := into(c, "t", connectors.Insert)
		f.target.Limits = connectors.LoadLimits{Batch: time.Second}
		report := f.must(t)
		if report.Recipe != want {
			t.Errorf("the recipe is %s, want %s", report.Recipe, want)
		}
		wantRows(t, admin, "SELECT count(*) FROM dwh.t", fmt.Sprintf("(%d)", report.Written))
	}
}
