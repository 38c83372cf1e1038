package sqltext_test

import (
	"strings"
	"testing"

	"leat/internal/sqltext"
)

func TestScan(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]sqltext.Query{
		"":                                       {},
		" ; -- nothing\n/* at /* all */ */;":     {},
		"/* never closed":                        {},
		"SELECT 1":                               {Text: "SELECT 1", First: "SELECT"},
		"-- why\nselect 1 ;\n-- note":            {Text: "-- why\nselect 1", First: "SELECT"},
		"SELECT 1; /* a; */ ; \n\n -- b; '":      {Text: "SELECT 1", First: "SELECT"},
		"(VALUES (1));":                          {Text: "(VALUES (1))", First: "("},
		"SELECT 1; SELECT 2;":                    {Text: "SELECT 1; SELECT 2", First: "SELECT"},
		"SELECT '; -- $1', \"?;\" ;":             {Text: "SELECT '; -- $1', \"?;\"", First: "SELECT"},
		"SELECT 'it''s $1'":                      {Text: "SELECT 'it''s $1'", First: "SELECT"},
		`SELECT E'it\'s $1; --' ;`:               {Text: `SELECT E'it\'s $1; --'`, First: "SELECT"},
		`SELECT 'a\' -- $1`:                      {Text: `SELECT 'a\'`, First: "SELECT"},
		"SELECT $$; -- $1$$ ; --":                {Text: "SELECT $$; -- $1$$", First: "SELECT"},
		"SELECT $a$ $$ $1 ; $a$":                 {Text: "SELECT $a$ $$ $1 ; $a$", First: "SELECT"},
		"SELECT a$1, table$x FROM t":             {Text: "SELECT a$1, table$x FROM t", First: "SELECT"},
		"SELECT a FROM t WHERE a=$12 AND b = $1": {Text: "SELECT a FROM t WHERE a=$12 AND b = $1", First: "SELECT", Parameter: "$12"},
		"SELECT $from, 1-- $1":                   {Text: "SELECT $from, 1", First: "SELECT", Parameter: "$from"},
		"SELECT ? -- ;":                          {Text: "SELECT ?", First: "SELECT", Parameter: "?"},
		"SELECT 4/2 - -1, 'ü' AS größe;":         {Text: "SELECT 4/2 - -1, 'ü' AS größe", First: "SELECT"},
		"SELECT 'open ; --":                      {Text: "SELECT 'open ; --", First: "SELECT"},
		"SELECT $":                               {Text: "SELECT $", First: "SELECT"},
	} {
		if got := sqltext.Scan(query); got != want {
			t.Errorf("%q: got %+v, want %+v", query, got, want)
		}
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"select 1", "WITH a AS (SELECT 1) TABLE a", "VALUES (1)", "TABLE t", "(SELECT 1)"} {
		if !sqltext.Scan(query).Reads() {
			t.Errorf("%q does not count as one that reads", query)
		}
	}
	for _, query := range []string{"", "INSERT INTO t VALUES (1)", "selects", "EXPLAIN SELECT 1", "COPY t TO STDOUT", "SHOW all"} {
		if sqltext.Scan(query).Reads() {
			t.Errorf("%q counts as one that reads", query)
		}
	}
}

// What is kept of any text is its beginning, and scanning it again keeps all of it.
func FuzzScan(f *testing.F) {
	f.Add("SELECT E'\\")
	f.Add("$a$ /* -- ? ;")
	f.Fuzz(func(t *testing.T, query string) {
		got := sqltext.Scan(query)
		if !strings.HasPrefix(query, got.Text) || sqltext.Scan(got.Text) != got {
			t.Errorf("%q: got %+v", query, got)
		}
	})
}
