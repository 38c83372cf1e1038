package postgres

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/internal/testdb"
)

// diskCases are the three places where a load writes its rows.
var diskCases = []struct {
	name  string
	mode  connectors.WriteMode
	table string
	// temporary puts temporary tables onto the small disk.
	temporary bool
}{
	{"rows go into the table", connectors.Insert, "CREATE TABLE dwh.t (id int, v text) TABLESPACE small", false},
	{"rows are staged", connectors.Upsert, "CREATE TABLE dwh.t (id int PRIMARY KEY, v text)", true},
	{"staged rows are put there", connectors.Upsert, "CREATE TABLE dwh.t (id int PRIMARY KEY, v text) TABLESPACE small", false},
}

// TestDiskFull fills the disk. Where this machine lets the tests mount a small file
// system, a tablespace on it runs full; everywhere, the one file of a table is the device
// that is always full.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s := testdb.Start(t, testdb.Options{SmallDisk: 8 << 20})
	database := s.CreateDatabase(t)
	admin := testdb.Connect(t, s.URL(database))
	execute(t, admin, "CREATE SCHEMA dwh; CREATE TABLE many AS SELECT n AS id, repeat('x', 200) AS v FROM generate_series(1, 40000) n; CREATE TABLE few AS SELECT * FROM many LIMIT 10")
	t.Run("the file of the table", func(t *testing.T) {
		execute(t, admin, "CREATE TABLE dwh.t (id int, v text)")
		restore := fillFile(t, admin, "dwh.t")
		f := into(open(t, s.URL(database)), "t", connectors.Insert).query("SELECT * FROM public.few")
		wantDiskFull(t, s.URL(database), f)
		restore()
		f.must(t)
		wantRows(t, testdb.Connect(t, s.URL(database)), "SELECT count(*) FROM dwh.t", "(10)")
	})
	if s.SmallDisk == "" {
		t.Log("this machine mounts no file system for a test, so that the file of the table stood for the disk")
		return
	}
	execute(t, admin, "CREATE TABLESPACE small LOCATION '"+s.SmallDisk+"'")
	for _, c := range diskCases {
		t.Run(c.name, func(t *testing.T) {
			execute(t, admin, "DROP TABLE IF EXISTS dwh.t, dwh._leat_loads, dwh._leat_state") // on its own, since COMMIT frees the files
			execute(t, admin, "CREATE TABLE ballast TABLESPACE small AS SELECT * FROM many LIMIT 15000; "+
				c.table+"; INSERT INTO dwh.t VALUES (0, 'old')")
			if c.temporary {
				execute(t, admin, "ALTER DATABASE "+database+" SET temp_tablespaces = small")
				defer execute(t, admin, "ALTER DATABASE "+database+" RESET temp_tablespaces")
			}
			f := into(open(t, s.URL(database)), "t", c.mode, "id").query("SELECT * FROM public.many")
			wantDiskFull(t, s.URL(database), f)
			execute(t, admin, "DROP TABLE ballast")
			f.query("SELECT * FROM public.few").must(t)
			wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(11)")
		})
	}
}

// wantDiskFull runs a flow into a full disk.
func wantDiskFull(t *testing.T, url string, f *flow) {
	t.Helper()
	admin := testdb.Connect(t, url)
	before := digest(t, admin, "SELECT id, v FROM dwh.t")
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Throttled, "disk is full", "53100", "Free space", f.target.Table.String())
	wantRows(t, admin, "SELECT id, v FROM dwh.t", before)
	wantRows(t, admin, "SELECT count(*) FROM dwh._leat_loads", "(0)")
}

// fillFile puts the device that is always full in the place of an empty table's file.
// Sessions that have not opened the file get the error of a full disk for the first row.
// The returned function puts the file back.
func fillFile(t *testing.T, admin *pgx.Conn, table string) (restore func()) {
	t.Helper()
	var file string
	if err := admin.QueryRow(t.Context(), "SELECT current_setting('data_directory') || '/' || pg_relation_filepath($1)", table).Scan(&file); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(filepath.Dir(file), "kept")
	if err := os.Rename(file, kept); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", file); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := os.Rename(kept, file); err != nil {
			t.Fatal(err)
		}
	}
}
