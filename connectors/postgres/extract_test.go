package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
	"leat/record"
	"leat/record/pgbinary"
)

func TestReadIsOneSnapshotOverAllSelections(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1), (2); CREATE TABLE b AS TABLE a`)
	began := time.Now()
	r, err := c.Read(t.Context(), []connectors.Selection{table("a"), table("b")}, connectors.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := admin.Exec(t.Context(), "INSERT INTO a VALUES (3); INSERT INTO b VALUES (3)"); err != nil {
		t.Fatal(err)
	}
	var order []string
	for {
		event, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case event.Schema != nil:
			order = append(order, fmt.Sprintf("%d schema", event.Dataset))
		case event.Batch != nil:
			order = append(order, fmt.Sprintf("%d batch of %d", event.Dataset, event.Batch.Rows()))
			event.Batch.Release()
		default:
			order = append(order, fmt.Sprintf("%d checkpoint at %d", event.Dataset, event.Checkpoint.Rows))
			if at := event.Checkpoint.Snapshot; at.Before(began.Truncate(time.Microsecond)) || at.After(time.Now()) {
				t.Errorf("the snapshot is of %v, the read began at %v", at, began)
			}
		}
	}
	want := []string{"0 schema", "0 batch of 2", "0 checkpoint at 2", "1 schema", "1 batch of 2", "1 checkpoint at 2"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if _, err := r.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: got %v, want io.EOF", err)
	}
}

func TestReadQuery(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, `CREATE TABLE orders (id int, "Total" numeric(8,2)); INSERT INTO orders VALUES (1, 1.50), (2, 2.50)`)
	got := readAll(t, c, connectors.Want{}, query("SELECT id, \"Total\" * 2 AS doubled FROM orders ORDER BY id -- all of them\n ;"))
	if diff := cmp.Diff([]string{"3.00", "5.00"}, got[0].column("doubled")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for name, bad := range map[string]string{
		"two statements": "SELECT 1; DROP TABLE orders",
		"escape":         "SELECT 1) AS x; DROP TABLE orders; --",
		"write":          "DELETE FROM orders RETURNING id",
		"write in with":  "WITH d AS (DELETE FROM orders RETURNING id) SELECT * FROM d",
		"syntax":         "SELEC 1",
		"twice a name":   "SELECT id, id FROM orders",
		"transaction":    "COMMIT",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tryRead(t, c, connectors.Want{}, query(bad))
			wantKind(t, err, connectors.Config)
			_, err = c.Describe(t.Context(), connectors.Dataset{Query: bad})
			wantKind(t, err, connectors.Config)
		})
	}
	if got := readAll(t, c, connectors.Want{}, table("orders")); len(got[0].rows) != 2 {
		t.Errorf("the table has %d rows after the bad queries, want 2", len(got[0].rows))
	}
}

func TestReadMissing(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, `CREATE TABLE a (id int)`)
	_, err := tryRead(t, c, connectors.Want{}, table("A"))
	wantKind(t, err, connectors.NotFound)
	s := table("a")
	s.Columns = []string{"ID"}
	_, err = tryRead(t, c, connectors.Want{}, s)
	wantKind(t, err, connectors.NotFound)
	_, err = tryRead(t, c, connectors.Want{}, query("SELECT * FROM nowhere"))
	wantKind(t, err, connectors.NotFound)
}

func TestReadHostileNames(t *testing.T) {
	t.Parallel()
	names := []string{`a"b`, "a.b", "a b", "š🌊", "SELECT", "ctid2", "%s", `\`, "'; DROP TABLE x; --", strings.Repeat("ž", 31)}
	for _, name := range names {
		quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		c, _ := newDatabase(t, fmt.Sprintf("CREATE TABLE %s (%s int); INSERT INTO %s VALUES (7)", quoted, quoted, quoted))
		s := table(name)
		s.Cursor = name
		got := readAll(t, c, connectors.Want{}, s)
		if diff := cmp.Diff([]string{"7"}, got[0].column(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestReadRowSecurity(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE TABLE secret (id int); INSERT INTO secret VALUES (1), (2);
		ALTER TABLE secret ENABLE ROW LEVEL SECURITY; CREATE POLICY half ON secret USING (id = 1)`)
	reader := limited(t, c, admin, "GRANT SELECT ON secret TO")
	_, err := tryRead(t, reader, connectors.Want{}, table("secret"))
	if found := wantKind(t, err, connectors.Permission); !strings.Contains(found.Fix, "BYPASSRLS") {
		t.Errorf("the fix is %q", found.Fix)
	}
}

func TestReadWithoutRight(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE TABLE closed (id int)`)
	reader := limited(t, c, admin, "")
	_, err := tryRead(t, reader, connectors.Want{}, table("closed"))
	found := wantKind(t, err, connectors.Permission)
	if want := `GRANT SELECT ON "public"."closed" TO "` + reader.config.User + `"`; !strings.Contains(found.Fix, want) {
		t.Errorf("the fix %q does not hold %q", found.Fix, want)
	}
}

func TestReadCancelled(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "SELECT 1")
	ctx, cancel := context.WithCancel(t.Context())
	r, err := c.Read(ctx, []connectors.Selection{query("SELECT pg_sleep(3600)")}, connectors.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(ctx); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, cancel)
	mustEnd(t, "a read that was cancelled", func() { _, err = r.Next(ctx) })
	wantKind(t, err, connectors.Cancelled)
	var running int
	if err := admin.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(3600)%' AND state = 'active' AND pid <> pg_backend_pid()").Scan(&running); err != nil || running != 0 {
		t.Errorf("%d statements still run at the server (%v)", running, err)
	}
}

func TestReadBackendKilled(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE TABLE big AS SELECT g AS id, repeat('x', 200) AS filler FROM generate_series(1, 300000) g")
	r, err := c.Read(t.Context(), []connectors.Selection{table("big")}, connectors.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for range 2 {
		event, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if event.Batch != nil {
			event.Batch.Release()
		}
	}
	if _, err := admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%big%' AND pid <> pg_backend_pid()"); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		var event connectors.Event
		if event, err = r.Next(t.Context()); event.Batch != nil {
			event.Batch.Release()
		}
	}
	if errors.Is(err, io.EOF) {
		t.Fatal("a read whose backend was killed ended as if it were complete")
	}
	if found := wantKind(t, err, connectors.Unreachable); !found.Retryable {
		t.Error("a broken connection must be retryable")
	}
}

func TestReadClosedEarly(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "SELECT 1")
	r, err := c.Read(t.Context(), []connectors.Selection{query("SELECT generate_series(1, 100000000) AS g")}, connectors.Want{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		event, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if event.Batch != nil {
			event.Batch.Release()
		}
	}
	mustEnd(t, "closing a read in its middle", func() { err = errors.Join(r.Close(), r.Close()) })
	if err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := r.Next(t.Context()); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("next after close: %v", err)
	}
	for ctx, sessions := deadline(t), 2; sessions > 1; time.Sleep(20 * time.Millisecond) {
		if err := admin.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").Scan(&sessions); err != nil {
			t.Fatalf("%d sessions are left (%v)", sessions, err)
		}
	}
}

func TestReadHugeRows(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, "CREATE TABLE huge AS SELECT g AS id, repeat('x', 5000000) AS body FROM generate_series(1, 4) g")
	r, err := c.Read(t.Context(), []connectors.Selection{table("huge")}, connectors.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rows := 0
	for {
		event, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if event.Batch != nil {
			if event.Batch.Rows() > 1 {
				t.Errorf("a batch holds %d rows of 5 MB", event.Batch.Rows())
			}
			rows += event.Batch.Rows()
			event.Batch.Release()
		}
	}
	if rows != 4 {
		t.Errorf("read %d rows", rows)
	}
	_, err = tryRead(t, c, connectors.Want{}, query("SELECT repeat('x', 70000000) AS body"))
	if found := wantKind(t, err, connectors.Data); !strings.Contains(found.Message, "64 MiB") {
		t.Errorf("the message is %q", found.Message)
	}
}

// TestReadDataErrors proves that no value of a row reaches a message.
func TestReadDataErrors(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, "CREATE TABLE t AS SELECT 'canary-value' AS secret")
	for _, sql := range []string{
		"SELECT secret::int FROM t", "SELECT secret::date FROM t", "SELECT secret::uuid FROM t", "SELECT secret::json FROM t",
	} {
		_, err := tryRead(t, c, connectors.Want{}, query(sql))
		found := wantKind(t, err, connectors.Data)
		if all := fmt.Sprintf("%v %v %+v", found, found.Cause, found.Cause); strings.Contains(all, "canary") {
			t.Errorf("%s: the error holds the value: %s", sql, all)
		}
	}
}

func TestReadLayouts(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, `CREATE TYPE mood AS ENUM ('ok'); CREATE DOMAIN price AS numeric(10,2);
		CREATE TABLE t (small int2, num numeric(10,2), mood mood, price price, span interval, day date, moods mood[], ints int4[], cash money);
		INSERT INTO t VALUES (1, 2.50, 'ok', 3.25, '1 day', '2026-01-31', '{ok}', '{1,2}', 4)`)
	wants := connectors.Want{Layouts: []string{pgbinary.Name}, System: Kind, Targets: []map[string]string{{
		"small": "bigint", "num": "numeric(12,4)", "span": "text", "day": "date", "cash": "money",
	}}}
	r, err := c.Read(t.Context(), []connectors.Selection{table("t")}, wants)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	event, err := r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer event.Batch.Release()
	var got []string
	for _, f := range event.Batch.Layout().(*pgbinary.Layout).Fields {
		got = append(got, f.Name+" "+pgbinary.Type{OID: f.OID, Typmod: f.Typmod}.String())
	}
	want := []string{
		"small bigint", "num numeric(10,2)", "mood text", "price numeric(10,2)", "span text", "day date",
		"moods text", "ints integer[]", "cash money",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("layout (-want +got):\n%s", diff)
	}
	arrow := readAll(t, c, connectors.Want{}, table("t"))[0]
	wantRow := map[string]string{
		"small": "1", "num": "2.50", "mood": "ok", "price": "3.25", "span": "1 day", "day": "2026-01-31",
		"moods": "{ok}", "ints": "{1,2}", "cash": "$4.00",
	}
	if diff := cmp.Diff(wantRow, arrow.rows[0]); diff != "" {
		t.Errorf("row in Arrow (-want +got):\n%s", diff)
	}
	if i := arrow.schema.Index("price"); arrow.schema.Columns[i].Native != "numeric(10,2)" || record.TypeName(arrow.schema.Columns[i].Type) != "decimal(10,2)" {
		t.Errorf("a domain travels as %+v", arrow.schema.Columns[i])
	}
	if i := arrow.schema.Index("mood"); arrow.schema.Columns[i].Native != "public.mood" {
		t.Errorf("an enum's native type is %q", arrow.schema.Columns[i].Native)
	}
}

func TestRejectsAreNamed(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, `CREATE TABLE t (id int, at timestamp, n numeric(6,2), clock time);
		INSERT INTO t VALUES (1, 'infinity', 1, '12:00'), (2, '2026-01-01', 'NaN', '12:00'), (3, '2026-01-01', 1, '24:00'), (4, '0044-03-15 BC', 1, '12:00'), (5, NULL, NULL, NULL)`)
	got := readAll(t, c, connectors.Want{}, table("t"))[0]
	if diff := cmp.Diff([]string{"4", "5"}, got.column("id")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	var rejects []string
	for _, r := range got.rejects {
		rejects = append(rejects, fmt.Sprint(r.Row, r.Column, r.Reason))
	}
	slices.Sort(rejects)
	want := []string{
		"0atnot representable as timestamp (infinity, or too far from today)", "1nnot representable as decimal(6,2) (NaN, infinity or too many digits)",
		"2clocknot representable as time (24:00:00)",
	}
	if diff := cmp.Diff(want, rejects); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
}
