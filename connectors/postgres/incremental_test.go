package postgres

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
	"leat/record/pgbinary"
)

// since reads a table incrementally and returns the sorted ids and the new position.
func since(t *testing.T, c *connection, s connectors.Selection) ([]string, connectors.Position) {
	t.Helper()
	got := readAll(t, c, connectors.Want{}, s)[0]
	ids := got.column("id")
	slices.Sort(ids)
	if ids == nil {
		ids = []string{}
	}
	return ids, got.checkpoint.Position
}

func cursorOn(name, column string) connectors.Selection {
	s := table(name)
	s.Cursor = column
	return s
}

// TestCursorTypes reads, adds a row one step later, and reads again, for every type of
// cursor. Rows equal to the position come again.
func TestCursorTypes(t *testing.T) {
	t.Parallel()
	for typ, values := range map[string][3]string{
		"int2": {"-1", "5", "6"}, "int4": {"1", "5", "6"}, "bigint": {"1", "9223372036854775806", "9223372036854775807"},
		"numeric(20,6)": {"1", "5.000001", "5.000002"}, "numeric": {"-1", "0", "0.00000000000000000000000000001"},
		"date": {"2026-01-01", "2026-01-02", "2026-01-03"}, "timestamp": {"2026-01-01", "2026-01-01 00:00:00.000001", "2026-01-01 00:00:00.000002"},
		"timestamptz(3)": {"2026-01-01", "2026-03-29 00:59:59.999Z", "2026-03-29 01:00:00Z"}, "text": {"a", "b", "ba"}, "varchar(10)": {"", "b", "c"},
		"uuid": {"00000000-0000-0000-0000-000000000001", "a0000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
	} {
		t.Run(typ, func(t *testing.T) {
			c, admin := newDatabase(t, fmt.Sprintf("CREATE TABLE t (id int, c %s); INSERT INTO t VALUES (1, '%s'), (2, '%s'), (3, NULL)", typ, values[0], values[1]))
			s := cursorOn("t", "c")
			ids, position := since(t, c, s)
			if diff := cmp.Diff([]string{"1", "2", "3"}, ids); diff != "" {
				t.Errorf("first read (-want +got):\n%s", diff)
			}
			s.Position = position
			ids, again := since(t, c, s)
			if diff := cmp.Diff([]string{"2"}, ids); diff != "" || again != position {
				t.Errorf("nothing new: position %s became %s (-want +got):\n%s", position, again, diff)
			}
			if _, err := admin.Exec(t.Context(), fmt.Sprintf("INSERT INTO t VALUES (4, '%s'), (5, '%s')", values[1], values[2])); err != nil {
				t.Fatal(err)
			}
			ids, s.Position = since(t, c, s)
			if diff := cmp.Diff([]string{"2", "4", "5"}, ids); diff != "" {
				t.Errorf("third read (-want +got):\n%s", diff)
			}
			if ids, _ = since(t, c, s); !slices.Equal(ids, []string{"5"}) {
				t.Errorf("after the last: %v", ids)
			}
		})
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE TABLE t (id int, at timestamptz, n int, d date, big numeric);
		INSERT INTO t SELECT g, timestamptz '2026-01-01 00:00Z' + g * interval '1 minute', g, date '2026-01-01' + g, g FROM generate_series(1, 10) g`)
	for _, test := range []struct {
		column, overlap string
		want            []string
	}{
		{"at", "", []string{"10"}},
		{"at", "0", []string{"10"}},
		{"at", "2m", []string{"10", "8", "9"}},
		{"at", "150s", []string{"10", "8", "9"}},
		{"n", "2", []string{"10", "8", "9"}},
		{"n", "0.5", []string{"10", "9"}},
		{"n", "99999999999", []string{"1", "10", "2", "3", "4", "5", "6", "7", "8", "9"}},
		{"d", "2d", []string{"10", "8", "9"}},
		{"d", "1h", []string{"10", "9"}},
		{"d", "1w", []string{"10", "3", "4", "5", "6", "7", "8", "9"}},
		{"at", "1d", []string{"1", "10", "2", "3", "4", "5", "6", "7", "8", "9"}},
		{"big", "1.5", []string{"10", "9"}},
	} {
		s := cursorOn("t", test.column)
		s.Overlap = test.overlap
		_, s.Position = since(t, c, s)
		if ids, _ := since(t, c, s); !slices.Equal(ids, test.want) {
			t.Errorf("%s overlap %q: read %v, want %v", test.column, test.overlap, ids, test.want)
		}
	}
	for column, overlap := range map[string]string{"at": "five", "n": "5m", "d": "-1h", "big": "NaN"} {
		s := cursorOn("t", column)
		s.Overlap = overlap
		_, err := tryRead(t, c, connectors.Want{}, s)
		wantKind(t, err, connectors.Config)
	}
	s := cursorOn("t", "n")
	s.Overlap = "none"
	ids, position := since(t, c, s)
	if len(ids) != 9 || slices.Contains(ids, "10") {
		t.Errorf("half-open: read %v, the highest row must wait", ids)
	}
	s.Position = position
	if ids, again := since(t, c, s); len(ids) != 0 || again != position {
		t.Errorf("half-open and nothing new: read %v, position %s became %s", ids, position, again)
	}
	if _, err := admin.Exec(t.Context(), "INSERT INTO t (id, n) VALUES (11, 10), (12, 12)"); err != nil {
		t.Fatal(err)
	}
	if ids, _ := since(t, c, s); !slices.Equal(ids, []string{"10", "11"}) {
		t.Errorf("half-open, next: read %v", ids)
	}
}

func TestCursorsAtTheEndsOfTheirTypes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ typ, first, last, overlap string }{
		{"date", "4714-11-24 BC", "5874897-12-31", "2w"},
		// The last time that a batch of microseconds since 1970 holds; the server's is 29 years later.
		{"timestamp", "4714-11-24 00:00:00 BC", "294247-01-10 04:00:54.775806", "1d"},
		{"timestamptz", "4714-11-24 00:00:00+00 BC", "294247-01-10 04:00:54.775806+00", "100000d"},
		{"int2", "-32768", "32767", "5"},
		{"int8", "-9223372036854775808", "9223372036854775807", "5"},
	} {
		for _, overlap := range []string{"", test.overlap, "none"} {
			t.Run(test.typ+" "+overlap, func(t *testing.T) {
				c, admin := newDatabase(t, fmt.Sprintf("CREATE TABLE t (id int, c %s); INSERT INTO t VALUES (1, '%s')", test.typ, test.first))
				s := cursorOn("t", "c")
				s.Overlap = overlap
				known := []string{"1"}
				if overlap == "none" { // the newest rows wait
					known = nil
				}
				ids, position := since(t, c, s)
				if s.Position = position; !slices.Equal(ids, known) {
					t.Errorf("first read: %v", ids)
				}
				if ids, s.Position = since(t, c, s); !slices.Equal(ids, known) {
					t.Errorf("at the first value: %v", ids)
				}
				if _, err := admin.Exec(t.Context(), fmt.Sprintf("INSERT INTO t VALUES (2, '%s')", test.last)); err != nil {
					t.Fatal(err)
				}
				if ids, s.Position = since(t, c, s); !slices.Contains(ids, "2") && overlap != "none" {
					t.Errorf("a row at the last value: %v, %s", ids, s.Position)
				}
				want := []string{"2"}
				if overlap == "none" {
					want = nil
				}
				if ids, _ = since(t, c, s); !slices.Equal(ids, want) {
					t.Errorf("behind the last value: %v", ids)
				}
			})
		}
	}
}

// TestCursorsBeyondTheTimesOfArrow reads the server's last times, which only batches in its
// own layout hold, so that their rows are counted here.
func TestCursorsBeyondTheTimesOfArrow(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"timestamp", "timestamptz"} {
		for _, overlap := range []string{"", "1d", "15000w"} {
			t.Run(typ+" "+overlap, func(t *testing.T) {
				c, _ := newDatabase(t, fmt.Sprintf("CREATE TABLE t (id int, c %s); INSERT INTO t VALUES (1, '294276-12-31 23:59:59.999999Z')", typ))
				s := cursorOn("t", "c")
				s.Overlap = overlap
				for range 2 {
					got := readAll(t, c, connectors.Want{Layouts: []string{pgbinary.Name}, System: Kind}, s)[0]
					if got.checkpoint.Rows != 1 {
						t.Errorf("read %d rows", got.checkpoint.Rows)
					}
					s.Position = got.checkpoint.Position
				}
			})
		}
	}
}

func TestNullCursors(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, "CREATE TABLE t (id int, n int); INSERT INTO t VALUES (1, 1), (2, NULL)")
	for _, test := range []struct {
		policy       connectors.NullPolicy
		first, later []string
	}{
		{"", []string{"1", "2"}, []string{"1"}}, {connectors.NullsInclude, []string{"1", "2"}, []string{"1", "2"}}, {connectors.NullsExclude, []string{"1"}, []string{"1"}},
	} {
		s := cursorOn("t", "n")
		s.Nulls = test.policy
		ids, position := since(t, c, s)
		s.Position = position
		later, _ := since(t, c, s)
		if !slices.Equal(ids, test.first) || !slices.Equal(later, test.later) {
			t.Errorf("%q: read %v then %v, want %v then %v", test.policy, ids, later, test.first, test.later)
		}
	}
	s := cursorOn("t", "n")
	s.Nulls = connectors.NullsFail
	_, err := tryRead(t, c, connectors.Want{}, s)
	wantKind(t, err, connectors.Data)
}

// TestEndlessCursors proves that infinity does not stop the cursor for ever.
func TestEndlessCursors(t *testing.T) {
	t.Parallel()
	endless := "Infinity"
	if serverVersion(t) < 140_000 { // its numbers are all finite, or none at all
		endless = "NaN"
	}
	c, admin := newDatabase(t, "CREATE TABLE t (id int, at date, n numeric); INSERT INTO t VALUES (1, '2026-01-01', 1), (2, 'infinity', 'NaN'), (3, 'infinity', '"+endless+"')")
	for _, column := range []string{"at", "n"} {
		s := cursorOn("t", column)
		s.Columns = []string{"id"}
		ids, position := since(t, c, s)
		if !slices.Equal(ids, []string{"1", "2", "3"}) {
			t.Errorf("%s: first read %v", column, ids)
		}
		if _, err := admin.Exec(t.Context(), "INSERT INTO t VALUES (4, '2026-01-02', 2)"); err != nil {
			t.Fatal(err)
		}
		s.Position = position
		if ids, _ := since(t, c, s); !slices.Equal(ids, []string{"1", "2", "3", "4"}) {
			t.Errorf("%s: then %v", column, ids)
		}
		if _, err := admin.Exec(t.Context(), "DELETE FROM t WHERE id = 4"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPositionNeverMovesBack deletes the rows at the position.
func TestPositionNeverMovesBack(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE TABLE t (id int, n int); INSERT INTO t VALUES (1, 1), (2, 9)")
	s := cursorOn("t", "n")
	_, s.Position = since(t, c, s)
	if _, err := admin.Exec(t.Context(), "DELETE FROM t WHERE n = 9"); err != nil {
		t.Fatal(err)
	}
	if ids, position := since(t, c, s); len(ids) != 0 || position != s.Position {
		t.Errorf("read %v, position %s became %s", ids, s.Position, position)
	}
	if _, err := admin.Exec(t.Context(), "ALTER TABLE t ALTER n TYPE bigint; INSERT INTO t VALUES (3, 10)"); err != nil {
		t.Fatal(err)
	}
	if ids, _ := since(t, c, s); !slices.Equal(ids, []string{"3"}) {
		t.Errorf("after the cursor became wider: read %v", ids)
	}
	if _, err := admin.Exec(t.Context(), "ALTER TABLE t ALTER n TYPE text"); err != nil {
		t.Fatal(err)
	}
	_, err := tryRead(t, c, connectors.Want{}, s)
	wantKind(t, err, connectors.Config)
	s.Position = "{"
	_, err = tryRead(t, c, connectors.Want{}, s)
	wantKind(t, err, connectors.Config)
}

// TestBoundIsInsideTheSnapshot commits a row between the bound and the rows.
func TestBoundIsInsideTheSnapshot(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE TABLE t (id int, n int); INSERT INTO t VALUES (1, 1)")
	r, err := c.Read(t.Context(), []connectors.Selection{cursorOn("t", "n")}, connectors.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := admin.Exec(t.Context(), "INSERT INTO t VALUES (2, 2)"); err != nil {
		t.Fatal(err)
	}
	var position connectors.Position
	rows := 0
	for {
		event, err := r.Next(t.Context())
		if err != nil {
			break
		}
		if event.Batch != nil {
			rows += event.Batch.Rows()
			event.Batch.Release()
		}
		if event.Checkpoint != nil {
			position = event.Checkpoint.Position
		}
	}
	s := cursorOn("t", "n")
	s.Position = position
	if ids, _ := since(t, c, s); rows != 1 || !slices.Contains(ids, "2") {
		t.Errorf("read %d rows, then %v: the late row is lost", rows, ids)
	}
}

// TestXmin runs alone: this position is the oldest transaction of the whole server, so that
// those of other tests would hold it back.
func TestXmin(t *testing.T) {
	c, admin := newDatabase(t, "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2); CREATE VIEW v AS TABLE t")
	s := cursorOn("t", connectors.CursorXmin)
	ids, position := since(t, c, s)
	if !slices.Equal(ids, []string{"1", "2"}) {
		t.Errorf("first read %v", ids)
	}
	s.Position = position
	if ids, again := since(t, c, s); len(ids) != 0 || again != position {
		t.Errorf("nothing new: read %v, position %s became %s", ids, position, again)
	}
	// A transaction that began before the next read and commits after it is not lost.
	late, err := admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := late.Exec(t.Context(), "UPDATE t SET id = 20 WHERE id = 2"); err != nil {
		t.Fatal(err)
	}
	other, _ := newSession(t, c)
	if _, err := other.Exec(t.Context(), "INSERT INTO t VALUES (3)"); err != nil {
		t.Fatal(err)
	}
	if ids, s.Position = since(t, c, s); !slices.Equal(ids, []string{"3"}) {
		t.Errorf("while a transaction is open: read %v", ids)
	}
	if err := late.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ids, _ := since(t, c, s); !slices.Contains(ids, "20") || slices.Contains(ids, "1") {
		t.Errorf("after the late commit: read %v", ids)
	}
	for name, bad := range map[string]connectors.Selection{"view": cursorOn("v", "xmin"), "query": {Dataset: connectors.Dataset{Query: "SELECT 1 AS id"}, Cursor: "xmin"}} {
		_, err := tryRead(t, c, connectors.Want{}, bad)
		if found := wantKind(t, err, connectors.Config); found.Fix == "" {
			t.Errorf("%s: the error has no fix", name)
		}
	}
}
