package postgres

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
)

// What stands behind a query, in its texts or in its names does not keep it from being read.
func TestQueriesAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, "CREATE TABLE t (id int, a$1 text); INSERT INTO t VALUES (1, 'x')")
	for _, test := range []struct{ query, column, want string }{
		{"SELECT id FROM t; -- note", "id", "1"},
		{"SELECT id FROM t ;\n\n/* one; /* two */ */ ;; -- three;\n", "id", "1"},
		{"-- first\nSELECT id FROM t -- last", "id", "1"},
		{"SELECT $$; -- $1$$ AS v FROM t;", "v", "; -- $1"},
		{"SELECT $q$it's; $$ $1$q$ AS v FROM t", "v", "it's; $$ $1"},
		{`SELECT E'it\'s; $1 --' AS v FROM t; -- '`, "v", "it's; $1 --"},
		{"SELECT a$1 AS v FROM t;", "v", "x"},
		{`SELECT '{"a": 1}'::jsonb ? 'a' AS v;`, "v", "true"},
		{"(VALUES (7));", "column1", "7"},
		{"TABLE t;", "id", "1"},
		{"WITH w AS (SELECT id FROM t) SELECT id FROM w; -- w", "id", "1"},
		{"SELECT ROW(id, 'x y', NULL) FROM t", "row", `(1,"x y",)`},
		{"SELECT ROW(1) AS r, ARRAY[ROW(1, 2)] AS v", "v", `{"(1,2)"}`},
		{"SELECT t AS v FROM t", "v", "(1,x)"},
		{"SELECT 'x' AS v, NULL AS n", "v", "x"},
	} {
		got, err := tryRead(t, c, connectors.Want{}, query(test.query))
		if err != nil {
			t.Errorf("%q: %v", test.query, err)
			continue
		}
		if diff := cmp.Diff([]string{test.want}, got[0].column(test.column)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.query, diff)
		}
		if _, err := c.Describe(t.Context(), connectors.Dataset{Query: test.query}); err != nil {
			t.Errorf("describe %q: %v", test.query, err)
		}
	}
}

// What cannot be a query is refused in a sentence that names it, and changes nothing.
func TestWhatIsNoQueryIsNamed(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE TABLE t (id int); CREATE SEQUENCE s;
		CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING id';
		CREATE VIEW v AS SELECT writes() AS id`)
	for bad, names := range map[string]string{
		"SELECT * FROM t WHERE id = $1":         "parameter $1",
		"SELECT * FROM t WHERE id = $2":         "parameter $2",
		"SELECT $1":                             "parameter $1",
		"SELECT id FROM t LIMIT $1 -- $3":       "parameter $1",
		" \n;":                                  "is empty",
		"-- only a comment":                     "is empty",
		"/* only */ ; -- comments":              "is empty",
		"SELECT 1; SELECT 2":                    "several statements",
		"SELECT 1; DROP TABLE t; -- x":          "several statements",
		"INSERT INTO t VALUES (1)":              "begins with INSERT",
		"INSERT INTO t VALUES (1) RETURNING id": "begins with INSERT",
		"update t set id = 1":                   "begins with UPDATE",
		"DELETE FROM t":                         "begins with DELETE",
		"CREATE TABLE u AS SELECT 1":            "begins with CREATE",
		"EXPLAIN SELECT 1":                      "begins with EXPLAIN",
		"SHOW search_path":                      "begins with SHOW",
		"COPY t TO STDOUT":                      "begins with COPY",
		"COMMIT":                                "begins with COMMIT",
		"WITH d AS (DELETE FROM t RETURNING id) SELECT * FROM d":                "only read",
		"WITH d AS (SELECT 1 AS id) INSERT INTO t SELECT id FROM d":             "only read",
		"WITH d AS (SELECT 1 AS id) INSERT INTO t SELECT id FROM d RETURNING *": "only read",
		"SELECT 1 AS a INTO u":  "only read",
		"SELECT writes() AS id": "only read",
		"SELECT nextval('s')":   "only read",
		"SELECT id FROM v":      "only read",
	} {
		_, err := tryRead(t, c, connectors.Want{}, query(bad))
		if found := wantKind(t, err, connectors.Config); !strings.Contains(found.Message, names) || found.Fix == "" || found.Retryable {
			t.Errorf("%q: %v", bad, found)
		}
	}
	_, err := tryRead(t, c, connectors.Want{}, connectors.Selection{Dataset: connectors.Dataset{Schema: "public", Name: "v"}})
	if found := wantKind(t, err, connectors.Config); !strings.Contains(found.Message, "only read") {
		t.Errorf("a view that writes: %v", found)
	}
	var rows int
	if err := admin.QueryRow(t.Context(), "SELECT count(*) FROM t").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("the table has %d rows, %v", rows, err)
	}
}

// A cursor and a check of keys run the query as well.
func TestQueriesThatWriteAreNamedWhereverTheyRun(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, `CREATE TABLE t (id int);
		CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING id'`)
	_, err := c.RepeatedKey(t.Context(), connectors.Dataset{Query: "SELECT $1 AS id"}, []string{"id"})
	if found := wantKind(t, err, connectors.Config); !strings.Contains(found.Message, "parameter $1") {
		t.Errorf("keys of a parameter: %v", found)
	}
	s := query("SELECT writes() AS id; -- note")
	_, err = c.RepeatedKey(t.Context(), s.Dataset, []string{"id"})
	if found := wantKind(t, err, connectors.Config); !strings.Contains(found.Message, "only read") {
		t.Errorf("keys: %v", found)
	}
	for _, nulls := range []connectors.NullPolicy{"", connectors.NullsFail} {
		s.Cursor, s.Nulls = "id", nulls
		_, err = tryRead(t, c, connectors.Want{}, s)
		if found := wantKind(t, err, connectors.Config); !strings.Contains(found.Message, "only read") {
			t.Errorf("cursor: %v", found)
		}
	}
}

// A row in a column has no type that a table can have: it is stored as its text.
func TestRowsInColumnsOfAQueryAreLoaded(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE TABLE s (id int); INSERT INTO s VALUES (1), (2); CREATE SCHEMA dwh")
	for _, mode := range []connectors.WriteMode{connectors.Insert, connectors.TruncateInsert, connectors.Upsert} {
		f := into(c, "t_"+string(mode), mode, "id").query("SELECT id, ROW(id, 'x y') AS r, ARRAY[ROW(id)] AS a, s AS whole FROM s; -- note")
		for range 2 {
			f.must(t)
		}
		var r, a, whole string
		err := admin.QueryRow(t.Context(), "SELECT r::text, a::text, whole::text FROM dwh."+f.target.Table.Name+" WHERE id = 2 LIMIT 1").Scan(&r, &a, &whole)
		if err != nil || r != `(2,"x y")` || a != "{(2)}" || whole != "(2)" {
			t.Errorf("%s: %q %q %q, %v", mode, r, a, whole, err)
		}
	}
}
