package main

import (
	"strings"
	"testing"
)

// TestExportIntoAnEmptyStore applies an export where its secrets are not known: the
// flows are saved, and a warning says what is missing.
func TestExportIntoAnEmptyStore(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	exec1(t, p.sourceConn, `CREATE TABLE orders (id bigint PRIMARY KEY)`)
	old, fresh := newProgram(t), newProgram(t)
	old.must("apply", "-f", old.write("leat.yaml", `
authorizers:
  - {name: shop, connector: postgres, settings: {url: "`+p.server.URL(p.source)+`"}}
sources: [{name: shop, authorizer: shop, datasets: [{table: public.orders}]}]
destinations: [{name: dwh, authorizer: shop, default_schema: public}]
flows: [{name: orders, destination: dwh, streams: [{from: {source: shop, dataset: public.orders}, table: copied, write_mode: upsert}]}]
`))
	exported := old.must("export")
	got := fresh.try("apply", "-f", fresh.write("leat.yaml", exported))
	if got.code != exitDone || !strings.Contains(got.stderr, `"shop" lacks a secret`) {
		t.Errorf("apply: exit %d, %s", got.code, got.stderr)
	}
	if again := fresh.must("export"); again != exported {
		t.Errorf("the second export differs:\n%s\nwant\n%s", again, exported)
	}
}
