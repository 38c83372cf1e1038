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
	// stream are the lines of the flow's stream that were applied last.
	stream string
	size   size
	flow   string
	target string // the database
	// conn is for looking at sessions; ground is the target.
	conn    *pgx.Conn
	ground  ground
	dataDir string
	// around are the rows beside the target as the prefill left them.
	around string
	// changes are what somebody did to the target so far.
	changes []*change
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
		t: t, world: w, scenario: s, stream: s.stream, size: z, flow: fmt.Sprintf("site%dx", number),
		dataDir: filepath.Join(t.TempDir(), "data"),
	}
	a.settle()
	if n.links {
		a.to, a.from = newLink(t, w.server), newLink(t, w.server)
	}
	if n.server {
		a.memory, a.aside = w.server.CreateDatabase(t), newLink(t, w.server)
	}
	a.ground.run(t, "CREATE SCHEMA analytics;"+s.prefill)
	a.around = a.besides()
	a.feed("first")
	a.configure(a.yaml())
	return a
}

// settle makes the target.
func (a *site) settle() {
	a.t.Helper()
	if err := os.MkdirAll(filepath.Join(a.dataDir, "files"), 0o700); err != nil {
		a.t.Fatal(err)
	}
	if a.scenario.into == duckdb {
		a.ground = duckGround{filepath.Join(a.dataDir, "files", "target.duckdb")}
		a.conn = testdb.Connect(a.t, a.world.server.URL(a.world.source))
		return
	}
	a.target = a.world.server.CreateDatabase(a.t)
	a.reach()
}

// reach connects to a target at the server.
func (a *site) reach() {
	a.t.Helper()
	a.conn = testdb.Connect(a.t, a.world.server.URL(a.target))
	a.ground = pgGround{a.conn}
}

// configure saves a configuration.
func (a *site) configure(yaml string) {
	a.t.Helper()
	if got := a.apply(yaml); got.code != 0 {
		a.t.Fatalf("apply: exit %d\n%s", got.code, got.output)
	}
}

// apply tries to save a configuration.
func (a *site) apply(yaml string) outcome {
	a.t.Helper()
	file := filepath.Join(a.t.TempDir(), "leat.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return a.leat("", "apply", "-f", file)
}

// reconnect opens the connections of the test again after the server was away.
func (a *site) reconnect() {
	a.t.Helper()
	a.reach()
	a.world.mu.Lock()
	defer a.world.mu.Unlock()
	a.world.conn = testdb.Connect(a.world.t, a.world.server.URL(a.world.source))
}

// feed lets the flow read one of the source's tables.
func (a *site) feed(table string) {
	a.t.Helper()
	a.world.mu.Lock()
	defer a.world.mu.Unlock()
	switch a.scenario.from {
	case duckdb:
		a.world.shelf.serveDuck(a.t, filepath.Join(a.dataDir, "files", "source.duckdb"), table)
	case csv:
		a.world.shelf.serveCSV(a.t, a.world.conn, filepath.Join(a.dataDir, "files", "feed.csv"), a.size.schema+"."+table)
	default:
		pgGround{a.world.conn}.run(a.t, fmt.Sprintf(a.scenario.feeding(), a.size.schema, a.flow, table))
	}
}

// yaml is the configuration.
func (a *site) yaml() string {
	name, dataset := a.dataset()
	return "authorizers:\n" + a.authorizer("source", a.scenario.from, a.world.source, a.from) + a.authorizer("target", a.scenario.into, a.target, a.to) +
		strings.NewReplacer("DATASET", dataset, "NAME", name, "CURSOR", a.scenario.dataset, "STREAM", a.stream, "FLOW", a.flow).Replace(`sources:
  - {name: feed, authorizer: source, datasets: [{DATASET, CURSORkey: [id]}]}
destinations:
  - {name: warehouse, authorizer: target, default_schema: analytics}
flows:
  - name: FLOW
    destination: warehouse
    streams: [{from: {source: feed, dataset: NAME}, table: target, STREAM}]
`)
}

// dataset is the name of what the flow reads, and its place in YAML.
func (a *site) dataset() (name, yaml string) {
	switch a.scenario.from {
	case duckdb:
		return "main.feed", "table: main.feed"
	case csv:
		return "feed", "name: feed, file: feed.csv"
	default:
		name = a.size.schema + "." + a.flow
		return name, "table: " + name
	}
}

// authorizer is the YAML of a way into a system.
func (a *site) authorizer(name string, into system, database string, via *link) string {
	switch into {
	case duckdb:
		return fmt.Sprintf("  - {name: %s, connector: duckdb, settings: {path: %s.duckdb}}\n", name, name)
	case csv:
		return fmt.Sprintf("  - {name: %s, connector: file}\n", name)
	}
	server := a.world.server
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
