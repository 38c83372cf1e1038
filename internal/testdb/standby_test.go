package testdb_test

import (
	"testing"

	"leat/internal/testdb"
)

func TestStandbyFollowsAndTakesOver(t *testing.T) {
	primary := testdb.Start(t, testdb.Options{})
	database := primary.CreateDatabase(t)
	primary.Exec(t, database, "CREATE TABLE kept AS SELECT 1 AS id")
	standby := primary.Standby(t, map[string]string{"work_mem": "3MB"})
	primary.Exec(t, database, "INSERT INTO kept VALUES (2)")
	standby.CatchUp(t, primary)
	if got := queryInt(t, standby.URL(database), "SELECT sum(id) FROM kept WHERE pg_is_in_recovery() AND current_setting('work_mem') = '3MB'"); got != 3 {
		t.Errorf("the sum at the standby is %d, want 3", got)
	}
	_, err := testdb.Connect(t, standby.URL(database)).Exec(t.Context(), "INSERT INTO kept VALUES (3)")
	wantCode(t, err, "25006")
	primary.Stop(t, true)
	standby.Promote(t)
	standby.Exec(t, database, "INSERT INTO kept VALUES (3)")
	if got := queryInt(t, standby.URL(database), "SELECT sum(id) FROM kept"); got != 6 {
		t.Errorf("the sum after the promotion is %d, want 6", got)
	}
}
