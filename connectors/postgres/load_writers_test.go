package postgres

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
)

// wide are sources of few rows on many blocks, so that they are read in three parts. Rows of
// t share keys, and a third of those their cursor as well; u has each key once.
const wide = `CREATE SCHEMA dwh; CREATE TABLE t (id int, name text, at int, n int) WITH (fillfactor = 10); CREATE TABLE u (id int PRIMARY KEY, name text, at int, n int) WITH (fillfactor = 10);
	INSERT INTO t SELECT n % 12000, rpad('n' || n, 300), CASE WHEN n % 3 = 0 THEN 0 ELSE n % 7 END, n FROM generate_series(1, 18000) n;
	INSERT INTO u SELECT n, rpad('n' || n, 300), n % 7, n FROM generate_series(1, 14000) n;`

// inParts makes a flow that is read in three parts, or says so where the server is too old.
func inParts(t *testing.T, c *connection, mode connectors.WriteMode) *flow {
	t.Helper()
	f := into(c, "t", mode, "id")
	f.target.Writers = 3
	if serverVersion(t) < pgwire.SinceTidRanges {
		f.parts = 3
	}
	return f
}

// hiddenTables counts what loads made beside their own tables.
const hiddenTables = `SELECT count(*) FROM pg_class WHERE relnamespace = 'dwh'::regnamespace AND relkind = 'r' AND relname LIKE '\_leat\_%' AND relname NOT IN ('_leat_state', '_leat_loads')`

// TestWritersEqualOneWriter loads by one writer and by three, and compares the tables.
func TestWritersEqualOneWriter(t *testing.T) {
	t.Parallel()
	filled := "CREATE TABLE dwh.$T (id int, name text, at int, n int); INSERT INTO dwh.$T SELECT n, 'old', 3, n FROM generate_series(11000, 13000) n;"
	keyed := filled + "ALTER TABLE dwh.$T ADD PRIMARY KEY (id);"
	versions := filled + "ALTER TABLE dwh.$T ADD valid_from timestamptz NOT NULL DEFAULT '2020-01-01', ADD valid_to timestamptz;"
	cases := map[string]struct {
		mode           connectors.WriteMode
		source, target string
		change         func(*connectors.Target)
		recipe         string
		writers        bool
	}{
		"upsert":                     {connectors.Upsert, "t", keyed, nil, "stage+on-conflict", true},
		"upsert by cursor":           {connectors.Upsert, "t", keyed, func(t *connectors.Target) { t.Cursor = "at" }, "stage+on-conflict", true},
		"upsert without an index":    {connectors.Upsert, "t", filled, nil, "stage+update+insert", true},
		"upsert, new, key of source": {connectors.Upsert, "u", "", nil, "create+copy", true},
		"upsert, new, other key":     {connectors.Upsert, "t", "", nil, "create+copy", false},
		"update":                     {connectors.Update, "t", keyed, nil, "stage+update", true},
		"update, new":                {connectors.Update, "t", "", nil, "stage+update", true},
		"delete":                     {connectors.Delete, "t", keyed, nil, "stage+delete", true},
		"delete_insert":              {connectors.DeleteInsert, "t", filled, nil, "stage+delete+insert", true},
		"delete_insert, new":         {connectors.DeleteInsert, "t", "", nil, "create+copy", true},
		"insert_ignore":              {connectors.InsertIgnore, "t", keyed, nil, "stage+on-conflict", true},
		"history":                    {connectors.History, "t", versions, nil, "stage+versions", true},
		"history, new":               {connectors.History, "t", "", nil, "stage+versions", true},
		"insert of new rows":         {connectors.Insert, "u", filled, func(t *connectors.Target) { t.Cursor = "at" }, "stage+insert", true},
		"insert":                     {connectors.Insert, "t", filled, nil, "copy", false},
		"insert, new":                {connectors.Insert, "t", "", nil, "create+copy", true},
		"replace by swap":            {connectors.TruncateInsert, "t", filled, nil, "swap", false},
		"replace an empty table":     {connectors.TruncateInsert, "u", keyed + "DELETE FROM dwh.$T", nil, "copy", false},
		"replace a new table":        {connectors.TruncateInsert, "t", "", nil, "create+copy", true},
		"replace by merge":           {connectors.TruncateInsert, "u", keyed, func(t *connectors.Target) { t.Replace = connectors.ReplaceMerge }, "stage+merge", true},
		"replace by delete, insert":  {connectors.TruncateInsert, "t", filled, func(t *connectors.Target) { t.Replace = connectors.ReplaceDeleteInsert }, "stage+delete+insert", true},
		"replace with texts":         {connectors.TruncateInsert, "t", "CREATE TABLE dwh.$T (id int, name xml, at int, n int); INSERT INTO dwh.$T VALUES (-1)", nil, "stage+delete+insert", true},
	}
	conn, admin := newDatabase(t, wide)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			load := func(writers int) (connectors.Report, string) {
				table := fmt.Sprintf("t%d_%s", writers, sqlload.Hash(8, name))
				execute(t, admin, strings.ReplaceAll(c.target, "$T", table))
				f := inParts(t, conn, c.mode)
				f.selection.Dataset.Name, f.target.Table.Name, f.target.StateKey, f.target.Writers = c.source, table, name+table, writers
				if c.change != nil {
					c.change(&f.target)
				}
				r := f.must(t)
				wantRows(t, admin, hiddenTables, "(0)")
				of := func(sql string) string { return digest(t, admin, strings.ReplaceAll(sql, "$T", table)) + "\n" }
				return r, strings.ReplaceAll(of("SELECT count(*), md5(string_agg(r::text, '|' ORDER BY r::text)) FROM (SELECT id, name, at, n FROM dwh.$T) r")+
					of("SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'dwh.$T'::regclass")+
					of("SELECT attname, attnotnull, format_type(atttypid, atttypmod), attnum FROM pg_attribute WHERE attrelid = 'dwh.$T'::regclass AND attnum > 0")+
					of("SELECT relpersistence, obj_description(oid) FROM pg_class WHERE oid = 'dwh.$T'::regclass"), table, "it")
			}
			one, want := load(1)
			three, got := load(3)
			if got != want {
				t.Errorf("three writers left\n%s\none left\n%s", got, want)
			}
			if one.Counts.Read != three.Read || one.Written != three.Written || one.Duplicate != three.Duplicate || one.Unchanged != three.Unchanged || one.Skipped != three.Skipped {
				t.Errorf("three writers count %+v, one counts %+v", three.Counts, one.Counts)
			}
			if used := strings.HasSuffix(three.Reason, "3 writers at once"); three.Recipe != c.recipe || used != c.writers || strings.Contains(one.Reason, "writer") {
				t.Errorf("three writers: %s (%s); one: %s (%s)", three.Recipe, three.Reason, one.Recipe, one.Reason)
			}
		})
	}
}

// begun is a load with three writers that has taken all rows.
func begun(t *testing.T, f *flow) (connectors.Load, connectors.Close) {
	t.Helper()
	load, err := f.begin(t)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = load.Abort(context.Background()) })
	end, err := f.send(t, load)
	if err != nil {
		t.Fatal(err)
	}
	return load, end
}

// wideShop has a keyed target with one old row.
func wideShop(t *testing.T) (*connection, *pgx.Conn) {
	t.Helper()
	return newDatabase(t, wide+"CREATE TABLE dwh.t (id int PRIMARY KEY, name text, at int, n int); INSERT INTO dwh.t VALUES (-1, 'old', 0, 0)")
}

// TestAWriterEnds ends the session of one writer: the load fails as a whole.
func TestAWriterEnds(t *testing.T) {
	t.Parallel()
	c, admin := wideShop(t)
	f := inParts(t, c, connectors.Upsert)
	load, end := begun(t, f)
	wantRows(t, admin, hiddenTables, "(1)")
	wantRows(t, admin, `SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY "dwh"%' LIMIT 1) p`, "(1)")
	_, err := load.Commit(t.Context(), []connectors.Close{end})
	wantKind(t, err, connectors.Conflict)
	if err := load.Abort(t.Context()); err != nil {
		t.Error(err)
	}
	wantRows(t, admin, "SELECT * FROM dwh.t", "(-1,old,0,0)")
	wantRows(t, admin, hiddenTables, "(0)")
	const ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'leat/%'"
	for ctx := deadline(t); digest(t, admin, ours) != "(0)" && ctx.Err() == nil; {
		time.Sleep(10 * time.Millisecond) // a session takes a moment to leave the list
	}
	wantRows(t, admin, ours, "(0)")
	if r := f.must(t); r.Read != 18_000 {
		t.Errorf("the next run: %+v", r.Counts)
	}
}

// TestTheJanitorDropsItsOwnLowerFences lets a load with writers be overtaken, beside tables
// that look like its own.
func TestTheJanitorDropsItsOwnLowerFences(t *testing.T) {
	t.Parallel()
	c, admin := wideShop(t)
	f := inParts(t, c, connectors.Upsert)
	load, end := begun(t, f)
	others := map[string]mark{
		"another installation": {Installation: "other", Stream: f.target.StateKey, Run: "r", Fence: 1}, "another stream": {Installation: testInstallation, Stream: "other", Run: "r", Fence: 1},
		"a later fence": {Installation: testInstallation, Stream: f.target.StateKey, Run: "r", Fence: 99},
	}
	for _, m := range others {
		hiddenTable(t, admin, m, m.name())
	}
	mine := mark{Installation: testInstallation, Stream: f.target.StateKey, Run: "r", Fence: 1}
	hiddenTable(t, admin, mine, "_leat_precious") // the name does not follow from the mark
	hiddenTable(t, admin, mine, mine.name())
	wantRows(t, admin, hiddenTables, "(6)")
	f.must(t)
	wantRows(t, admin, hiddenTables, "(4)")
	wantRows(t, admin, "SELECT to_regclass('dwh."+mine.name()+"')", "()")
	want := digest(t, admin, "SELECT * FROM dwh.t")
	_, err := load.Commit(t.Context(), []connectors.Close{end})
	wantKind(t, err, connectors.Conflict)
	if err := load.Abort(t.Context()); err != nil {
		t.Error(err)
	}
	wantRows(t, admin, "SELECT * FROM dwh.t", want)
	wantRows(t, admin, hiddenTables, "(4)")
	if err := c.DropState(t.Context(), "dwh", testInstallation, f.target.StateKey); err != nil {
		t.Fatal(err)
	}
	wantRows(t, admin, hiddenTables, "(3)")
	later := others["a later fence"]
	wantRows(t, admin, "SELECT to_regclass('dwh."+later.name()+"')", "()")
}

func hiddenTable(t *testing.T, admin *pgx.Conn, m mark, name string) {
	t.Helper()
	table := connectors.Table{Schema: "dwh", Name: name}
	comment, err := m.comment(table)
	if err != nil {
		t.Fatal(err)
	}
	execute(t, admin, "CREATE TABLE "+quoteTable(table)+" (id int); "+comment)
}

// TestAnOvertakenLoadMakesNoHiddenTable raises the fence before the first row comes.
func TestAnOvertakenLoadMakesNoHiddenTable(t *testing.T) {
	t.Parallel()
	c, admin := wideShop(t)
	f := inParts(t, c, connectors.Upsert)
	load, err := f.begin(t)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = load.Abort(context.Background()) }()
	execute(t, admin, "UPDATE dwh._leat_state SET fence = fence + 1")
	_, err = f.send(t, load)
	wantRefusal(t, err, connectors.Conflict, "taken over")
	wantRows(t, admin, hiddenTables, "(0)")
}

// TestMissingRowsOfWritersFail takes a row away before the applying transaction counts.
func TestMissingRowsOfWritersFail(t *testing.T) {
	t.Parallel()
	for _, mode := range []connectors.WriteMode{connectors.Upsert, connectors.TruncateInsert} {
		c, admin := wideShop(t)
		f := inParts(t, c, mode)
		f.selection.Dataset.Name, f.target.Replace = "u", connectors.ReplaceDeleteInsert
		started, end := begun(t, f)
		l := started.(*load)
		if err := l.finishWriters(t.Context()); err != nil {
			t.Fatal(err)
		}
		execute(t, admin, "DELETE FROM "+quoteTable(l.writers.table)+" WHERE id = 7")
		it := l.items[0]
		_, err := it.plan.Apply(t.Context(), l.s, it.input(end))
		wantRefusal(t, err, connectors.Internal, "do not add up", "14000 rows were copied, but 13999 are there")
		if err := started.Abort(t.Context()); err != nil {
			t.Error(err)
		}
		wantRows(t, admin, "SELECT * FROM dwh.t", "(-1,old,0,0)")
		wantRows(t, admin, hiddenTables, "(0)")
	}
}

// TestWritersMapErrors brings rows that the hidden table, or the applying, refuses.
func TestWritersMapErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target string
		mode   connectors.WriteMode
		words  []string
	}{
		"NOT NULL while it is copied": {"CREATE TABLE dwh.t (id int, name text NOT NULL, at int, n int); INSERT INTO dwh.t VALUES (-1, 'old', 0, 0)", connectors.TruncateInsert, []string{"dwh.t", `"name"`}},
		"a constraint":                {"CREATE TABLE dwh.t (id int, name text, at int CONSTRAINT small CHECK (at < 6), n int); INSERT INTO dwh.t VALUES (-1, 'old', 0, 0)", connectors.TruncateInsert, []string{"dwh.t", `"small"`}},
		"NOT NULL while it is stored": {"CREATE TABLE dwh.t (id int PRIMARY KEY, name text NOT NULL, at int, n int); INSERT INTO dwh.t VALUES (-1, 'old', 0, 0)", connectors.Upsert, []string{"dwh.t", `"name"`}},
	} {
		t.Run(name, func(t *testing.T) {
			conn, admin := newDatabase(t, wide+"UPDATE t SET name = NULL WHERE n = 15000;"+c.target)
			f := inParts(t, conn, c.mode)
			_, err := f.move(t)
			wantRefusal(t, err, connectors.Data, c.words...)
			if strings.Contains(err.Error(), "_leat_") {
				t.Errorf("the error names the hidden table: %v", err)
			}
			wantRows(t, admin, "SELECT * FROM dwh.t", "(-1,old,0,0)")
			wantRows(t, admin, hiddenTables, "(0)")
		})
	}
}

// TestOneWriterSaysWhy lists what does not go with several writers.
func TestOneWriterSaysWhy(t *testing.T) {
	t.Parallel()
	_, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int PRIMARY KEY, name text, at timestamp)")
	c, name := role(t, admin, seedGrants)
	into(c, "t", connectors.Upsert, "id").must(t) // makes the state tables
	execute(t, admin, "REVOKE CREATE ON SCHEMA dwh FROM "+pgx.Identifier{name}.Sanitize())
	for why, change := range map[string]func(*flow){
		"the source was read in one part":                             func(f *flow) { f.parts = 1 },
		"rejected rows are kept apart":                                func(f *flow) { f.target.RejectLimit = 1 },
		`user "` + name + `" may not make tables in the schema "dwh"`: func(*flow) {},
	} {
		f := into(c, "t", connectors.Upsert, "id")
		f.target.Writers, f.parts = 4, 4
		change(f)
		f.run = len(why) // another run for each
		load, err := f.begin(t)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = load.Abort(context.Background()) }()
		end, err := f.send(t, load)
		if err != nil {
			t.Fatal(err)
		}
		reports, err := load.Commit(t.Context(), []connectors.Close{end})
		if err != nil || !strings.HasSuffix(reports[0].Reason, "one writer instead of 4, since "+why) {
			t.Errorf("%v %v, want %s", reports, err, why)
		}
	}
}
