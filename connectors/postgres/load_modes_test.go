package postgres

import (
	"fmt"
	"strings"
	"testing"

	"leat/connectors"
)

// incremental makes the flow read by the cursor at.
func (f *flow) incremental(cursor string) *flow {
	f.target.Cursor, f.selection.Cursor = cursor, cursor
	return f
}

func TestIncrementalInsertCountsDuplicates(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.Insert, "id").incremental("at")
	wantCounts(t, f.must(t), 10, 0, 0, 0, 10)
	execute(t, admin, "INSERT INTO t VALUES (11, 'x', '2026-01-02')")
	r := f.must(t)
	wantCounts(t, r, 1, 0, 1, 0, 1) // the row at the position is read again
	wantRows(t, admin, "SELECT * FROM dwh.t", digest(t, admin, "SELECT * FROM t"))
}

func TestIncrementalInsertNeedsAKey(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, shop)
	f := into(c, "t", connectors.Insert).incremental("at")
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Config, "overlap: none", "upsert")
	f.target.Overlap = "none"
	f.must(t)
}

func TestIncrementalReplaceIsRefused(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, shop)
	_, err := into(c, "t", connectors.TruncateInsert).incremental("at").move(t)
	wantRefusal(t, err, connectors.Config, "whole read")
}

func TestDuplicatesInOneRead(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	const rows = "SELECT * FROM (VALUES (1, 'first', 5), (1, 'highest', 9), (2, 'a', 1), (1, 'last', 7), (2, 'b', 1), (3, 'null', NULL), (3, 'known', 0)) v(id, name, n)"
	for _, prepared := range []string{"", "CREATE TABLE dwh.t (id int PRIMARY KEY, name text, n int)", "CREATE TABLE dwh.t (id int, name text, n int)"} {
		execute(t, admin, "DROP TABLE IF EXISTS dwh.t; "+prepared)
		f := into(c, "t", connectors.Upsert, "id").query(rows).incremental("n")
		f.target.StateKey = "test/" + prepared
		wantCounts(t, f.must(t), 3, 0, 4, 0, 3)
		wantRows(t, admin, "SELECT id, name FROM dwh.t", "(1,highest)\n(2,b)\n(3,known)")
	}
}

func TestNullKeysAreRefused(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	for _, mode := range []connectors.WriteMode{connectors.Upsert, connectors.InsertIgnore, connectors.Update, connectors.Delete, connectors.DeleteInsert, connectors.History} {
		execute(t, admin, "DROP TABLE IF EXISTS dwh.t; CREATE TABLE dwh.t (id int, name text, valid_from timestamptz DEFAULT now(), valid_to timestamptz)")
		f := into(c, "t", mode, "id").query("SELECT NULL::int AS id, 'secret' AS name UNION ALL SELECT 1, 'a'")
		_, err := f.move(t)
		wantRefusal(t, err, connectors.Data, "NULL", "id")
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error holds a value: %v", err)
		}
	}
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(0)")
}

func TestKeysAreChecked(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, shop)
	_, err := into(c, "t", connectors.Upsert).move(t)
	wantRefusal(t, err, connectors.Config, "unique columns")
	_, err = into(c, "t", connectors.Upsert, "nope").move(t)
	wantRefusal(t, err, connectors.Config, `"nope"`)
}

func TestHistory(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.History, "id")
	wantCounts(t, f.must(t), 10, 0, 0, 0, 10)
	wantCounts(t, f.must(t), 0, 10, 0, 0, 0)
	execute(t, admin, "UPDATE t SET name = 'new' WHERE id = 1; DELETE FROM t WHERE id = 2")
	wantCounts(t, f.must(t), 1, 8, 0, 0, 3) // one closed, one absent, one opened
	wantRows(t, admin, "SELECT id, name, valid_to IS NULL FROM dwh.t WHERE id < 3", "(1,n1,f)\n(1,new,t)\n(2,n2,f)")
	wantRows(t, admin, "SELECT count(*) FROM dwh.t a JOIN dwh.t b ON a.id = b.id AND a.valid_to = b.valid_from", "(1)")
	execute(t, admin, "INSERT INTO t VALUES (2, 'back', '2026-02-02')")
	f.must(t)
	wantRows(t, admin, "SELECT id, name, valid_to IS NULL FROM dwh.t WHERE id = 2", "(2,back,t)\n(2,n2,f)")
	wantRows(t, admin, "SELECT pg_get_indexdef(indexrelid) LIKE '%UNIQUE%valid_to IS NULL%' FROM pg_index WHERE indrelid = 'dwh.t'::regclass", "(t)")
	execute(t, admin, "DELETE FROM t")
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Data, "no rows")
}

func TestIncrementalHistoryLeavesAbsentKeys(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.History, "id").incremental("at")
	f.must(t)
	execute(t, admin, "DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (2, 'changed', '2026-03-01'); DELETE FROM t WHERE name = 'n2'")
	wantCounts(t, f.must(t), 1, 1, 0, 0, 2)
	wantRows(t, admin, "SELECT id, name, valid_from, valid_to FROM dwh.t WHERE id < 3",
		`(1,n1,"2026-01-01 01:00:00+00",)`+"\n"+`(2,changed,"2026-03-01 00:00:00+00",)`+"\n"+`(2,n2,"2026-01-01 02:00:00+00","2026-03-01 00:00:00+00")`)
}

func TestRawLayout(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, allTypes)
	f := into(c, "types", connectors.Insert).query("SELECT id, n, m, d, t, jb, ts, y FROM types WHERE id <> 2 UNION ALL SELECT 9, 1.50, 7.10, 'NaN', E'a\"b\\n', '{\"x\": 10000000000000000000000001}', NULL, ''")
	f.target.Layout = connectors.LayoutRaw
	wantCounts(t, f.must(t), 3, 0, 0, 0, 3)
	wantRows(t, admin, "SELECT format_type(atttypid, atttypmod), attname FROM pg_attribute WHERE attrelid = 'dwh.types'::regclass AND attnum > 0",
		"(\"character varying\",ab_id)\n(\"timestamp with time zone\",emitted_at)\n(jsonb,data)")
	wantRows(t, admin, "SELECT data FROM dwh.types WHERE data ->> 'id' = '9'",
		`("{""d"": ""NaN"", ""m"": ""7.10"", ""n"": ""1.50"", ""t"": ""a\\""b\\n"", ""y"": ""\\\\x"", ""id"": 9, ""jb"": {""x"": 10000000000000000000000001}, ""ts"": null}")`)
	f.target.Mode = connectors.TruncateInsert
	wantCounts(t, f.must(t), 3, 0, 0, 0, 3)
	f.target.Mode, f.target.Unique = connectors.Upsert, []string{"id"}
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Config, "raw layout")
}

func TestMetaColumnsDoNotMakeRowsDiffer(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.Upsert, "id")
	f.target.LoadedAt, f.target.RunID = true, true
	f.must(t)
	wantRows(t, admin, "SELECT count(*), count(DISTINCT _run_id), bool_and(_loaded_at > now() - interval '1 minute') FROM dwh.t", "(10,1,t)")
	execute(t, admin, "UPDATE t SET name = 'new' WHERE id = 1")
	wantCounts(t, f.must(t), 1, 9, 0, 0, 1)
	wantRows(t, admin, "SELECT id FROM dwh.t WHERE _run_id = '"+f.id().Run+"'", "(1)")
}

func TestIdentityAndGeneratedColumns(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+`; CREATE TABLE dwh.t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, at timestamp`+generated(t, "'2020-01-01'")+`)`)
	f := into(c, "t", connectors.Upsert, "id")
	r := f.must(t)
	if generatedNote(t) != "" && (len(r.Warnings) == 0 || !strings.Contains(r.Warnings[0], "computed")) {
		t.Errorf("warnings: %q", r.Warnings)
	}
	execute(t, admin, "UPDATE t SET name = 'new' WHERE id = 1")
	wantCounts(t, f.must(t), 1, 9, 0, 0, 1)
	f.target.Mode = connectors.TruncateInsert
	f.must(t)
	wantRows(t, admin, "SELECT id, name FROM dwh.t", digest(t, admin, "SELECT id, name FROM t"))
}

func TestLongNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ž", 40)
	c, admin := newDatabase(t, fmt.Sprintf(`CREATE SCHEMA dwh; CREATE TABLE t (id int, "select" int, "ctid_" int, %q int, "a.b ""c" int); INSERT INTO t VALUES (1, 2, 3, 4, 5)`, strings.Repeat("y", 63)))
	f := into(c, "t", connectors.Upsert, "id")
	f.target.Table.Name = long
	load, err := f.begin(t)
	if err != nil {
		t.Fatal(err)
	}
	name := load.States()[0].Table.Name
	if len(name) > maxIdentifier || !strings.HasPrefix(name, "žž") {
		t.Errorf("the table is called %q", name)
	}
	if err := load.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.must(t)
	f.must(t)
	wantRows(t, admin, fmt.Sprintf("SELECT * FROM dwh.%q", name), "(1,2,3,4,5)")
}
