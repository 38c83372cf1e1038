package postgres

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/internal/testdb"
)

// encoded makes a database of an encoding.
func encoded(t testing.TB, encoding, statements string) (*connection, *pgx.Conn) {
	t.Helper()
	server := testdb.Postgres(t)
	url := server.URL(server.CreateDatabase(t, fmt.Sprintf("ENCODING '%s' LC_COLLATE 'C' LC_CTYPE 'C'", encoding)))
	admin := testdb.Connect(t, url)
	if encoding != "SQL_ASCII" { // which converts nothing
		execute(t, admin, "SET client_encoding = 'UTF8'")
	}
	execute(t, admin, statements)
	return open(t, url), admin
}

// across runs a flow once whose target is in another database.
func (f *flow) across(t testing.TB, to *connection) (connectors.Report, error) {
	t.Helper()
	f.run++
	described, err := f.c.Describe(t.Context(), f.selection.Dataset)
	if err != nil {
		t.Fatalf("describe: %v", err)
	}
	f.target.Schema = described.Schema
	load, err := to.Begin(t.Context(), f.id(), []connectors.Target{f.target})
	if err != nil {
		return connectors.Report{}, err
	}
	defer func() { _ = load.Abort(context.WithoutCancel(t.Context())) }()
	end, err := f.send(t, load)
	if err != nil {
		return connectors.Report{}, err
	}
	reports, err := load.Commit(t.Context(), []connectors.Close{end})
	if err != nil {
		return connectors.Report{}, err
	}
	return reports[0], nil
}

// TestLettersThatTheEncodingLacks loads texts into a database that has no sign for one of
// them.
func TestLettersThatTheEncodingLacks(t *testing.T) {
	t.Parallel()
	source, _ := newDatabase(t, `CREATE TABLE t (id int, v text, j jsonb, a text[]); INSERT INTO t SELECT n, 'é' || n, '"ü"', '{ä}' FROM generate_series(1, 3000) n;
		UPDATE t SET v = 'ěš𝄞' WHERE id = 7; UPDATE t SET j = '{"ě": 1}' WHERE id = 1500; UPDATE t SET a = '{x,ř}' WHERE id = 3000`)
	for _, mode := range []connectors.WriteMode{connectors.Insert, connectors.Upsert, connectors.TruncateInsert} {
		target, admin := encoded(t, "LATIN1", "CREATE SCHEMA dwh; CREATE TABLE dwh.t (id int PRIMARY KEY, v varchar(20), j jsonb, a text[])")
		f := into(source, "t", mode, "id")
		_, err := f.across(t, target)
		wantRefusal(t, err, connectors.Data, "a character has no equivalent in the encoding", `column "v"`, "use a database with the encoding UTF8")
		wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(0)")
		f.target.RejectLimit = 3
		r, err := f.across(t, target)
		if err != nil || r.Written != 2997 || r.Rejected != 3 || !r.Balanced() {
			t.Fatalf("%s: %+v, %v", mode, r, err)
		}
		wantRows(t, admin, "SELECT column_name, row_data ->> 'id' FROM dwh.t__rejects", "(a,3000)\n(j,1500)\n(v,7)")
		wantRows(t, admin, `SELECT row_data ->> 'v' = '\u011b\u0161\ud834\udd1e' FROM dwh.t__rejects WHERE column_name = 'v'`, "(t)")
		wantRows(t, admin, "SELECT count(*), count(DISTINCT v), min(v) FROM dwh.t", "(2997,2997,é1)")
		f.target.RejectLimit = 2
		_, err = f.across(t, target)
		wantRefusal(t, err, connectors.Data, "more than 2 rows", "row 3000 of those read")
	}
}

// A name that the target's encoding lacks must not keep the counts from being stored.
func TestNamesThatTheEncodingLacks(t *testing.T) {
	t.Parallel()
	source, _ := newDatabase(t, `CREATE TABLE t (id int, "ě" text); INSERT INTO t VALUES (1, 'x')`)
	target, admin := encoded(t, "LATIN1", "CREATE SCHEMA dwh; CREATE TABLE dwh.t (id int)")
	r, err := into(source, "t", connectors.Insert).across(t, target)
	if err != nil || r.Written != 1 || len(r.Warnings) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	wantRows(t, admin, "SELECT * FROM dwh.t", "(1)")
}

// TestBytesThatAreNoText reads a database without an encoding, which holds any bytes.
func TestBytesThatAreNoText(t *testing.T) {
	t.Parallel()
	source, _ := encoded(t, "SQL_ASCII", "CREATE TABLE t (id int PRIMARY KEY, v text, w varchar(9)); INSERT INTO t SELECT n, 'text ' || n, 'ž' FROM generate_series(1, 100) n; UPDATE t SET v = 'a' || chr(255) WHERE id = 50")
	target, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE dwh.t (id int PRIMARY KEY, v text, w varchar(4))")
	f := into(source, "t", connectors.Upsert, "id")
	_, err := f.across(t, target)
	wantRefusal(t, err, connectors.Data, "bytes that are not valid", `column "v"`, "Mend the text at the source")
	f.target.RejectLimit = -1
	r, err := f.across(t, target)
	if err != nil || r.Written != 99 || r.Rejected != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	wantRows(t, admin, "SELECT column_name, row_data ->> 'id', row_data ->> 'v' FROM dwh.t__rejects", "(v,50,a\ufffd)")
	wantRows(t, admin, "SELECT count(*), min(w) FROM dwh.t", "(99,ž)")
	raw := into(source, "t", connectors.Insert)
	raw.target.Layout, raw.target.RejectLimit, raw.target.Table.Name = connectors.LayoutRaw, 1, "raw"
	if r, err = raw.across(t, target); err != nil || r.Written != 99 || r.Rejected != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	wantRows(t, admin, "SELECT column_name, reason, row_data ->> 'id' FROM dwh.raw__rejects", `(v,"the text is not valid UTF-8",50)`)
	same, kept := encoded(t, "SQL_ASCII", "CREATE SCHEMA dwh")
	if r, err = into(source, "t", connectors.Insert).across(t, same); err != nil || r.Written != 100 {
		t.Errorf("%+v, %v", r, err)
	}
	wantRows(t, kept, "SELECT encode(v::bytea, 'hex') FROM dwh.t WHERE id = 50", "(61ff)")
}

// TestEscapesThatJSONBLacks sends JSON that json holds and jsonb does not.
func TestEscapesThatJSONBLacks(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE SCHEMA dwh; CREATE TABLE t (id int, doc json); INSERT INTO t VALUES (1, '{"a": 1}'), (2, '{"a": "x\u0000"}'), (3, '"\ud83d"'), (4, '"\\u0000"'), (5, NULL)`)
	f := into(c, "t", connectors.Insert)
	f.target.Layout = connectors.LayoutRaw
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Data, `column "doc", row 2 of those read: the text holds a NUL character`, "allow more rejects")
	f.target.RejectLimit = 2
	r := f.must(t)
	if r.Written != 3 || r.Rejected != 2 {
		t.Errorf("%+v", r)
	}
	wantRows(t, admin, "SELECT data ->> 'id' FROM dwh.t", "(1)\n(4)\n(5)")
	wantRows(t, admin, "SELECT column_name, row_data ->> 'id' FROM dwh.t__rejects", "(doc,2)\n(doc,3)")
	wantRows(t, admin, "SELECT count(row_data ->> 'doc') FROM dwh.t__rejects", "(2)")
}

// TestRowsThatCopyRefuses are refused by the types of the staging table: everything that is
// wrong with a row is a reject, not only what is found when the rows are applied.
func TestRowsThatCopyRefuses(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE SCHEMA dwh; CREATE DOMAIN dwh.small AS int CHECK (value < 10); CREATE TABLE t AS SELECT n AS id, n AS v FROM generate_series(1, 40) n; CREATE TABLE dwh.t (id int, v dwh.small)`)
	for _, mode := range []connectors.WriteMode{connectors.Insert, connectors.TruncateInsert, connectors.InsertIgnore} {
		f := into(c, "t", mode, "id")
		f.target.RejectLimit = -1
		if r := f.must(t); r.Rejected != 31 || r.Written != 9 {
			t.Errorf("%s: %+v", mode, r)
		}
		execute(t, admin, "DELETE FROM dwh.t")
	}
}
