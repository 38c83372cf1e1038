package postgres

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/connectortest"
	"leat/internal/cells"
)

// wordsAtOnce is how many words are columns of one table.
const wordsAtOnce = 1200

// sqlWords are the names that columns may share with those in our SQL, the letters that may
// be aliases one day included. Columns of history, and those that every table has, are not
// among them: they are refused, or renamed, by name.
func sqlWords(t *testing.T) [][]string {
	t.Helper()
	words := connectortest.SQLWords(t, ".", "../sqlload", "../pgwire")
	for letter := 'a'; letter <= 'z'; letter++ {
		words = append(words, string(letter))
	}
	words = append(words, orderColumn, "excluded", "EXCLUDED")
	slices.Sort(words)
	words = slices.DeleteFunc(slices.Compact(words), func(w string) bool {
		return w == "id" || w == "valid_from" || w == "valid_to" || slices.Contains(systemColumns, w) || len(w) > maxIdentifier
	})
	for _, alias := range []string{"s", "t", "m", "g", "n", "r", "d", "p", "o", "place", "l", "q", "top", "c"} {
		if !slices.Contains(words, alias) {
			t.Errorf("the alias %q is not among the words", alias)
		}
	}
	return slices.Collect(slices.Chunk(words, wordsAtOnce))
}

// TestColumnsMayBeCalledLikeAnythingInOurSQL loads a table whose columns have all names that
// our SQL uses, in every mode, with rows that are rejected and without.
func TestColumnsMayBeCalledLikeAnythingInOurSQL(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "")
	for part, words := range sqlWords(t) {
		quoted := make([]string, len(words))
		for i, word := range words {
			quoted[i] = pgx.Identifier{word}.Sanitize() + " smallint"
		}
		name := fmt.Sprintf("words_%d", part)
		execute(t, admin, fmt.Sprintf(`CREATE TABLE %s (id int, %s); INSERT INTO %[1]s SELECT id FROM generate_series(1, 4) id`, name, strings.Join(quoted, ", ")))
		for i, mode := range gridModes() {
			for j, rejects := range []int64{0, 5} {
				if !cells.Visited(2, part+i+j) {
					continue
				}
				t.Run(fmt.Sprintf("%d %s rejects %d", part, mode, rejects), func(t *testing.T) { loadWords(t, c, admin, name, words, mode, rejects) })
			}
		}
	}
}

// loadWords loads the table into a new one and into one that stands.
func loadWords(t *testing.T, c *connection, admin *pgx.Conn, name string, words []string, mode string, rejects int64) {
	execute(t, admin, fmt.Sprintf("DROP SCHEMA IF EXISTS dwh CASCADE; CREATE SCHEMA dwh; DELETE FROM %s WHERE id IS NULL OR id > 4", name))
	word, replace, _ := strings.Cut(mode, "/")
	f := into(c, name, connectors.WriteMode(word), "id")
	f.target.Replace, f.target.RejectLimit = connectors.Replace(replace), rejects
	f.target.Takeover = connectors.TakeoverYes
	if f.target.Replace == connectors.ReplaceSwap && rejects > 0 {
		_, err := f.move(t)
		wantRefusal(t, err, connectors.Config, "swapping")
		return
	}
	if f.target.Mode == connectors.Update || f.target.Mode == connectors.Delete {
		execute(t, admin, fmt.Sprintf("CREATE TABLE dwh.%s AS SELECT * FROM %[1]s", name))
	}
	if f.target.Mode == connectors.Upsert || f.target.Mode == connectors.History { // by a cursor as well
		f.incremental("id")
	}
	f.must(t)
	execute(t, admin, fmt.Sprintf("UPDATE %s SET %s = 7 WHERE id = 4; INSERT INTO %[1]s (id) VALUES (5)", name, pgx.Identifier{words[0]}.Sanitize()))
	if rejects > 0 {
		execute(t, admin, fmt.Sprintf("INSERT INTO %s (id) VALUES (NULL), (6); ALTER TABLE dwh.%[1]s ADD CHECK (id <> 6)", name))
	}
	f.target.Nulls, f.selection.Nulls = connectors.NullsInclude, connectors.NullsInclude
	r := f.must(t)
	if rejects > 0 && r.Rejected == 0 && f.target.Mode != connectors.Update && f.target.Mode != connectors.Delete {
		t.Errorf("no row was rejected: %+v", r.Counts)
	}
}

// TestTablesOfTheMostColumns loads as many columns as a table may have, in every mode, and
// refuses more before a row moves.
func TestTablesOfTheMostColumns(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "")
	wide := func(name string, columns int) []string {
		names := make([]string, columns-1)
		for i := range names {
			names[i] = fmt.Sprintf("c%d", i)
		}
		execute(t, admin, fmt.Sprintf("CREATE TABLE %s (id int, %s smallint); INSERT INTO %[1]s SELECT id FROM generate_series(1, 4) id", name, strings.Join(names, " smallint, ")))
		return names
	}
	all, most := wide("most", maxColumns), wide("versions", maxColumns-2)
	for i, mode := range gridModes() {
		for j, rejects := range []int64{0, 5} {
			if !cells.Visited(2, i+j) {
				continue
			}
			t.Run(fmt.Sprintf("%s rejects %d", mode, rejects), func(t *testing.T) {
				if mode == string(connectors.History) {
					loadWords(t, c, admin, "versions", most, mode, rejects)
					return
				}
				loadWords(t, c, admin, "most", all, mode, rejects)
			})
		}
	}
	execute(t, admin, "DROP SCHEMA dwh CASCADE; CREATE SCHEMA dwh")
	_, err := into(c, "most", connectors.History, "id").move(t)
	wantRefusal(t, err, connectors.Config, "1602 columns", "at most 1600")
}
