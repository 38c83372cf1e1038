package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// The position lives beside the table: a platform that was lost and set up again from
// its export goes on where it was, in every mode that reads incrementally.
func TestAnotherDataDirectoryGoesOnFromThePosition(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"insert", "insert_ignore", "upsert", "update", "delete_insert", "history"} {
		t.Run(mode, func(t *testing.T) {
			c := newCase(t, events+"INSERT INTO public.rows SELECT n, 'x', timestamptz '2026-01-01Z' + n * interval '1 s' FROM generate_series(1, 500) n",
				"", "cursor: at", "write_mode: "+mode)
			c.run()
			exported := c.leat.must("export")
			c.source("INSERT INTO public.rows SELECT n, 'y', timestamptz '2026-01-01Z' + n * interval '1 s' FROM generate_series(501, 550) n")
			c.leat = newProgram(t)
			c.leat.must("apply", "--offline", "-f", c.leat.write("export.yaml", withPassword(exported, c.server.Password)))
			if s := c.run(); s.Read != 51 {
				t.Errorf("%+v, want the 50 new rows and the one at the position", s.Counts)
			}
			if mode == "history" || mode == "update" {
				return // their tables hold something else than the source's rows
			}
			c.same()
		})
	}
}

// withPassword replaces the references of an export, since the new store knows none of
// the secrets.
func withPassword(export, password string) string {
	for _, name := range []string{"source", "target"} {
		export = strings.ReplaceAll(export, "${secret:"+name+".password}", password)
	}
	return export
}

func TestAnotherInstallationStopsUntilAdopted(t *testing.T) {
	t.Parallel()
	c := newCase(t, events+"INSERT INTO public.rows VALUES (1, 'a', '2026-01-01Z')", "", "cursor: at", "write_mode: upsert")
	c.run()
	c.leat = newProgram(t) // a store with an installation id of its own
	c.configure("cursor: at", "write_mode: upsert")
	c.fails("another installation", "leat state adopt")
	c.leat.must("state", "adopt", "f", "analytics.rows")
	c.source("INSERT INTO public.rows VALUES (2, 'b', '2026-01-02Z')")
	if s := c.run(); s.Read != 2 {
		t.Errorf("%+v, want the run to go on from the adopted position", s.Counts)
	}
	c.same()
}

func TestStateCommands(t *testing.T) {
	t.Parallel()
	c := newCase(t, events+"INSERT INTO public.rows SELECT n, 'x', timestamptz '2026-01-01Z' + n * interval '1 s' FROM generate_series(1, 20) n",
		"", "cursor: at", "write_mode: upsert")
	c.run()
	var before []stateLine
	if err := json.Unmarshal([]byte(c.leat.must("state", "show", "f", "--json")), &before); err != nil || len(before) != 1 || !before[0].Own || before[0].Position == "" {
		t.Fatalf("state show: %+v, %v", before, err)
	}
	c.leat.must("state", "reset", "f", "analytics.rows")
	if s := c.run(); s.Read != 20 || s.Unchanged != 20 {
		t.Errorf("%+v, want a whole read of unchanged rows after the reset", s.Counts)
	}
	c.leat.must("state", "set", "f", "analytics.rows", before[0].Position)
	if s := c.run(); s.Read != 1 {
		t.Errorf("%+v, want only the row at the position", s.Counts)
	}
	if s := c.run("--full-refresh", "--stream", "rows"); s.Read != 20 {
		t.Errorf("%+v, want a whole read", s.Counts)
	}
	if got := c.leat.try("state", "reset", "f", "analytics.other"); got.code == exitDone || !strings.Contains(got.stderr, "analytics.other") {
		t.Errorf("an unknown table: exit %d, %s", got.code, got.stderr)
	}
}

func TestRowsWithoutAKeyInAHalfOpenWindow(t *testing.T) {
	t.Parallel()
	c := newCase(t, "CREATE TABLE public.rows (note text, at timestamptz); INSERT INTO public.rows VALUES ('a', '2026-01-01Z'), ('b', '2026-01-02Z')",
		"", "cursor: at, overlap: none", "write_mode: insert")
	c.run()
	c.source("INSERT INTO public.rows VALUES ('c', '2026-01-03Z')")
	c.run()
	c.source("INSERT INTO public.rows VALUES ('d', '2026-01-04Z')")
	c.run()
	c.holds("SELECT string_agg(note, '' ORDER BY note) FROM analytics.rows", "abc") // rows equal to the maximum wait
}

func TestSeveralStreamsInOneTransaction(t *testing.T) {
	t.Parallel()
	p, leat := newPair(t), newProgram(t)
	exec1(t, p.sourceConn, "CREATE TABLE public.a (id int PRIMARY KEY); CREATE TABLE public.b (id int PRIMARY KEY); INSERT INTO a VALUES (1); INSERT INTO b VALUES (2)")
	exec1(t, p.targetConn, "CREATE SCHEMA analytics")
	leat.apply(p.authorizers() + `sources: [{name: s, authorizer: source, datasets: [{tables: public.*}]}]
destinations: [{name: d, authorizer: target, default_schema: analytics}]
flows: [{name: f, destination: d, atomic: flow, streams: [{from: {source: s, dataset: public.*}, table: "analytics.{table}", write_mode: upsert}]}]
`)
	if result, got := leat.runFlow("f"); got.code != exitDone || len(result.Streams) != 2 {
		t.Fatalf("exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	exec1(t, p.targetConn, "CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
	exec1(t, p.targetConn, "CREATE TRIGGER drops BEFORE INSERT OR UPDATE ON analytics.b FOR EACH ROW EXECUTE FUNCTION drop_row()")
	exec1(t, p.sourceConn, "INSERT INTO a VALUES (10); INSERT INTO b VALUES (20)")
	if _, got := leat.runFlow("f"); got.code != exitFailed {
		t.Errorf("a flow with a table that drops rows: exit %d\n%s", got.code, got.stdout)
	}
	var rows int
	if err := p.targetConn.QueryRow(t.Context(), "SELECT count(*) FROM analytics.a").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows in the other table (%v), want the one of before: the streams commit together", rows, err)
	}
}

func TestRawLayout(t *testing.T) {
	t.Parallel()
	c := newCase(t, `CREATE TABLE public.rows (id bigint PRIMARY KEY, amount numeric, note text); INSERT INTO public.rows VALUES (9007199254740993, 1.10, E'a "b"\n'), (2, 'NaN', NULL)`,
		"", "", "write_mode: truncate_insert, layout: raw")
	c.run()
	c.holds("SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = 'analytics' AND table_name = 'rows'",
		"ab_id character varying, emitted_at timestamp with time zone, data jsonb")
	c.holds("SELECT data->>'id' FROM analytics.rows WHERE data->>'note' IS NOT NULL", "9007199254740993")
	c.holds("SELECT count(DISTINCT ab_id)::text FROM analytics.rows", "2")
}
