package postgres

import (
	"context"
	"testing"

	"leat/connectors"
	"leat/record"
)

// TestCascadesAreRefused deletes rows that others refer to by a foreign key which would
// pass the deletion on.
func TestCascadesAreRefused(t *testing.T) {
	t.Parallel()
	children := map[string]string{
		"set null":    "CREATE TABLE dwh.child (t int REFERENCES dwh.t ON DELETE SET NULL)",
		"set default": "CREATE TABLE dwh.child (t int DEFAULT NULL REFERENCES dwh.t ON DELETE SET DEFAULT)",
		"two keys":    "CREATE TABLE dwh.child (t int REFERENCES dwh.t ON DELETE CASCADE, u int REFERENCES dwh.t ON DELETE CASCADE)",
	}
	if serverVersion(t) >= 110_000 { // before, a partitioned table could not refer to another
		children["partitioned"] = "CREATE TABLE dwh.child (t int REFERENCES dwh.t ON DELETE CASCADE) PARTITION BY LIST (t); CREATE TABLE dwh.half PARTITION OF dwh.child FOR VALUES IN (1)"
	}
	for name, child := range children {
		t.Run(name, func(t *testing.T) {
			c, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int PRIMARY KEY, name text, at timestamp); INSERT INTO dwh.t VALUES (1, 'old'), (50, 'gone'); "+child+"; INSERT INTO dwh.child (t) VALUES (1)")
			_, err := into(c, "t", connectors.Delete, "id").move(t)
			wantRefusal(t, err, connectors.Data, "1 rows of other tables", "foreign key", "dwh.child", "upsert")
			wantRows(t, admin, "SELECT t FROM dwh.child", "(1)")
			wantRows(t, admin, "SELECT id FROM dwh.t", "(1)\n(50)")
			execute(t, admin, "DELETE FROM dwh.child")
			wantCounts(t, into(c, "t", connectors.Delete, "id").must(t), 1, 0, 0, 9, 1)
		})
	}
}

// A server that does not count cannot tell whether rows went along.
func TestCascadesNeedTheServersCounts(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int PRIMARY KEY, name text, at timestamp); CREATE TABLE dwh.child (t int REFERENCES dwh.t ON DELETE CASCADE)")
	execute(t, admin, "ALTER DATABASE "+admin.Config().Database+" SET track_counts = off")
	_, err := into(c, "t", connectors.TruncateInsert, "id").move(t)
	wantRefusal(t, err, connectors.Config, "track_counts", "dwh.child")
	into(c, "t", connectors.Upsert, "id").must(t)
}

// Rows of the other table that the same load changes itself are not taken for rows that
// went along.
func TestParentAndChildInOneLoad(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE SCHEMA dwh; CREATE TABLE dwh.parent (id bigint PRIMARY KEY); CREATE TABLE dwh.child (id bigint REFERENCES dwh.parent ON DELETE CASCADE);
		INSERT INTO dwh.parent VALUES (1), (2), (3); INSERT INTO dwh.child VALUES (1), (2)`)
	schema := record.Schema{Columns: []record.Column{{Name: "id", Type: record.Int64}}}
	target := func(name string) connectors.Target {
		return connectors.Target{
			Table: connectors.Table{Schema: "dwh", Name: name}, StateKey: "family/" + name, Schema: schema, SourceKind: "other",
			Mode: connectors.Delete, Unique: []string{"id"},
		}
	}
	l, err := c.Begin(deadline(t), connectors.LoadID{Installation: testInstallation, Flow: "family", Run: "1"}, []connectors.Target{target("child"), target("parent")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Abort(context.WithoutCancel(t.Context())) }()
	for i, id := range []int64{1, 1} {
		if err := l.Announce(t.Context(), i, schema); err != nil {
			t.Fatal(err)
		}
		if err := l.Write(t.Context(), i, 0, numbers(schema, id)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Commit(t.Context(), []connectors.Close{{RowsRead: 1}, {RowsRead: 1}}); err != nil {
		t.Fatal(err)
	}
	wantRows(t, admin, "SELECT id FROM dwh.parent", "(2)\n(3)")
	wantRows(t, admin, "SELECT id FROM dwh.child", "(2)")
}
