package main

import "testing"

// TestRowsThatNoCursorOrdersComeOnce reads without an overlap what NULL and infinity keep
// out of the order.
func TestRowsThatNoCursorOrdersComeOnce(t *testing.T) {
	t.Parallel()
	const rows = events + "INSERT INTO public.rows VALUES (1, 'a', '2026-01-01'), (2, 'b', '2026-01-02'), (3, 'endless', 'infinity'), (4, 'null', NULL)"
	c := newCase(t, rows, "", "cursor: at, overlap: none, nulls: include", "write_mode: insert")
	for range 3 {
		c.run()
	}
	c.holds("SELECT string_agg(note, ',' ORDER BY id) FROM analytics.rows", "a,endless,null") // b waits
	c.source("ALTER TABLE public.rows DROP CONSTRAINT rows_pkey")
	c.target("DROP TABLE analytics.rows")
	c.fails("2 rows", `"at"`, "nulls: exclude")
	c.configure("cursor: at, overlap: none, nulls: exclude", "write_mode: insert")
	for range 2 {
		c.run()
	}
	c.holds("SELECT string_agg(note, ',' ORDER BY id) FROM analytics.rows", "a")
}

// TestAChangedColumnListAppendsNothingAgain names fewer columns than before.
func TestAChangedColumnListAppendsNothingAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, dataset, stream string }{
		{"half-open", ", overlap: none", ""}, {"raw", "", ", layout: raw"}, {"raw and half-open", ", overlap: none", ", layout: raw"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCase(t, events+"INSERT INTO public.rows SELECT n, 'x', timestamptz '2026-01-01' + n * interval '1 day' FROM generate_series(1, 9) n; INSERT INTO public.rows VALUES (10, 'waits', '2027-01-01')",
				"", "cursor: at"+test.dataset, "write_mode: insert"+test.stream)
			first := c.run()
			c.configure("cursor: at, columns: [id, at]"+test.dataset, "write_mode: insert"+test.stream)
			if s := c.run(); s.Written != 0 || s.Changed != 0 {
				t.Errorf("after the change %+v, want no row written after %d", s.Counts, first.Written)
			}
			c.source("INSERT INTO public.rows VALUES (11, 'new', '2027-02-01')")
			if s := c.run(); s.Written != 1 {
				t.Errorf("%d rows written, want the one that is new", s.Written)
			}
		})
	}
}

// TestAHalfOpenReadClosesNoVersion reads all rows but those at the highest cursor.
func TestAHalfOpenReadClosesNoVersion(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(c *kase){
		"full refresh": func(c *kase) { c.run("--full-refresh") },
		"changed selection": func(c *kase) {
			c.configure("cursor: at, overlap: none, columns: [id, at]", "write_mode: history")
			c.run()
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCase(t, events+"INSERT INTO public.rows VALUES (1, 'a', '2026-01-01'), (2, 'b', '2026-01-02')", "", "cursor: at, overlap: none", "write_mode: history")
			c.run()
			c.source("INSERT INTO public.rows VALUES (3, 'c', '2026-01-03')")
			c.run()
			c.source("DELETE FROM public.rows WHERE id = 3") // b is the newest again, and waits
			again(c)
			c.holds("SELECT string_agg(note, ',' ORDER BY id) FROM analytics.rows WHERE valid_to IS NULL", "a,b")
		})
	}
}

// TestAFullRefreshOfAnInsertIsRefused keeps all rows from being appended again.
func TestAFullRefreshOfAnInsertIsRefused(t *testing.T) {
	t.Parallel()
	c := newCase(t, events+"INSERT INTO public.rows VALUES (1, 'a', '2026-01-01')", "", "", "write_mode: insert")
	c.run()
	result, got := c.leat.runFlow("f", "--full-refresh")
	if got.code != exitFailed || len(result.Streams) != 1 || result.Streams[0].Error == nil {
		t.Fatalf("exit %d, want a refusal\n%s%s", got.code, got.stdout, got.stderr)
	}
	c.holds("SELECT count(*) FROM analytics.rows", "1")
	c.target("DELETE FROM analytics.rows")
	c.run("--full-refresh")
	c.same()
}
