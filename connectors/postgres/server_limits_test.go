package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/internal/testdb"
)

// setRole changes a setting or a limit of the role that a connection logs in as.
func setRole(t *testing.T, admin *pgx.Conn, name, change string) {
	t.Helper()
	execute(t, admin, "ALTER ROLE "+pgx.Identifier{name}.Sanitize()+" "+change)
}

// TestAReadOnlyRoleLoadsNothing refuses it at its first run and, when Leat's tables are
// there, at every other one.
func TestAReadOnlyRoleLoadsNothing(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int PRIMARY KEY, name text, at timestamp); INSERT INTO dwh.t VALUES (1, 'old')")
	limited, name := role(t, admin, seedGrants)
	setRole(t, admin, name, "SET default_transaction_read_only = on")
	for _, first := range []bool{true, false} {
		if !first {
			into(c, "t", connectors.Update, "id").must(t)
			execute(t, admin, "UPDATE dwh.t SET name = 'old'; GRANT ALL ON ALL TABLES IN SCHEMA dwh TO PUBLIC")
		}
		_, err := into(limited, "t", connectors.Upsert, "id").move(t)
		wantRefusal(t, err, connectors.Permission, "read only", `"`+name+`"`, "default_transaction_read_only = off")
		wantRows(t, admin, "SELECT id, name FROM dwh.t", "(1,old)")
	}
}

// TestNoConnectionIsLeft fills a server, and a role's own limit.
func TestNoConnectionIsLeft(t *testing.T) {
	t.Parallel()
	s := testdb.Start(t, testdb.Options{Settings: map[string]string{"max_connections": "8", "superuser_reserved_connections": "2", "max_wal_senders": "0"}})
	database, loader := s.CreateDatabase(t), s.CreateRole(t, "loader")
	admin := testdb.Connect(t, s.URL(database))
	execute(t, admin, shop+"; CREATE TABLE dwh.t (id int, name text, at timestamp); INSERT INTO dwh.t VALUES (1, 'old'); GRANT ALL ON SCHEMA dwh TO PUBLIC; GRANT ALL ON t, dwh.t TO PUBLIC")
	for _, full := range []string{"server", "role"} {
		t.Run(full, func(t *testing.T) {
			c := open(t, s.URLFor(loader, database))
			var taken []*pgx.Conn
			if full == "role" {
				setRole(t, admin, loader.Name, "CONNECTION LIMIT 1")
			} else {
				for range 3 { // with c, admin and the session of testdb that leaves the two of superusers
					taken = append(taken, testdb.Connect(t, s.URLFor(loader, database)))
				}
			}
			_, err := into(c, "t", connectors.TruncateInsert).move(t)
			wantRefusal(t, err, connectors.Throttled, "no more connections", "max_connections", "CONNECTION LIMIT")
			if !connectors.AsError(err).Retryable {
				t.Error("connections come free again, so that it is worth another try")
			}
			wantRows(t, admin, "SELECT id, name FROM dwh.t", "(1,old)")
			setRole(t, admin, loader.Name, "CONNECTION LIMIT -1")
			for _, conn := range taken {
				_ = conn.Close(t.Context())
			}
			if full == "role" {
				into(c, "t", connectors.TruncateInsert).must(t)
			}
		})
	}
}

// TestTemporaryFilesAreLimited lets an index of a new table, and a query at the source,
// need more room on disk than their role may use.
func TestTemporaryFilesAreLimited(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t AS SELECT n AS id, md5(n::text) AS v FROM generate_series(1, 100000) n")
	limited, name := role(t, admin, seedGrants)
	for _, change := range []string{"SET temp_file_limit = '256kB'", "SET maintenance_work_mem = '1MB'", "SET work_mem = '64kB'"} {
		setRole(t, admin, name, change)
	}
	f := into(limited, "t", connectors.Upsert, "id", "v")
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Throttled, "53400", "temp_file_limit", "ALTER ROLE")
	wantRows(t, admin, "SELECT to_regclass('dwh.t')", "()")
	_, err = crossing{source: limited, target: c, f: into(nil, "t", connectors.Insert).query("SELECT * FROM public.t ORDER BY v")}.move(t)
	wantRefusal(t, err, connectors.Throttled, "53400", "temp_file_limit", "ALTER ROLE")
	wantRows(t, admin, "SELECT to_regclass('dwh.t')", "()")
}

// TestASnapshotThatIsGone joins the snapshot of a session that has ended.
func TestASnapshotThatIsGone(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE TABLE t (id int)")
	holder := testdb.Connect(t, admin.Config().ConnString())
	var snapshot string
	execute(t, holder, "BEGIN ISOLATION LEVEL REPEATABLE READ")
	if err := holder.QueryRow(t.Context(), "SELECT pg_export_snapshot()").Scan(&snapshot); err != nil {
		t.Fatal(err)
	}
	r := &read{connection: c}
	conn, err := r.joinSnapshot(t.Context(), snapshot)
	if err != nil {
		t.Fatalf("join a snapshot that is there: %v", err)
	}
	_ = conn.Close(context.WithoutCancel(t.Context()))
	execute(t, holder, "ROLLBACK")
	_, err = r.joinSnapshot(t.Context(), snapshot)
	wantRefusal(t, err, connectors.Unreachable, "snapshot", "new snapshot")
	if !connectors.AsError(err).Retryable {
		t.Error("a new read has a snapshot of its own, so that it is worth another try")
	}
}
