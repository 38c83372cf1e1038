package engine

import (
	"fmt"
	"testing"
	"time"

	"leat/authorizers"
	"leat/dial"
	"leat/flows"
	"leat/internal/testdb"
	"leat/secrets"
)

// slowOrders gives its rows over about a second.
const slowOrders = `CREATE VIEW slow AS SELECT id, total, note FROM orders WHERE id % 400 <> 0 OR pg_sleep(0.02) IS NOT NULL`

// TestARestartOfTheDatabaseIsSurvived stops a server at once in the middle of a run, as a
// crash does. The run itself goes on when the server is back.
func TestARestartOfTheDatabaseIsSurvived(t *testing.T) {
	own := testdb.Start(t, testdb.Options{})
	t.Run("source crashes", func(t *testing.T) { surviveRestart(t, own, "shop", true) })
	t.Run("destination crashes", func(t *testing.T) { surviveRestart(t, own, "other", true) })
	t.Run("destination is restarted", func(t *testing.T) { surviveRestart(t, own, "other", false) })
}

func surviveRestart(t *testing.T, own *testdb.Server, side string, immediate bool) {
	w, shop, dwh := postgresWorld(t)
	w.timing.retry = []time.Duration{500 * time.Millisecond, 2 * time.Second}
	database := own.CreateDatabase(t)
	w.must(w.store.SaveAuthorizer(t.Context(), authorizers.Authorizer{
		ID: side, Name: side, Connector: "postgres", TLS: dial.TLS{Mode: dial.TLSDisable},
		Settings: map[string]string{
			"host": own.Host, "port": fmt.Sprint(own.Port), "database": database, "username": own.Superuser,
		},
		Secrets: map[string]secrets.Secret{"password": secrets.New(own.Password)},
	}))
	if side == "shop" {
		shop = testdb.Connect(t, own.URL(database))
	} else {
		dwh = testdb.Connect(t, own.URL(database))
	}
	exec(t, shop, makeOrders, slowOrders)
	exec(t, dwh, "CREATE SCHEMA main")
	s := stream("public.slow")
	w.save(s)
	done := make(chan flows.Run, 1)
	go func() {
		run, err := w.RunFlow(t.Context(), "flow", RunOptions{})
		if err != nil {
			t.Errorf("the run gave %v", err)
		}
		done <- run
	}()
	w.reading()
	own.Restart(t, immediate)
	var run flows.Run
	select {
	case run = <-done:
	case <-time.After(time.Minute):
		t.Fatal("the run goes on and on")
	}
	if run.Status != flows.RunSucceeded || run.Attempt < 2 {
		t.Fatalf("the run is %s in attempt %d: %+v", run.Status, run.Attempt, run.Error)
	}
	shop = testdb.Connect(t, w.url("shop"))
	dwh = testdb.Connect(t, w.url("other"))
	if want, got := digest(t, shop, "SELECT id, total, note FROM orders"), digest(t, dwh, "SELECT id, total, note FROM main.slow"); got != want {
		t.Errorf("the table is %s, want %s", got, want)
	}
}

// reading waits until rows pass.
func (w *world) reading() {
	w.t.Helper()
	for range 1000 {
		runs, err := w.store.Runs(w.t.Context(), flows.RunFilter{Limit: 1})
		w.must(err)
		if len(runs) > 0 {
			run := w.stored(runs[0].ID)
			if len(run.Streams) > 0 && run.Streams[0].Phase == flows.PhaseReading {
				time.Sleep(200 * time.Millisecond)
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatal("no row passes")
}

// url is where an authorizer points.
func (w *world) url(id string) string {
	w.t.Helper()
	a, err := w.store.Authorizer(w.t.Context(), id)
	w.must(err)
	password := a.Secrets["password"]
	return fmt.Sprintf("postgres://%s:%s@%s:%s/%s?sslmode=disable", a.Settings["username"], password.Reveal(),
		a.Settings["host"], a.Settings["port"], a.Settings["database"])
}
