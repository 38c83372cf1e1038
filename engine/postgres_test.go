package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"leat/authorizers"
	"leat/connectors"
	"leat/connectors/postgres"
	"leat/dial"
	"leat/flows"
	"leat/internal/testdb"
	"leat/secrets"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// postgresWorld has a shop and a warehouse in real databases.
func postgresWorld(t *testing.T) (w *world, shop, dwh *pgx.Conn) {
	t.Helper()
	server := testdb.Postgres(t)
	w = newWorld(t)
	w.Connectors = catalogOf{"postgres": postgres.New()}
	w.Dialer = dial.New(dial.Options{Policy: dial.DefaultPolicy()})
	w.timing.plan, w.timing.preview, w.timing.check, w.timing.dial = time.Minute, time.Minute, time.Minute, time.Minute
	connections := map[string]*pgx.Conn{}
	for _, name := range []string{"shop", "other"} {
		database := server.CreateDatabase(t)
		connections[name] = testdb.Connect(t, server.URL(database))
		w.must(w.store.SaveAuthorizer(t.Context(), authorizers.Authorizer{
			ID: name, Name: name, Connector: "postgres", TLS: dial.TLS{Mode: dial.TLSDisable},
			Settings: map[string]string{
				"host": server.Host, "port": fmt.Sprint(server.Port), "database": database, "username": server.Superuser,
			},
			Secrets: map[string]secrets.Secret{"password": secrets.New(server.Password)},
		}))
	}
	w.must(w.store.SaveDestination(t.Context(), flows.Destination{ID: "dwh", Name: "dwh", AuthorizerID: "other", DefaultSchema: "main"}))
	return w, connections["shop"], connections["other"]
}

// exec runs statements on a database.
func exec(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// digest is the number of rows of a query and a fingerprint of their texts.
func digest(t *testing.T, conn *pgx.Conn, query string) string {
	t.Helper()
	var text string
	err := conn.QueryRow(t.Context(), "SELECT count(*) || ' ' || coalesce(md5(string_agg(r::text, '|' ORDER BY r::text)), '') FROM ("+query+") r").Scan(&text)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text
}

const makeOrders = `CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(12,2), note text, at timestamptz NOT NULL);
	INSERT INTO orders SELECT i, i * 1.01, CASE WHEN i % 7 = 0 THEN NULL ELSE 'note ' || i END, '2026-01-01'::timestamptz + i * interval '1 second'
	FROM generate_series(1, 20000) i`

func TestPostgresToPostgres(t *testing.T) {
	w, shop, dwh := postgresWorld(t)
	exec(t, shop, makeOrders)
	exec(t, dwh, "CREATE SCHEMA main")
	for _, mode := range []connectors.WriteMode{connectors.Insert, connectors.TruncateInsert, connectors.Upsert, connectors.History} {
		s := stream("public.orders")
		s.WriteMode, s.Table, s.StateKey = mode, "main."+string(mode), "flow/main."+string(mode)
		w.save(s)
		run := w.run()
		if run.Status != flows.RunSucceeded || run.Streams[0].Written != 20000 || !run.Streams[0].Balanced() {
			t.Fatalf("%s: the run is %s with %+v (%+v)", mode, run.Status, run.Streams, run.Error)
		}
		const columns = "SELECT id, total, note, at FROM "
		if want, got := digest(t, shop, columns+"orders"), digest(t, dwh, columns+"main."+string(mode)); got != want {
			t.Errorf("%s: the table is %s, want %s", mode, got, want)
		}
	}
}

func TestPostgresIncremental(t *testing.T) {
	w, shop, dwh := postgresWorld(t)
	exec(t, shop, makeOrders)
	exec(t, dwh, "CREATE SCHEMA main")
	s := stream("public.orders")
	s.WriteMode = connectors.Upsert
	w.saveSource(flows.Source{ID: "sales", Name: "sales", AuthorizerID: "shop", Datasets: []flows.SourceDataset{
		{Name: "public.orders", Dataset: connectors.Dataset{Schema: "public", Name: "orders"}, Cursor: "at"},
	}})
	w.saveFlow(flows.Flow{Streams: []flows.Stream{s}})
	if run := w.run(); run.Status != flows.RunSucceeded {
		t.Fatalf("the first run is %s: %+v", run.Status, run.Error)
	}
	exec(t, shop, "INSERT INTO orders VALUES (20001, 1, 'new', '2027-01-01')", "UPDATE orders SET note = 'changed', at = '2027-01-02' WHERE id = 5")
	run := w.run()
	if got := run.Streams[0]; run.Status != flows.RunSucceeded || got.Read > 3 || got.Written != 2 {
		t.Errorf("the second run is %s with %+v", run.Status, got)
	}
	if want, got := digest(t, shop, "SELECT * FROM orders"), digest(t, dwh, "SELECT id, total, note, at FROM main.orders"); got != want {
		t.Errorf("the table is %s, want %s", got, want)
	}
}

func TestPostgresMissingSchemaIsSaidAtSaveAndAtRun(t *testing.T) {
	w, shop, dwh := postgresWorld(t)
	exec(t, shop, makeOrders)
	w.save(stream("public.orders"))
	flow, err := w.store.Flow(t.Context(), "flow")
	w.must(err)
	plans, err := w.PlanFlow(t.Context(), flow)
	w.must(err)
	if len(plans) != 1 || plans[0].Problem == nil || plans[0].Problem.Kind != connectors.NotFound || plans[0].Problem.Fix == "" {
		t.Errorf("the plan is %+v", plans)
	}
	run := w.run()
	if run.Status != flows.RunFailed || run.Error.Kind != string(connectors.NotFound) {
		t.Errorf("the run is %s: %+v", run.Status, run.Error)
	}
	if got := digest(t, dwh, "SELECT 1 FROM pg_namespace WHERE nspname = 'main'"); got[:1] != "0" {
		t.Error("the schema was created")
	}
}

func TestPostgresCheckAndPreview(t *testing.T) {
	w, shop, _ := postgresWorld(t)
	exec(t, shop, makeOrders)
	a, err := w.store.Authorizer(t.Context(), "shop")
	w.must(err)
	report := w.Check(t.Context(), a)
	if !report.OK {
		t.Errorf("the report is %+v", report)
	}
	a.Secrets = map[string]secrets.Secret{"password": secrets.New("wrong")}
	report = w.Check(t.Context(), a)
	i := slices.IndexFunc(report.Stages, func(s authorizers.CheckStage) bool { return s.Status == authorizers.StageFailed })
	if report.OK || i < 0 || report.Stages[i].Name != stageAuth || report.Fix == "" {
		t.Errorf("a wrong password gave %+v", report)
	}
	a.Settings["port"] = "1"
	if report = w.Check(t.Context(), a); report.OK || !slices.ContainsFunc(report.Stages, func(s authorizers.CheckStage) bool {
		return s.Name == dial.StageTCP && s.Status == authorizers.StageFailed
	}) {
		t.Errorf("a closed port gave %s", names(report.Stages))
	}
	query := connectors.Selection{Dataset: connectors.Dataset{Query: "SELECT id, total, note FROM orders WHERE id IN (7, 8) ORDER BY id"}}
	got, err := w.Preview(t.Context(), "shop", query, 10)
	w.must(err)
	if len(got.Rows) != 2 || got.Rows[0][2] != nil || *got.Rows[1][1] != "8.08" || got.Columns[1].Type != "decimal(12,2)" {
		t.Errorf("the preview is %+v", got)
	}
}
