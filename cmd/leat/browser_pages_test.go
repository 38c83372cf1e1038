package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// evaluate runs script in the page.
func evaluate[T any](b *browser, script string) T {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.t.Fatalf("evaluate %s: %v", script, err)
	}
	return got
}

// slowWorld applies a flow that reads for a minute and returns the address of its page in
// a browser that is logged in.
func slowWorld(t *testing.T) (b *browser, base string) {
	t.Helper()
	pair := newPair(t)
	exec1(t, pair.sourceConn, `CREATE TABLE ticks (id bigint PRIMARY KEY)`)
	exec1(t, pair.sourceConn, `INSERT INTO ticks SELECT generate_series(1, 600)`)
	exec1(t, pair.targetConn, `CREATE SCHEMA dbo`)
	p := newProgram(t)
	p.apply(fmt.Sprintf(`authorizers:
  - {name: from, connector: postgres, settings: {url: %q}, tls: {mode: disable}}
  - {name: to, connector: postgres, settings: {url: %q}, tls: {mode: disable}}
sources:
  - name: ticks
    authorizer: from
    datasets: [{name: ticks, query: "SELECT id, pg_sleep(0.1)::text AS pause FROM ticks"}]
destinations:
  - {name: dwh, authorizer: to, default_schema: dbo}
flows:
  - name: a-flow-with-quite-a-long-name
    destination: dwh
    streams: [{from: {source: ticks, dataset: ticks}, table: dbo.ticks, write_mode: insert}]
`, pair.server.URL(pair.source), pair.server.URL(pair.target)))
	link := p.serve(t.Context())
	b = newBrowser(t)
	b.open(link)
	b.write("email", "anna@example.org")
	b.write("name", "Anna")
	b.write("password", "four words make one")
	b.click("Create owner")
	base, _, _ = strings.Cut(link, "/setup")
	return b, base
}

// TestRunPageMovesAndStops watches a run, reloads it, cancels it twice as fast as a
// person can, and looks at the list on a phone.
func TestRunPageMovesAndStops(t *testing.T) {
	t.Parallel()
	b, base := slowWorld(t)
	b.open(base + "/flows")
	b.click("a-flow-with-quite-a-long-name")
	b.choose("main form[action$='/run'] button")
	b.waitFor("#run-facts", "Duration")
	for range 2 { // the second time after a reload
		before := b.text("#run-facts")
		for end := time.Now().Add(time.Minute); b.text("#run-facts") == before; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the clock of the run stands at %q", before)
			}
		}
		b.do("reload", chromedp.Reload(), settle())
	}
	b.click("Cancel run")
	evaluate[bool](b, `(() => { const yes = document.querySelector("dialog button.danger"); yes.click(); yes.click(); return true })()`)
	b.waitFor("#run-head", "Cancelled")
	b.do("narrow", chromedp.EmulateViewport(320, 640))
	for _, path := range []string{"/flows", "/runs", "/authorizers", "/sources", "/destinations", "/settings", "/"} {
		b.open(base + path)
		hidden := evaluate[string](b, `[...document.querySelectorAll("main, main *")].filter(e => !e.closest(".vh") && e.getBoundingClientRect().width > 1 && e.getBoundingClientRect().right > 321).map(e => e.tagName + " " + e.textContent.trim().slice(0, 40)).join("; ")`)
		if hidden != "" {
			t.Errorf("%s at 320 px hides %s", path, hidden)
		}
	}
	b.quiet()
}
