package main

import (
	"context"
	"strings"
	"testing"

	"leat/flows"
)

// items is a small table that replaces what stands in the target.
const items = "CREATE TABLE public.rows (id int PRIMARY KEY, note text); INSERT INTO public.rows SELECT n, 'row ' || n FROM generate_series(1, 500) n;"

func TestAnEmptyReadReplacesNothing(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"truncate_insert", "history"} {
		t.Run(mode, func(t *testing.T) {
			c := newCase(t, items, "", "", "write_mode: "+mode)
			c.run()
			c.source("DELETE FROM public.rows")
			c.fails("no rows", "analytics.rows", "min_rows_ratio")
			c.holds("SELECT count(*) FROM analytics.rows", "500")
			c.configure("", "min_rows_ratio: -1, write_mode: "+mode) // a person says that it is right
			c.run()
			query := "SELECT count(*) FROM analytics.rows"
			if mode == "history" {
				query += " WHERE valid_to IS NULL"
			}
			c.holds(query, "0")
		})
	}
}

func TestAMuchSmallerReadReplacesNothing(t *testing.T) {
	t.Parallel()
	c := newCase(t, items, "", "", "write_mode: truncate_insert, min_rows_ratio: 0.8")
	c.run()
	c.source("DELETE FROM public.rows WHERE id > 300")
	c.fails("300", "500")
	c.holds("SELECT count(*) FROM analytics.rows", "500")
}

func TestASourceThatFailsLeavesTheDestination(t *testing.T) {
	t.Parallel()
	// The division fails at the row that fails says; 0 is none.
	view := "CREATE TABLE public.fails (at int); INSERT INTO public.fails VALUES (0); CREATE VIEW public.rows AS SELECT n AS id, 1000 / (n - f.at) AS q, repeat('x', 500) AS pad FROM generate_series(1, 20000) n, public.fails f;"
	for _, mode := range []string{"truncate_insert", "insert", "upsert, unique_columns: [id]", "history, unique_columns: [id]"} {
		t.Run(mode, func(t *testing.T) {
			c := newCase(t, view, "", "", "write_mode: "+mode)
			c.run()
			before := digest(t, c.targetConn, "analytics.rows")
			for _, row := range []string{"1", "10000", "20000"} {
				c.source("UPDATE public.fails SET at = " + row)
				c.fails("division by zero")
			}
			c.server.Exec(t, "postgres", "ALTER DATABASE "+c.pair.source+" ALLOW_CONNECTIONS false")
			c.fails("takes no connections")
			if after := digest(t, c.targetConn, "analytics.rows"); after != before {
				t.Errorf("the target went from %s to %s", before, after)
			}
			c.holds("SELECT count(*) FROM analytics._leat_loads", "1")
		})
	}
}

func TestTwoFullRefreshesGiveTheSameRows(t *testing.T) {
	t.Parallel()
	for _, stream := range []string{"write_mode: truncate_insert", "write_mode: upsert", "write_mode: delete_insert"} {
		t.Run(stream, func(t *testing.T) {
			c := newCase(t, items, "", "", stream)
			for range 3 {
				c.run("--full-refresh")
				c.same()
			}
		})
	}
}

func TestViewsGrantsAndNeighboursSurviveThreeRefreshes(t *testing.T) {
	t.Parallel()
	dependants := `CREATE ROLE "READER";
		CREATE TABLE analytics.rows (id int PRIMARY KEY, note text); COMMENT ON TABLE analytics.rows IS 'kept';
		CREATE VIEW analytics.summary AS SELECT count(*) AS n, max(note) AS top FROM analytics.rows;
		GRANT SELECT ON analytics.rows TO "READER"; CREATE PUBLICATION "READER" FOR TABLE analytics.rows;`
	for name, more := range map[string]string{
		"views and grants": "",
		"a foreign key":    "INSERT INTO analytics.rows VALUES (7, 'old'); CREATE TABLE analytics.child (item int REFERENCES analytics.rows); INSERT INTO analytics.child VALUES (7);",
		"a policy":         `CREATE POLICY p ON analytics.rows TO "READER" USING (id < 10); ALTER TABLE analytics.rows ENABLE ROW LEVEL SECURITY;`,
	} {
		t.Run(name, func(t *testing.T) {
			reader := "reader_" + strings.ReplaceAll(name, " ", "_") // roles belong to the server
			c := newCase(t, items, strings.ReplaceAll(dependants+more, "READER", reader), "", "write_mode: truncate_insert, takeover: true")
			t.Cleanup(func() {
				if _, err := c.targetConn.Exec(context.Background(), `DROP OWNED BY "`+reader+`"; DROP ROLE "`+reader+`"`); err != nil {
					t.Error(err)
				}
			})
			table := "SELECT 'analytics.rows'::regclass::oid"
			var before string
			if err := c.targetConn.QueryRow(t.Context(), table+"::text").Scan(&before); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				c.source("UPDATE public.rows SET note = note || '!'")
				c.run()
				c.same()
			}
			c.holds(table, before)
			c.holds("SELECT n || ' ' || top FROM analytics.summary", "500 row 99!!!")
			c.holds("SELECT has_table_privilege('"+reader+"', 'analytics.rows', 'SELECT')", "true")
			c.holds("SELECT obj_description('analytics.rows'::regclass)", "kept")
			c.holds("SELECT count(*) FROM pg_publication_tables WHERE pubname = '"+reader+"'", "1")
		})
	}
}

func TestReadersNeverSeeAnEmptyOrMixedTable(t *testing.T) {
	t.Parallel()
	for _, replace := range []string{"auto", "delete_insert", "merge"} {
		t.Run(replace, func(t *testing.T) {
			c := newCase(t, "CREATE TABLE public.rows (id int PRIMARY KEY, version int); INSERT INTO public.rows SELECT n, 0 FROM generate_series(1, 20000) n;",
				"CREATE TABLE analytics.rows (id int PRIMARY KEY, version int)", "", "write_mode: truncate_insert, replace: "+replace)
			c.run()
			reader, early := newReader(t, c), newReader(t, c)
			exec1(t, early, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM analytics._leat_state")
			seen := map[string]bool{}
			stop := repeat(func() error {
				var state string
				err := reader.QueryRow(t.Context(), "SELECT count(*) || ' rows of ' || count(DISTINCT version) || ' versions' FROM analytics.rows").Scan(&state)
				seen[state] = true
				return err
			})
			for range 3 {
				c.source("UPDATE public.rows SET version = version + 1")
				c.run()
			}
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if len(seen) != 1 || !seen["20000 rows of 1 versions"] {
				t.Errorf("readers saw %v", seen)
			}
			// A snapshot from before the runs sees the old rows. Where auto put a new table
			// in the old one's place it sees all of the new ones; never none, never a mix.
			want := map[string]bool{"20000 rows of version 0": true, "20000 rows of version 3": replace == "auto"}
			var state string
			err := early.QueryRow(t.Context(), "SELECT count(*) || ' rows of version ' || string_agg(DISTINCT version::text, ',') FROM analytics.rows").Scan(&state)
			if err != nil || !want[state] {
				t.Errorf("an early snapshot sees %q (%v), want the 20000 old rows, or with auto the new ones", state, err)
			}
		})
	}
}

func TestInsertIgnoreSkipsKnownKeys(t *testing.T) {
	t.Parallel()
	c := newCase(t, items, "CREATE TABLE analytics.rows (id int PRIMARY KEY, note text); INSERT INTO analytics.rows SELECT n, 'kept' FROM generate_series(1, 100) n", "", "write_mode: insert_ignore")
	if s := c.run(); s.Written != 400 || s.Skipped != 100 {
		t.Errorf("%+v, want 400 written and 100 skipped", s.Counts)
	}
	c.holds("SELECT count(*) FILTER (WHERE note = 'kept') || ' of ' || count(*) FROM analytics.rows", "100 of 500")
}

func TestNullKeysAreRefused(t *testing.T) {
	t.Parallel()
	c := newCase(t, "CREATE TABLE public.rows (id int, note text); INSERT INTO public.rows VALUES (1, 'a'), (NULL, 'b')", "", "key: [id]", "write_mode: upsert, create_indexes: false")
	c.fails("NULL", "id")
	c.holds("SELECT to_regclass('analytics.rows')", "NULL")
}

func TestATriggerThatDropsRowsFailsTheRun(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"insert", "upsert", "truncate_insert", "insert_ignore"} {
		t.Run(mode, func(t *testing.T) {
			c := newCase(t, items, `CREATE TABLE analytics.rows (id int PRIMARY KEY, note text);
				CREATE FUNCTION analytics.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id = 7 THEN RETURN NULL; END IF; RETURN NEW; END';
				CREATE TRIGGER swallow BEFORE INSERT ON analytics.rows FOR EACH ROW EXECUTE FUNCTION analytics.swallow()`, "", "write_mode: "+mode)
			c.fails("swallow")
			c.holds("SELECT count(*) FROM analytics.rows", "0")
		})
	}
}

func TestOneBadTableOfFive(t *testing.T) {
	t.Parallel()
	p, leat := newPair(t), newProgram(t)
	exec1(t, p.sourceConn, items)
	exec1(t, p.targetConn, "CREATE SCHEMA analytics")
	streams := ""
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		exec1(t, p.sourceConn, "CREATE TABLE public."+name+" AS TABLE public.rows")
		streams += "    - {from: {source: s, dataset: public." + name + "}, table: " + name + ", write_mode: insert}\n"
	}
	leat.apply(p.authorizers() + `sources: [{name: s, authorizer: source, datasets: [{table: public.a}, {table: public.b}, {table: public.c}, {table: public.d}, {table: public.e}]}]
destinations: [{name: d, authorizer: target, default_schema: analytics}]
flows:
- name: f
  destination: d
  streams:
` + streams)
	exec1(t, p.sourceConn, "DROP TABLE public.c")
	result, got := leat.runFlow("f")
	if got.code != exitFailed || result.Status != flows.RunPartial || len(result.Streams) != 5 {
		t.Fatalf("exit %d: %s%s", got.code, got.stdout, got.stderr)
	}
	for _, s := range result.Streams {
		if bad := s.Table == "analytics.c"; bad != (s.Error != nil) || !bad && s.Written != 500 {
			t.Errorf("stream %+v: %+v", s, s.Error)
		}
	}
}
