package postgres

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"leat/connectors"
)

// relatives make a parent with a child and a grandchild that repeat keys.
const relatives = `CREATE TABLE p (id int PRIMARY KEY, v text); CREATE TABLE k (PRIMARY KEY (id)) INHERITS (p); CREATE TABLE g (PRIMARY KEY (id)) INHERITS (k);
	INSERT INTO p VALUES (1, 'p'), (2, 'p'); INSERT INTO k VALUES (2, 'k'), (3, 'k'); INSERT INTO g VALUES (3, 'g'), (4, 'g'); ANALYZE`

// TestAFamilyIsReadAsPsqlReadsIt reads a table with those that inherit from it, and alone.
func TestAFamilyIsReadAsPsqlReadsIt(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, relatives)
	for _, s := range []struct {
		name  string
		only  bool
		rows  int
		loose bool
	}{{"p", false, 6, true}, {"p", true, 2, false}, {"k", false, 4, true}, {"k", true, 2, false}, {"g", false, 2, false}, {"g", true, 2, false}} {
		selection := table(s.name)
		selection.Dataset.Only = s.only
		selection.Cursor = "id"
		d, err := c.Describe(t.Context(), selection.Dataset)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(d.Schema.Key, []string{"id"}) || d.Schema.KeyLoose != s.loose || d.EstimatedRows != int64(s.rows) {
			t.Errorf("%s, only %t: key %q, loose %t, about %d rows", s.name, s.only, d.Schema.Key, d.Schema.KeyLoose, d.EstimatedRows)
		}
		if got := readAll(t, c, connectors.Want{}, selection)[0]; len(got.rows) != s.rows {
			t.Errorf("%s, only %t: %d rows, want %d", s.name, s.only, len(got.rows), s.rows)
		}
	}
	listed, err := c.Datasets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, info := range listed {
		got = append(got, fmt.Sprint(info.Name, info.Children))
	}
	if want := "g[] k[public.g] p[public.k]"; strings.Join(got, " ") != want {
		t.Errorf("the families are %s, want %s", got, want)
	}
}

// TestChildrenThatCannotBeReadAreKnown lists a family to a user who may not read all of it.
func TestChildrenThatCannotBeReadAreKnown(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, relatives)
	listed, err := limited(t, c, admin, "GRANT SELECT ON p, g TO").Datasets(t.Context())
	if err != nil || len(listed) != 2 {
		t.Fatalf("%v, %v", listed, err)
	}
	if got := fmt.Sprint(listed[1].Children); got != "[public.k public.g]" {
		t.Errorf("the children of p are %s", got)
	}
}

// TestKeysOfAFamilyRepeat loads a family by a key that each of its tables has.
func TestKeysOfAFamilyRepeat(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; "+relatives)
	r := into(c, "p", connectors.Upsert, "id").must(t)
	wantCounts(t, r, 4, 0, 2, 0, 4)
	wantRows(t, admin, "SELECT count(*) FROM dwh.p", "(4)")
}

// TestPartsOfAFamily reads a large table with a child in parallel: no row is missing and
// none comes twice.
func TestPartsOfAFamily(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, `CREATE TABLE big AS SELECT g AS id, repeat('x', 500) AS filler FROM generate_series(1, 60000) g; CREATE TABLE more () INHERITS (big);
		INSERT INTO more SELECT g, repeat('x', 500) FROM generate_series(60001, 100000) g`)
	s := table("big")
	s.Columns, s.Parts = []string{"id"}, 3
	for only, rows := range map[bool]int{false: 100_000, true: 60_000} {
		s.Dataset.Only = only
		ids := readAll(t, c, connectors.Want{}, s)[0].column("id")
		slices.Sort(ids)
		if distinct := len(slices.Compact(slices.Clone(ids))); len(ids) != rows || distinct != rows {
			t.Errorf("only %t: %d rows, %d of them distinct", only, len(ids), distinct)
		}
	}
}

// TestHypertablesAreReadWhole makes the catalogue of TimescaleDB by hand: chunks are read
// with their table, whose key they keep together.
func TestHypertablesAreReadWhole(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, relatives+`; CREATE SCHEMA _timescaledb_catalog; CREATE TABLE _timescaledb_catalog.hypertable (id int, schema_name name, table_name name);
		INSERT INTO _timescaledb_catalog.hypertable VALUES (1, 'public', 'k')`)
	s := table("k")
	s.Dataset.Only = true
	if got := readAll(t, c, connectors.Want{}, s)[0]; len(got.rows) != 4 {
		t.Errorf("%d rows, want all 4", len(got.rows))
	}
	d, err := c.Describe(t.Context(), s.Dataset)
	if err != nil || d.Schema.KeyLoose {
		t.Errorf("the key is loose: %t (%v)", d.Schema.KeyLoose, err)
	}
	listed, err := c.Datasets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range listed {
		if info.Name == "g" || info.Name == "k" && info.Children != nil {
			t.Errorf("listed: %+v", info)
		}
	}
}
