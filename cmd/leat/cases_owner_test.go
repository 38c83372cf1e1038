package main

import (
	"strings"
	"testing"

	"leat/flows"
)

// precious is a table that somebody made by hand and filled, beside a source without a key.
const precious = `CREATE TABLE analytics.rows (id int, note text); INSERT INTO analytics.rows SELECT n, 'mine' FROM generate_series(1, 5000) n`

const keyless = "CREATE TABLE public.rows (id int, note text); INSERT INTO public.rows VALUES (1, 'a'), (2, 'b')"

// refusesApply saves the flow, which must be refused with these words.
func (c *kase) refusesApply(stream string, words ...string) {
	c.t.Helper()
	file := c.leat.write("refused.yaml", c.document("", stream))
	got := c.leat.try("apply", "-f", file)
	if got.code == exitDone {
		c.t.Fatalf("apply is not refused: %s", stream)
	}
	for _, word := range words {
		if !strings.Contains(got.stderr, word) {
			c.t.Errorf("%s: the refusal lacks %q: %s", stream, word, got.stderr)
		}
	}
}

// TestRowsOfOthersAreNotRemoved asks before rows of a table go that the flow did not write:
// a table made by hand, one that the flow only appended to before, and one that another
// flow writes through another name of the server.
func TestRowsOfOthersAreNotRemoved(t *testing.T) {
	t.Parallel()
	c := newCase(t, keyless, precious, "", "write_mode: insert")
	for _, stream := range []string{"write_mode: truncate_insert", "write_mode: truncate_insert, replace: delete_insert", "write_mode: delete_insert, unique_columns: [id]"} {
		c.refusesApply(stream, "5000 rows", "analytics.rows", "takeover: true")
	}
	c.run()
	c.refusesApply("write_mode: truncate_insert", "5002 rows", "takeover: true")
	c.holds("SELECT count(*) FROM analytics.rows", "5002")
	c.configure("", "write_mode: truncate_insert, takeover: true")
	taken := c.run()
	if !strings.Contains(strings.Join(taken.Warnings, " "), "taken over") {
		t.Errorf("the run does not say that it took the table over: %q", taken.Warnings)
	}
	c.same()
	c.configure("", "write_mode: truncate_insert") // its own rows now
	c.run()
	c.same()

	other := strings.NewReplacer("- name: source", "- name: source2", "- name: target", "- name: target2", `"127.0.0.1"`, "localhost").Replace(c.authorizers()) + `
sources: [{name: s2, authorizer: source2, datasets: [{name: rows, table: public.rows}]}]
destinations: [{name: d2, authorizer: target2, default_schema: analytics}]
flows: [{name: f2, destination: d2, streams: [{from: {source: s2, dataset: rows}, table: rows, write_mode: truncate_insert}]}]
`
	if !strings.Contains(other, "localhost") {
		t.Fatalf("the server has no other name: %s", other)
	}
	got := c.leat.try("apply", "-f", c.leat.write("other.yaml", other))
	if got.code == exitDone || !strings.Contains(got.stderr, "another stream (f/rows)") {
		t.Errorf("a second flow into the table: exit %d, %s", got.code, got.stderr)
	}
}

// TestATakeoverMayBeLeftToAPerson skips the table until somebody says yes.
func TestATakeoverMayBeLeftToAPerson(t *testing.T) {
	t.Parallel()
	c := newCase(t, keyless, precious, "", "write_mode: truncate_insert, takeover: ask")
	result, got := c.leat.runFlow("f")
	if got.code != exitFailed || result.Status != flows.RunSkipped || result.Streams[0].Status != flows.RunSkipped || !strings.Contains(result.Streams[0].Error.Message, "5000 rows") {
		t.Fatalf("exit %d, %+v", got.code, result)
	}
	c.holds("SELECT count(*) FROM analytics.rows", "5000")
	c.configure("", "write_mode: truncate_insert, takeover: true")
	c.run()
	c.same()
}
