package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"leat/flows"
	"leat/internal/testdb"
)

// kase is a flow from public.rows of one database into analytics.rows of another.
type kase struct {
	pair
	t    *testing.T
	leat *program
}

// newCase makes both databases with SQL of the test and saves the flow. Dataset and
// stream are entries of YAML mappings, such as "key: [id], cursor: at".
func newCase(t *testing.T, source, target, dataset, stream string) *kase {
	t.Helper()
	c := &kase{pair: newPair(t), t: t, leat: newProgram(t)}
	c.source(source)
	c.target("CREATE SCHEMA analytics;" + target)
	c.configure(dataset, stream)
	return c
}

// configure saves the flow.
func (c *kase) configure(dataset, stream string) {
	c.t.Helper()
	c.leat.apply(c.document(dataset, stream))
}

// document is the flow's configuration. A dataset without a table or query reads
// public.rows.
func (c *kase) document(dataset, stream string) string {
	if !strings.Contains(dataset, "query:") {
		dataset = strings.TrimSuffix("table: public.rows, "+dataset, ", ")
	}
	return c.authorizers() + fmt.Sprintf(`sources: [{name: s, authorizer: source, datasets: [{name: rows, %s}]}]
destinations: [{name: d, authorizer: target, default_schema: analytics}]
flows: [{name: f, destination: d, streams: [{from: {source: s, dataset: rows}, table: rows, %s}]}]
`, dataset, stream)
}

func (c *kase) source(sql string) { c.t.Helper(); exec1(c.t, c.sourceConn, sql) }
func (c *kase) target(sql string) { c.t.Helper(); exec1(c.t, c.targetConn, sql) }

// run runs the flow, which must succeed, and returns its stream.
func (c *kase) run(args ...string) streamResult {
	c.t.Helper()
	result, got := c.leat.runFlow("f", args...)
	if got.code != exitDone || result.Status != flows.RunSucceeded || len(result.Streams) != 1 {
		c.t.Fatalf("exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	return result.Streams[0]
}

// fails runs the flow, which must fail with a message that holds the words.
func (c *kase) fails(words ...string) {
	c.t.Helper()
	result, got := c.leat.runFlow("f")
	if got.code != exitFailed || result.Status == flows.RunSucceeded {
		c.t.Fatalf("exit %d, want a failed run\n%s%s", got.code, got.stdout, got.stderr)
	}
	message := ""
	for _, s := range result.Streams {
		if s.Error != nil {
			message += s.Error.Message + ". " + s.Error.Fix
		}
	}
	for _, word := range words {
		if !strings.Contains(message, word) {
			c.t.Errorf("the message lacks %q: %s", word, message)
		}
	}
}

// same requires that the target holds exactly the source's rows.
func (c *kase) same() {
	c.t.Helper()
	if want, got := digest(c.t, c.sourceConn, "public.rows"), digest(c.t, c.targetConn, "analytics.rows"); got != want {
		c.t.Errorf("the target holds %s, the source %s", got, want)
	}
}

// holds requires the one value, as text, of a query at the target.
func (c *kase) holds(query, want string) {
	c.t.Helper()
	var got string
	if err := c.targetConn.QueryRow(c.t.Context(), "SELECT coalesce(("+query+")::text, 'NULL')").Scan(&got); err != nil {
		c.t.Fatalf("%s: %v", query, err)
	}
	if got != want {
		c.t.Errorf("%s is %s, want %s", query, got, want)
	}
}

// position is what the destination remembers.
func (c *kase) position() string {
	c.t.Helper()
	var position string
	if err := c.targetConn.QueryRow(c.t.Context(), "SELECT coalesce(position, '') FROM analytics._leat_state").Scan(&position); err != nil {
		c.t.Fatalf("read the position: %v", err)
	}
	return position
}

// newReader is one more session at the target.
func newReader(t *testing.T, c *kase) *pgx.Conn {
	t.Helper()
	return testdb.Connect(t, c.server.URL(c.pair.target))
}

// repeat calls work until stop is called, and reports its error then.
func repeat(work func() error) (stop func() error) {
	quit, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-quit:
				done <- nil
				return
			default:
			}
			if err := work(); err != nil {
				done <- err
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return func() error { close(quit); return <-done }
}
