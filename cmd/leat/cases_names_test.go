package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fileCase is a flow from a file into analytics.rows.
func fileCase(t *testing.T, content, stream string) *kase {
	t.Helper()
	c := &kase{pair: newPair(t), t: t, leat: newProgram(t)}
	c.target("CREATE SCHEMA analytics")
	folder := filepath.Join(c.leat.dataDir, "files")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "rows.csv"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	c.leat.apply(c.authorizers() + `  - {name: files, connector: file}
sources: [{name: s, authorizer: files, datasets: [{name: rows, file: rows.csv}]}]
destinations: [{name: d, authorizer: target, default_schema: analytics}]
flows: [{name: f, destination: d, streams: [{from: {source: s, dataset: rows}, table: rows, ` + stream + `}]}]
`)
	return c
}

// Given two columns that are equal in their first 63 bytes; when they are loaded, twice;
// then both are kept, under the same two names, with their own values, and reported.
func TestColumnsThatShare63BytesAreBothKept(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("c", 63)
	c := fileCase(t, "id,"+long+"_first,"+long+"_second\n1,one,two\n2,three,four\n", "write_mode: truncate_insert")
	names := "SELECT string_agg(attname::text, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'analytics.rows'::regclass AND attnum > 1 AND NOT attisdropped"
	var before string
	for run := range 2 {
		s := c.run()
		var now string
		if err := c.targetConn.QueryRow(t.Context(), names).Scan(&now); err != nil {
			t.Fatal(err)
		}
		if run > 0 && now != before {
			t.Errorf("the columns were %s and are %s", before, now)
		}
		before = now
		if warnings := strings.Join(s.Warnings, "\n"); run == 0 && (!strings.Contains(warnings, "_first") || !strings.Contains(warnings, "_second")) {
			t.Errorf("the warnings do not name both columns: %q", warnings)
		}
	}
	columns := strings.Split(before, ",")
	if len(columns) != 2 || columns[0] == columns[1] || len(columns[0]) > 63 {
		t.Fatalf("the columns are %q", columns)
	}
	c.holds("SELECT string_agg("+columns[0]+" || '-' || "+columns[1]+", ' ' ORDER BY id) FROM analytics.rows", "one-two three-four")
}

// Given a destination that has tables and indexes of the very names that a load would
// like; when it makes its table with indexes; then all of them exist afterwards.
func TestNamesThatAreTakenAreLeftAlone(t *testing.T) {
	t.Parallel()
	taken := "CREATE TABLE analytics.rows_pkey (n int); CREATE TABLE analytics.rows_note_key (n int); CREATE TABLE analytics.other (note text); CREATE INDEX rows_id_key ON analytics.other (note); CREATE INDEX rows_note_idx ON analytics.other (note); INSERT INTO analytics.rows_pkey VALUES (1); INSERT INTO analytics.rows_note_key VALUES (1)"
	for mode, indexes := range map[string]string{"upsert": "2", "truncate_insert": "1"} {
		t.Run(mode, func(t *testing.T) {
			c := newCase(t, items, taken, "", "write_mode: "+mode+", unique: [[note]]")
			for range 3 {
				c.run()
				c.same()
			}
			c.holds("SELECT count(*) FROM pg_index WHERE indrelid = 'analytics.rows'::regclass AND indisunique AND indisvalid", indexes)
			c.holds("SELECT count(*) FROM pg_index WHERE indrelid = 'analytics.other'::regclass", "2")
			c.holds("SELECT (SELECT count(*) FROM analytics.rows_pkey) + (SELECT count(*) FROM analytics.rows_note_key)", "2")
		})
	}
}

// Given a table whose name has 63 bytes, beside one whose name has 62 of them and one
// that is called like its array type; when it is replaced three times; then nothing
// clashes, and its neighbours stay.
func TestATableNameOf63BytesCanBeReplaced(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("y", 63)
	c := newCase(t, items, "CREATE TABLE analytics._"+name[:62]+" (n int); CREATE TABLE analytics."+name[:62]+" (n int)", "", "write_mode: insert")
	c.leat.apply(c.authorizers() + `sources: [{name: s, authorizer: source, datasets: [{table: public.rows}]}]
destinations: [{name: d, authorizer: target, default_schema: analytics}]
flows: [{name: f, destination: d, streams: [{from: {source: s, dataset: public.rows}, table: ` + name + `, write_mode: truncate_insert, unique: [[note]]}]}]
`)
	for range 3 {
		c.source("UPDATE public.rows SET note = note || '!'")
		c.run()
		if want, got := digest(t, c.sourceConn, "public.rows"), digest(t, c.targetConn, "analytics."+name); got != want {
			t.Errorf("the target holds %s, want %s", got, want)
		}
	}
	c.holds("SELECT count(*) FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'r' AND relname LIKE '%yyy%'", "3")
}

// Given a file of N rows that ends in blank lines; when it is loaded; then there are N
// rows, and none of NULLs alone.
func TestNoRowOfNullsIsAdded(t *testing.T) {
	t.Parallel()
	for ending, content := range map[string]string{
		"a newline": "id,note\n1,a\n2,b\n", "nothing": "id,note\n1,a\n2,b", "blank lines": "id,note\n1,a\n2,b\n\n\n", "CR LF": "id,note\r\n1,a\r\n2,b\r\n\r\n",
	} {
		t.Run("ending in "+ending, func(t *testing.T) {
			c := fileCase(t, content, "write_mode: insert")
			if s := c.run(); s.Read != 2 || s.Written != 2 {
				t.Errorf("%+v, want two rows", s.Counts)
			}
			c.holds("SELECT count(*) || ' ' || count(id) || ' ' || count(note) FROM analytics.rows", "2 2 2")
		})
	}
}

// Given a text with a NUL character, which PostgreSQL cannot store; when it is loaded;
// then the run fails by the column's name, or the row is kept aside where rejects are
// allowed; it is never cut at the NUL or turned into NULL.
func TestANulCharacterIsReported(t *testing.T) {
	t.Parallel()
	// The character stands far behind what is looked at to tell text from other files.
	content := "id,note\n" + strings.Repeat("1,fine\n", 200_000) + "2,be\x00fore\n3,fine too\n"
	t.Run("fail", func(t *testing.T) {
		c := fileCase(t, content, "write_mode: insert")
		c.fails("note")
		c.holds("SELECT to_regclass('analytics.rows')", "NULL")
	})
	t.Run("keep aside", func(t *testing.T) {
		c := fileCase(t, content, "write_mode: insert, rejects: 5")
		if s := c.run(); s.Written != 200_001 || s.Rejected != 1 {
			t.Errorf("%+v, want all rows but one", s.Counts)
		}
		c.holds("SELECT string_agg(DISTINCT note, ', ' ORDER BY note) FROM analytics.rows", "fine, fine too")
		c.holds("SELECT column_name FROM analytics.rows__rejects", "note")
	})
}

// Given rows that were stamped while a run was going on and committed after it; when it
// ended green; then the next run brings them, without an overlap and a full refresh.
func TestRowsStampedAtTheStartOfARunArriveNext(t *testing.T) {
	t.Parallel()
	c := newCase(t, events+"INSERT INTO public.rows VALUES (1, 'a', clock_timestamp())", "", "cursor: at", "write_mode: insert")
	c.source("CREATE TABLE public.stamp AS SELECT clock_timestamp() AS start")
	c.run()
	c.source("INSERT INTO public.rows SELECT 2, 'b', start FROM public.stamp")
	if s := c.run(); s.Written != 1 {
		t.Errorf("%+v, want the row of the last run's start", s.Counts)
	}
	c.same()
}
