package faults_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/internal/testdb"
)

// site is one flow with a target database and a data directory of its own, on which
// runs are disturbed.
type site struct {
	t        *testing.T
	world    *world
	scenario scenario
	size     size
	flow     string
	target   string // the database
	conn     *pgx.Conn
	dataDir  string
	// to and from are the links to the target and the source; nil for direct ones.
	to, from *link
	// memory is the database of the program's own store and aside the link to it; empty
	// and nil for a store in the data directory.
	memory string
	aside  *link
}

// sites numbers the sites, so that each has its own names.
var sites atomic.Int64

// needs say what a site has beyond two databases.
type needs struct {
	// links puts a proxy before each database.
	links bool
	// server keeps the program's own store at the server.
	server bool
}

// newSite saves the flow.
func newSite(t *testing.T, w *world, s scenario, z size, n needs) *site {
	t.Helper()
	number := sites.Add(1)
	a := &site{
		t: t, world: w, scenario: s, size: z, flow: fmt.Sprintf("site%dx", number),
		target: w.server.CreateDatabase(t), dataDir: filepath.Join(t.TempDir(), "data"),
	}
	a.conn = testdb.Connect(t, w.server.URL(a.target))
	if n.links {
		a.to, a.from = newLink(t, w.server), newLink(t, w.server)
	}
	if n.server {
		a.memory, a.aside = w.server.CreateDatabase(t), newLink(t, w.server)
	}
	a.exec("CREATE SCHEMA analytics;" + s.prefill)
	a.feed("first")
	a.configure(a.yaml())
	return a
}

// configure saves a configuration.
func (a *site) configure(yaml string) {
	a.t.Helper()
	file := filepath.Join(a.t.TempDir(), "leat.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		a.t.Fatal(err)
	}
	if got := a.leat("", "apply", "-f", file); got.code != 0 {
		a.t.Fatalf("apply: exit %d\n%s", got.code, got.output)
	}
}

// reconnect opens the connections of the test again after the server was away.
func (a *site) reconnect() {
	a.t.Helper()
	a.conn = testdb.Connect(a.t, a.world.server.URL(a.target))
	a.world.mu.Lock()
	defer a.world.mu.Unlock()
	a.world.conn = testdb.Connect(a.world.t, a.world.server.URL(a.world.source))
}

func (a *site) exec(sql string) {
	a.t.Helper()
	if _, err := a.conn.Exec(a.t.Context(), sql); err != nil {
		a.t.Fatalf("%s: %v", sql, err)
	}
}

// feed lets the flow read one of the source's tables.
func (a *site) feed(table string) {
	a.t.Helper()
	a.world.mu.Lock()
	defer a.world.mu.Unlock()
	sql := fmt.Sprintf("CREATE OR REPLACE VIEW %[1]s.%[2]s AS TABLE %[1]s.%[3]s", a.size.schema, a.flow, table)
	if a.scenario.paged {
		sql = fmt.Sprintf(paged, a.size.schema, a.flow, table)
	}
	if _, err := a.world.conn.Exec(a.t.Context(), sql); err != nil {
		a.t.Fatalf("%s: %v", sql, err)
	}
}

// yaml is the configuration.
func (a *site) yaml() string {
	server := a.world.server
	authorizer := func(name, database string, via *link) string {
		port := server.Port
		if via != nil {
			port = via.port
		}
		return fmt.Sprintf(`  - name: %s
    connector: postgres
    settings: {host: %q, port: %d, database: %s, username: %q, password: %q}
    tls: {mode: disable}
`, name, server.Host, port, database, server.Superuser, server.Password)
	}
	dataset := a.size.schema + "." + a.flow
	return "authorizers:\n" + authorizer("source", a.world.source, a.from) + authorizer("target", a.target, a.to) +
		strings.NewReplacer("DATASET", dataset, "CURSOR", a.scenario.dataset, "STREAM", a.scenario.stream, "FLOW", a.flow).Replace(`sources:
  - {name: feed, authorizer: source, datasets: [{table: DATASET, CURSORkey: [id]}]}
destinations:
  - {name: warehouse, authorizer: target, default_schema: analytics}
flows:
  - name: FLOW
    destination: warehouse
    streams: [{from: {source: feed, dataset: DATASET}, table: target, STREAM}]
`)
}
