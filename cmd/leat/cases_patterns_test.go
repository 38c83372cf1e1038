package main

import (
	"fmt"
	"strings"
	"testing"

	"leat/flows"
)

// patternFlow upserts the tables of a pattern into the schema analytics.
func patternFlow(c *kase, stream string) string {
	return c.authorizers() + fmt.Sprintf(`sources: [{name: s, authorizer: source, datasets: [{name: all, tables: "shop.*"}]}]
destinations: [{name: d, authorizer: target, default_schema: analytics}]
flows: [{name: f, destination: d, streams: [{from: {source: s, dataset: all}, table: "{table}", write_mode: upsert, %s}]}]
`, stream)
}

// TestAnApplyOf400TablesChecksAll has two tables without a key, and as the last one a
// table that does not fit its target.
func TestAnApplyOf400TablesChecksAll(t *testing.T) {
	t.Parallel()
	c := &kase{pair: newPair(t), t: t, leat: newProgram(t)}
	c.source(`CREATE SCHEMA shop; CREATE TABLE shop.log (at date); CREATE TABLE shop.note (at date);
		DO $$ BEGIN FOR i IN 1..400 LOOP EXECUTE format('CREATE TABLE shop.t%s (id int PRIMARY KEY, v text)', i); END LOOP; END $$; CREATE TABLE shop.z (id int PRIMARY KEY)`)
	c.target("CREATE SCHEMA analytics; CREATE TABLE analytics.z (id date)")
	for stream, words := range map[string][]string{
		"":                {"shop.log, shop.note", "keyless: skip"},
		"keyless: skip, ": {"analytics.z", "date"},
	} {
		got := c.leat.try("apply", "-f", c.leat.write("leat.yaml", patternFlow(c, stream)))
		for _, word := range words {
			if got.code != exitUsage || !strings.Contains(got.stderr, word) {
				t.Errorf("%q: exit %d, %q does not say %q", stream, got.code, got.stderr, word)
			}
		}
	}
	c.target("DROP TABLE analytics.z")
	got := c.leat.try("apply", "-f", c.leat.write("leat.yaml", patternFlow(c, "keyless: skip")))
	if got.code != exitDone || strings.Contains(got.stderr, "unchecked") {
		t.Fatalf("exit %d: %s", got.code, got.stderr)
	}
}

// TestRowsOfAFamilyArriveOnce reads tables that inherit from each other through a pattern,
// into tables that inherit from each other as well.
func TestRowsOfAFamilyArriveOnce(t *testing.T) {
	t.Parallel()
	c := &kase{pair: newPair(t), t: t, leat: newProgram(t)}
	const family = "CREATE TABLE $.p (id int PRIMARY KEY, v text); CREATE TABLE $.k (PRIMARY KEY (id)) INHERITS ($.p)"
	c.source("CREATE SCHEMA shop;" + strings.ReplaceAll(family, "$", "shop") + "; INSERT INTO shop.p VALUES (1, 'p'), (2, 'p'); INSERT INTO shop.k VALUES (2, 'k'), (3, 'k')")
	c.target("CREATE SCHEMA analytics;" + strings.ReplaceAll(family, "$", "analytics"))
	c.leat.apply(patternFlow(c, "drift: report"))
	for range 2 {
		result, got := c.leat.runFlow("f")
		if got.code != exitDone || result.Status != flows.RunSucceeded || len(result.Streams) != 2 || result.Streams[0].Read+result.Streams[1].Read != 4 {
			t.Fatalf("exit %d\n%s%s", got.code, got.stdout, got.stderr)
		}
	}
	c.holds("SELECT string_agg(tableoid::regclass || ' ' || id, ', ' ORDER BY tableoid::regclass::text, id) FROM analytics.p", "analytics.k 2, analytics.k 3, analytics.p 1, analytics.p 2")
}
