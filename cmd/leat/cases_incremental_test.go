package main

import (
	"testing"

	"leat/internal/testdb"
)

// events is a table with a key and a time to read it by.
const events = "CREATE TABLE public.rows (id bigint PRIMARY KEY, note text, at timestamptz);"

func TestTiesOnTheCursorAreNotLost(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"insert", "upsert", "history"} {
		t.Run(mode, func(t *testing.T) {
			c := newCase(t, events+"INSERT INTO public.rows VALUES (1, 'a', '2026-01-01 10:00:00.123456Z'), (2, 'b', '2026-01-01 10:00:00.123456Z')",
				"", "cursor: at", "write_mode: "+mode)
			c.run()
			c.source("INSERT INTO public.rows VALUES (3, 'c', '2026-01-01 10:00:00.123456Z')")
			if s := c.run(); s.Written != 1 || s.Read != 3 {
				t.Errorf("%+v, want one new row of three that share the time", s.Counts)
			}
			c.holds("SELECT string_agg(note, '' ORDER BY note) FROM analytics.rows", "abc")
		})
	}
}

func TestRowsCommittedDuringRunsAreNotLost(t *testing.T) {
	t.Parallel()
	c := newCase(t, events, "", "cursor: at, overlap: 5s", "write_mode: insert")
	writer := testdb.Connect(t, c.server.URL(c.pair.source))
	id := 0
	// Sixty rows and more share one millisecond, and runs begin between their commits.
	stop := repeat(func() error {
		id++
		_, err := writer.Exec(t.Context(), "INSERT INTO public.rows SELECT $1 * 100 + n, 'x', date_trunc('milliseconds', clock_timestamp()) FROM generate_series(1, 60) n", id)
		return err
	})
	for range 4 {
		c.run()
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	c.run()
	c.same()
}

func TestALateCommitIsCaughtByTheOverlap(t *testing.T) {
	t.Parallel()
	c := newCase(t, events+"INSERT INTO public.rows VALUES (1, 'early', '2026-01-01 10:00Z')", "", "cursor: at, overlap: 1h", "write_mode: insert")
	late := testdb.Connect(t, c.server.URL(c.pair.source))
	exec1(t, late, "BEGIN; INSERT INTO public.rows VALUES (2, 'late', '2026-01-01 10:30Z')")
	c.source("INSERT INTO public.rows VALUES (3, 'newest', '2026-01-01 11:00Z')")
	c.run()
	exec1(t, late, "COMMIT")
	c.run()
	c.same()
}

func TestRowsWithoutACursor(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]string{"": "a,null", "include": "a,changed", "exclude": "a"} {
		t.Run("policy "+policy, func(t *testing.T) {
			dataset := "cursor: at"
			if policy != "" {
				dataset += ", nulls: " + policy
			}
			c := newCase(t, events+"INSERT INTO public.rows VALUES (1, 'a', '2026-01-01'), (2, 'null', NULL)", "", dataset, "write_mode: upsert")
			c.run()
			c.source("UPDATE public.rows SET note = 'changed' WHERE id = 2")
			c.run()
			c.holds("SELECT string_agg(note, ',' ORDER BY id) FROM analytics.rows", want)
		})
	}
	t.Run("policy fail", func(t *testing.T) {
		c := newCase(t, events+"INSERT INTO public.rows VALUES (1, 'a', '2026-01-01'), (2, 'null', NULL)", "", "cursor: at, nulls: fail", "write_mode: upsert")
		c.fails("the cursor", "NULL")
		c.holds("SELECT to_regclass('analytics.rows')", "NULL")
	})
}

func TestNoNewRowsKeepThePosition(t *testing.T) {
	t.Parallel()
	c := newCase(t, events+"INSERT INTO public.rows VALUES (1, 'a', '2026-01-01'), (2, 'b', '2026-01-02')", "", "cursor: at", "write_mode: insert")
	c.run()
	before := c.position()
	for range 2 {
		c.run()
	}
	if after := c.position(); after != before || before == "" {
		t.Errorf("the position went from %s to %s", before, after)
	}
	c.source("DELETE FROM public.rows")
	c.run()
	if after := c.position(); after != before {
		t.Errorf("without any row the position went from %s to %s", before, after)
	}
	c.holds("SELECT count(*) FROM analytics.rows", "2")
}

func TestAMicrosecondCursorIsNotReadForEver(t *testing.T) {
	t.Parallel()
	c := newCase(t, events+"INSERT INTO public.rows SELECT n, 'x', timestamptz '2026-01-01 10:00Z' + n * interval '0.000001 second' FROM generate_series(1, 1000) n",
		"", "cursor: at", "write_mode: upsert")
	c.run()
	if s := c.run(); s.Read != 1 {
		t.Errorf("%d rows read again, want the newest one", s.Read)
	}
}

func TestAZeroCursorNeverMovesBack(t *testing.T) {
	t.Parallel()
	c := newCase(t, "CREATE TABLE public.rows (id bigint PRIMARY KEY, n bigint); INSERT INTO public.rows VALUES (1, 0), (2, -7)",
		"", "cursor: n, overlap: '5'", "write_mode: upsert")
	c.run()
	before := c.position()
	for range 3 {
		c.run()
		if after := c.position(); after != before {
			t.Fatalf("the position went from %s to %s", before, after)
		}
	}
	c.same()
}

func TestATableChangedDuringTheReadIsOneSnapshot(t *testing.T) {
	t.Parallel()
	c := newCase(t, "CREATE TABLE public.rows (id bigint PRIMARY KEY, n bigint, pad text); INSERT INTO public.rows SELECT n, 0, repeat('x', 300) FROM generate_series(1, 60000) n",
		"", "", "write_mode: truncate_insert")
	writer := testdb.Connect(t, c.server.URL(c.pair.source))
	moved := 0
	// Every transaction leaves the sum at 0 and the number of rows as it was.
	stop := repeat(func() error {
		moved++
		_, err := writer.Exec(t.Context(), `WITH gone AS (DELETE FROM public.rows WHERE id = $1 RETURNING n), up AS (UPDATE public.rows SET n = n + 1 WHERE id = 60001 - $1)
			INSERT INTO public.rows SELECT -$1, n - 1, '' FROM gone`, moved)
		return err
	})
	for range 3 {
		c.run()
		c.holds("SELECT count(*) || ' ' || sum(n) FROM analytics.rows", "60000 0")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if moved < 50 {
		t.Errorf("only %d changes happened beside the reads", moved)
	}
}

func TestNewestRowOfAKeyWins(t *testing.T) {
	t.Parallel()
	c := newCase(t, `CREATE TABLE public.rows (region text, id int, note text, at timestamptz, row_number int, place int);
		INSERT INTO public.rows VALUES ('eu', 1, 'new', '2026-01-02', 1, 1), ('eu', 1, 'old', '2026-01-01', 2, 2), ('us', 1, 'only', '2026-01-01', 3, 3)`,
		"CREATE TABLE analytics.rows (id int, region text, note text, at timestamptz, row_number int, place int, UNIQUE (id, region))",
		"cursor: at", "write_mode: upsert, unique_columns: [region, id]")
	if s := c.run(); s.Duplicate != 1 || s.Written != 2 {
		t.Errorf("%+v, want two rows and one duplicate", s.Counts)
	}
	c.holds("SELECT string_agg(region || ' ' || note || ' ' || row_number, ', ' ORDER BY region) FROM analytics.rows", "eu new 1, us only 3")
}
