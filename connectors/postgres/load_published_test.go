package postgres

import (
	"testing"

	"leat/connectors"
	"leat/internal/testdb"
)

func TestPublishedTablesNeedAnIdentity(t *testing.T) {
	t.Parallel()
	server := testdb.Start(t, testdb.Options{Settings: map[string]string{"wal_level": "logical"}})
	url := server.URL(server.CreateDatabase(t))
	admin, c := testdb.Connect(t, url), open(t, url)
	execute(t, admin, shop+`; CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'insert, update, delete')`)
	const fix = `ALTER TABLE "dwh"."t" REPLICA IDENTITY FULL;`
	for _, mode := range connectors.WriteModes() {
		t.Run(string(mode), func(t *testing.T) {
			execute(t, admin, "DROP TABLE IF EXISTS dwh.t, dwh._leat_state, dwh._leat_loads; CREATE TABLE dwh.t (id int NOT NULL, name text, at timestamp); INSERT INTO dwh.t VALUES (1, 'old', NULL)")
			if mode == connectors.History {
				execute(t, admin, "ALTER TABLE dwh.t ADD valid_from timestamptz DEFAULT '2020-01-01', ADD valid_to timestamptz")
			}
			f := into(c, "t", mode, "id")
			_, err := f.move(t)
			if mode == connectors.Insert || mode == connectors.InsertIgnore {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantRefusal(t, err, connectors.Config, "dwh.t", "replica identity", fix)
			execute(t, admin, fix)
			f.must(t)
		})
	}
}

func TestAPolicyThatRefusesARowIsNamed(t *testing.T) {
	t.Parallel()
	_, admin := newDatabase(t, shop+`; CREATE TABLE dwh.t (id int, name text, at timestamp); ALTER TABLE dwh.t ENABLE ROW LEVEL SECURITY;
		CREATE POLICY p ON dwh.t USING (id < 5)`)
	c, _ := role(t, admin, seedGrants)
	_, err := into(c, "t", connectors.Upsert, "id").move(t)
	wantRefusal(t, err, connectors.Permission, "row security hides rows of dwh.t", "as long as the policies let this user insert every row")
	_, err = into(c, "t", connectors.Insert).move(t)
	wantRefusal(t, err, connectors.Permission, "does not let this user write one of the rows", "WITH CHECK")
	execute(t, admin, "DROP POLICY p ON dwh.t; CREATE POLICY p ON dwh.t FOR INSERT WITH CHECK (id < 50)")
	into(c, "t", connectors.Insert).must(t)
}
