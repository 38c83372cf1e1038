package postgres

import (
	"fmt"
	"testing"

	"leat/connectors"
)

// TestAnOlderRowNeverReplacesANewerOne reads a row without a cursor at every run, whose key
// it shares with a row that was stored.
func TestAnOlderRowNeverReplacesANewerOne(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"int", "numeric", "timestamp", "text"} {
		low, high, higher := "'5'", "'10'", "'20'"
		switch typ {
		case "timestamp":
			low, high, higher = "'2026-01-01'", "'2026-01-02'", "'2026-01-03'"
		case "text":
			low, high, higher = "'a'", "'b'", "'c'"
		}
		for _, mode := range []connectors.WriteMode{connectors.Upsert, connectors.Update, connectors.History} {
			for _, prepared := range []string{"", "PRIMARY KEY", "UNIQUE DEFERRABLE"} {
				if mode == connectors.History && prepared != "" || mode == connectors.Update && prepared == "" || typ != "int" && (mode != connectors.Upsert || prepared == "") {
					continue
				}
				t.Run(fmt.Sprintf("%s %s %s", typ, mode, prepared), func(t *testing.T) {
					c, admin := newDatabase(t, fmt.Sprintf("CREATE SCHEMA dwh; CREATE TABLE t (id int, name text, at %s); INSERT INTO t VALUES (1, 'old', NULL), (1, 'new', %s)", typ, high))
					if prepared != "" {
						execute(t, admin, fmt.Sprintf("CREATE TABLE dwh.t (id int %s, name text, at %s); INSERT INTO dwh.t VALUES (1)", prepared, typ))
					}
					f := into(c, "t", mode, "id").incremental("at")
					f.target.Nulls, f.selection.Nulls = connectors.NullsInclude, connectors.NullsInclude
					const stands = "SELECT id, name FROM dwh.t ORDER BY 1, 2"
					first := f.must(t)
					if first.Duplicate != 1 || first.Written != 1 {
						t.Errorf("first run: %+v", first.Counts)
					}
					wantCounts(t, f.must(t), 0, 1, 1, 0, 0)
					execute(t, admin, "DELETE FROM t WHERE name = 'new'") // the old row comes alone
					wantCounts(t, f.must(t), 0, 0, 1, 0, 0)
					wantRows(t, admin, stands, "(1,new)")
					execute(t, admin, fmt.Sprintf("INSERT INTO t VALUES (1, 'older', %s), (1, 'newer', %s)", low, higher))
					if r := f.must(t); r.Written != 1 || r.Duplicate != 1 {
						t.Errorf("a newer row: %+v", r.Counts)
					}
					wantRows(t, admin, "SELECT count(*) FROM dwh.t WHERE name = 'newer'", "(1)")
				})
			}
		}
	}
}

// TestACorrectedRowArrives has a cursor that went back: where the source enforces the key,
// and in a full refresh, the row that was read is the right one.
func TestACorrectedRowArrives(t *testing.T) {
	t.Parallel()
	for _, mode := range []connectors.WriteMode{connectors.Upsert, connectors.Update, connectors.History} {
		for name, key := range map[string]string{"enforced": "PRIMARY KEY", "full refresh": ""} {
			t.Run(fmt.Sprintf("%s %s", mode, name), func(t *testing.T) {
				c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t (id int "+key+", name text, at int); INSERT INTO t VALUES (1, 'first', 9), (2, 'x', 9)")
				f := into(c, "t", connectors.Upsert, "id").incremental("at")
				f.target.Overlap = "100"
				f.target.Mode = mode
				if mode == connectors.Update {
					execute(t, admin, "CREATE TABLE dwh.t (id int, name text, at int); INSERT INTO dwh.t VALUES (1), (2)")
				}
				f.must(t)
				execute(t, admin, "UPDATE t SET name = 'corrected', at = 5 WHERE id = 1")
				f.target.FullRefresh = key == ""
				if r := f.must(t); r.Written != 1 || r.Duplicate != 0 {
					t.Errorf("%+v", r.Counts)
				}
				wantRows(t, admin, "SELECT count(*) FROM dwh.t WHERE name = 'corrected'", "(1)")
			})
		}
	}
}

// TestAnOlderRowKeepsItsVersionOpen reads all rows again: the key is not absent.
func TestAnOlderRowKeepsItsVersionOpen(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t (id int, name text, at int); INSERT INTO t VALUES (1, 'new', 9), (2, 'x', 9)")
	f := into(c, "t", connectors.History, "id").incremental("at")
	f.must(t)
	execute(t, admin, "UPDATE t SET name = 'old', at = 5 WHERE id = 1")
	f.target.Fingerprint = "changed"
	wantCounts(t, f.must(t), 0, 1, 1, 0, 0)
	wantRows(t, admin, "SELECT id, name FROM dwh.t WHERE valid_to IS NULL", "(1,new)\n(2,x)")
}

// TestACursorInATextIsOrderedAsANumber has 9 and 10, whose digits are ordered otherwise.
func TestACursorInATextIsOrderedAsANumber(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"int", "numeric", "numeric(9,2)"} {
		t.Run(typ, func(t *testing.T) {
			c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t (id int, name text, at "+typ+"); CREATE TABLE dwh.t (id int, name text, at text); INSERT INTO t VALUES (1, 'ten', 10), (1, 'nine', 9)")
			f := into(c, "t", connectors.Upsert, "id").incremental("at")
			f.target.Overlap = "5"
			f.must(t)
			wantRows(t, admin, "SELECT name FROM dwh.t", "(ten)")
			execute(t, admin, "DELETE FROM t WHERE name = 'ten'")
			wantCounts(t, f.must(t), 0, 0, 1, 0, 0)
			execute(t, admin, "INSERT INTO t VALUES (1, 'hundred', 100)")
			f.must(t)
			wantRows(t, admin, "SELECT name FROM dwh.t", "(hundred)")
		})
	}
}

// TestAnOlderRowBesideATriggerIsTold names what may have changed the cursor.
func TestAnOlderRowBesideATriggerIsTold(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE SCHEMA dwh; CREATE TABLE t (id int, name text, at int); INSERT INTO t VALUES (1, 'a', 1); CREATE TABLE dwh.t (id int PRIMARY KEY, name text, at int);
		CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.at := 1000; RETURN NEW; END';
		CREATE TRIGGER stamps BEFORE INSERT ON dwh.t FOR EACH ROW EXECUTE PROCEDURE stamp()`)
	f := into(c, "t", connectors.Upsert, "id").incremental("at")
	f.must(t)
	execute(t, admin, "UPDATE t SET name = 'b', at = 2")
	r := f.must(t)
	wantCounts(t, r, 0, 0, 1, 0, 0)
	wantWarning(t, r, `"stamps"`, "compare_without", "1 rows")
	f.target.CompareWithout = []string{"at"}
	execute(t, admin, "UPDATE t SET name = 'c', at = 3")
	if r := f.must(t); r.Written != 1 {
		t.Errorf("%+v", r.Counts)
	}
	wantRows(t, admin, "SELECT name FROM dwh.t", "(c)")
}
