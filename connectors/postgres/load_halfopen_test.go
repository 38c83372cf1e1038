package postgres

import (
	"fmt"
	"testing"

	"leat/connectors"
)

// halfOpen makes the flow read by a cursor without any overlap.
func (f *flow) halfOpen(nulls connectors.NullPolicy) *flow {
	f.incremental("at")
	f.target.Overlap, f.target.Nulls, f.selection.Nulls = connectors.OverlapNone, nulls, nulls
	return f
}

// TestRowsThatNoCursorOrdersComeOnce reads rows with NULL and with endless cursors at every
// run. By their key they are known; without a key the run fails with their number.
func TestRowsThatNoCursorOrdersComeOnce(t *testing.T) {
	t.Parallel()
	for typ, values := range map[string][4]string{
		"timestamptz": {"2026-01-01", "2026-01-02", "infinity", "-infinity"}, "timestamp": {"2026-01-01", "2026-01-02", "infinity", "-infinity"},
		"date": {"2026-01-01", "2026-01-02", "infinity", "-infinity"}, "numeric": {"1", "2", "NaN", "NaN"}, "numeric(9,2)": {"1", "2", "NaN", "NaN"},
	} {
		for _, layout := range []connectors.TableLayout{connectors.LayoutColumns, connectors.LayoutRaw} {
			if layout == connectors.LayoutRaw && typ != "numeric" {
				continue // a document holds no endless time
			}
			t.Run(fmt.Sprintf("%s %s", typ, layout), func(t *testing.T) {
				c, admin := newDatabase(t, fmt.Sprintf(`CREATE SCHEMA dwh; CREATE TABLE t (id int, at %s);
					INSERT INTO t VALUES (1, '%s'), (2, '%s'), (3, '%s'), (4, '%s'), (5, NULL)`, typ, values[0], values[1], values[2], values[3]))
				keyed := into(c, "t", connectors.Insert, "id").halfOpen(connectors.NullsInclude)
				keyed.target.Layout = layout
				wantCounts(t, keyed.must(t), 4, 0, 0, 0, 4) // the row at the highest cursor waits
				wantCounts(t, keyed.must(t), 0, 0, 3, 0, 0)
				execute(t, admin, "INSERT INTO t VALUES (6, NULL), (7, '"+values[2]+"')")
				wantCounts(t, keyed.must(t), 2, 0, 3, 0, 2)

				keyless := into(c, "t", connectors.Insert).halfOpen(connectors.NullsInclude)
				keyless.target.Layout = layout
				keyless.target.StateKey, keyless.target.Table.Name = "test/keyless", "keyless"
				for range 2 { // neither into a new table nor into one that stands
					_, err := keyless.move(t)
					wantRefusal(t, err, connectors.Data, "5 rows", `"at"`, "nulls: exclude", "unique columns")
					execute(t, admin, "DROP TABLE IF EXISTS dwh.keyless; CREATE TABLE dwh.keyless (LIKE dwh.t)")
				}
				keyless.halfOpen(connectors.NullsExclude)
				wantCounts(t, keyless.must(t), 1, 0, 0, 0, 1)
				wantCounts(t, keyless.must(t), 0, 0, 0, 0, 0)
			})
		}
	}
}

// TestRowsWithoutAnyCursorComeOnce has nothing but NULL, so that every read is a first one.
func TestRowsWithoutAnyCursorComeOnce(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t (id int, at timestamptz); INSERT INTO t VALUES (1, NULL), (2, NULL)")
	keyed := into(c, "t", connectors.Insert, "id").halfOpen("")
	wantCounts(t, keyed.must(t), 2, 0, 0, 0, 2)
	wantCounts(t, keyed.must(t), 0, 0, 2, 0, 0)
	keyless := into(c, "t", connectors.Insert).halfOpen("")
	keyless.target.StateKey, keyless.target.Table.Name = "test/keyless", "keyless"
	_, err := keyless.move(t)
	wantRefusal(t, err, connectors.Data, "2 rows")
	execute(t, admin, "INSERT INTO t VALUES (3, '2026-01-01'), (4, '2026-01-02')")
	wantCounts(t, keyless.must(t), 3, 0, 0, 0, 3) // later reads leave them out by themselves
	wantCounts(t, keyless.must(t), 0, 0, 0, 0, 0)
}

// TestAHalfOpenInsertNeedsNoLook loads as a role that may only insert, as long as no row
// has to be looked up.
func TestAHalfOpenInsertNeedsNoLook(t *testing.T) {
	t.Parallel()
	_, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t (id int, at timestamptz); CREATE TABLE dwh.t (id int, at timestamptz); INSERT INTO t VALUES (1, '2026-01-01'), (2, '2026-01-02')")
	c, _ := role(t, admin, "GRANT CREATE, USAGE ON SCHEMA dwh TO $ROLE; GRANT INSERT ON dwh.t TO $ROLE; GRANT SELECT ON t TO $ROLE")
	f := into(c, "t", connectors.Insert, "id").halfOpen("")
	wantCounts(t, f.must(t), 1, 0, 0, 0, 1)
	execute(t, admin, "INSERT INTO t VALUES (3, 'infinity')")
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Data, "1 rows")
	f.incremental("at").target.Overlap = ""
	_, err = f.move(t)
	wantRefusal(t, err, connectors.Config, "GRANT", "SELECT")
}

// TestRejectsDoNotAppendKnownRows reads the row at the position again while rows may be
// rejected.
func TestRejectsDoNotAppendKnownRows(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, shop)
	f := into(c, "t", connectors.Insert, "id").incremental("at")
	f.target.RejectLimit = 10
	wantCounts(t, f.must(t), 10, 0, 0, 0, 10)
	wantCounts(t, f.must(t), 0, 0, 1, 0, 0)
}

// TestNullKeysAreNotAppendedAgain has no way to tell such rows from known ones.
func TestNullKeysAreNotAppendedAgain(t *testing.T) {
	t.Parallel()
	for _, overlap := range []string{"", connectors.OverlapNone} {
		c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t (id int, at timestamptz); INSERT INTO t VALUES (1, '2026-01-01'), (NULL, 'infinity')")
		f := into(c, "t", connectors.Insert, "id").incremental("at")
		f.target.Overlap = overlap
		f.must(t)
		_, err := f.move(t)
		wantRefusal(t, err, connectors.Data, "NULL", "id")
		wantRows(t, admin, "SELECT count(*) FROM dwh.t WHERE id IS NULL", "(1)")
	}
}

// TestAChangedSelectionOfAnInsertGoesOn changes the columns, and then what is read.
func TestAChangedSelectionOfAnInsertGoesOn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		overlap string
		layout  connectors.TableLayout
		again   int64
	}{{connectors.OverlapNone, connectors.LayoutColumns, 0}, {connectors.OverlapNone, connectors.LayoutRaw, 0}, {"", connectors.LayoutRaw, 1}} {
		t.Run(fmt.Sprintf("overlap %q %s", test.overlap, test.layout), func(t *testing.T) {
			c, admin := newDatabase(t, shop)
			execute(t, admin, "INSERT INTO t VALUES (11, 'waits', '2027-01-01')")
			f := into(c, "t", connectors.Insert, "id").incremental("at")
			f.target.Overlap, f.target.Layout, f.target.Fingerprint = test.overlap, test.layout, "all.origin"
			first := f.must(t).Written
			f.selection.Columns, f.target.Fingerprint = []string{"id", "at"}, "two.origin"
			wantCounts(t, f.must(t), 0, 0, test.again, 0, 0)
			f.target.Fingerprint = "two.other"
			_, err := f.move(t)
			wantRefusal(t, err, connectors.Config, "another dataset", "leat state")
			wantRows(t, admin, "SELECT count(*) FROM dwh.t", fmt.Sprintf("(%d)", first))
			execute(t, admin, "DROP TABLE dwh.t")
			f.must(t) // nothing is there that could come again
		})
	}
}

// TestAFullRefreshOfAnInsertIsRefused keeps rows from being appended again.
func TestAFullRefreshOfAnInsertIsRefused(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	for name, f := range map[string]*flow{
		"whole": into(c, "t", connectors.Insert), "half-open": into(c, "t", connectors.Insert).halfOpen(""), "keyed": into(c, "t", connectors.Insert, "id").incremental("at"),
	} {
		f.target.StateKey, f.target.Table.Name = "test/"+name, name
		f.target.FullRefresh = true
		first := f.must(t)
		_, err := f.move(t)
		wantRefusal(t, err, connectors.Config, "full refresh", "again", "Empty the table")
		execute(t, admin, fmt.Sprintf("DELETE FROM dwh.%q", name))
		if again := f.must(t); again.Written != first.Written {
			t.Errorf("%s: %d rows into the empty table, want %d", name, again.Written, first.Written)
		}
	}
}

// TestAnInsertByXminIsRefused names what else there is.
func TestAnInsertByXminIsRefused(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, shop)
	for _, overlap := range []string{"", connectors.OverlapNone} {
		f := into(c, "t", connectors.Insert, "id").incremental(connectors.CursorXmin)
		f.target.Overlap = overlap
		_, err := f.move(t)
		wantRefusal(t, err, connectors.Config, "xmin", "upsert")
	}
}
