package postgres

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/dial"
	"leat/internal/testdb"
	"leat/record"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// testEnv dials loopback addresses without TLS.
func testEnv() connectors.Env {
	return connectors.Env{
		Dial: dial.New(dial.Options{Policy: dial.Policy{AllowPrivate: true}}).DialContext,
		TLS:  dial.TLS{Mode: dial.TLSDisable}, Application: "leat test",
	}
}

// settingsOf splits a test database's URL.
func settingsOf(t testing.TB, url string) connectors.Settings {
	t.Helper()
	parsed, err := parseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Settings
}

// open opens a database for the length of a test.
func open(t testing.TB, url string) *connection {
	t.Helper()
	opened, err := New().Open(t.Context(), settingsOf(t, url), testEnv())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = opened.Close(context.Background()) })
	return opened.(*connection)
}

// newDatabase makes a database, runs statements in it, and opens it.
func newDatabase(t testing.TB, statements string) (*connection, *pgx.Conn) {
	t.Helper()
	url := testdb.Database(t)
	admin := testdb.Connect(t, url)
	if _, err := admin.Exec(t.Context(), statements); err != nil {
		t.Fatalf("prepare the database: %v", err)
	}
	return open(t, url), admin
}

// hang is when a call that has to end counts as one that never will: far above what it
// takes on a machine that is busy with other work.
const hang = time.Minute

// mustEnd fails the test when work hangs. Work reports what it found by its variables.
func mustEnd(t testing.TB, what string, work func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); work() }()
	select {
	case <-done:
	case <-time.After(hang):
		t.Fatalf("%s hangs", what)
	}
}

// taken is what a read yielded of one dataset.
type taken struct {
	schema     record.Schema
	rows       []map[string]string // texts by column; absent means NULL
	rejects    []record.Reject
	checkpoint connectors.Checkpoint
	parts      map[int]int
}

// readAll reads selections to their proven end.
func readAll(t testing.TB, c *connection, want connectors.Want, selections ...connectors.Selection) []taken {
	t.Helper()
	out, err := tryRead(t, c, want, selections...)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return out
}

func tryRead(t testing.TB, c *connection, want connectors.Want, selections ...connectors.Selection) ([]taken, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := c.Read(ctx, selections, want)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	out := make([]taken, len(selections))
	for {
		event, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out[event.Dataset].take(t, event)
	}
}

func (k *taken) take(t testing.TB, event connectors.Event) {
	t.Helper()
	switch {
	case event.Schema != nil:
		k.schema = *event.Schema
	case event.Checkpoint != nil:
		k.checkpoint = *event.Checkpoint
	default:
		defer event.Batch.Release()
		rows, rejects, err := event.Batch.Arrow()
		if err != nil {
			t.Fatalf("decode: %v", err)
		}
		if k.parts == nil {
			k.parts = map[int]int{}
		}
		k.parts[event.Part] += event.Batch.Rows()
		k.rejects = append(k.rejects, rejects...)
		k.rows = append(k.rows, textRows(rows)...)
	}
}

func textRows(rows arrow.RecordBatch) []map[string]string {
	out := make([]map[string]string, rows.NumRows())
	for i := range out {
		out[i] = map[string]string{}
		for c, column := range rows.Columns() {
			if !column.IsNull(i) {
				out[i][rows.ColumnName(c)] = record.Format(column, i)
			}
		}
	}
	return out
}

func table(name string) connectors.Selection {
	return connectors.Selection{Dataset: connectors.Dataset{Schema: "public", Name: name}}
}

func query(sql string) connectors.Selection {
	return connectors.Selection{Dataset: connectors.Dataset{Query: sql}}
}

// column lists one column's texts.
func (k taken) column(name string) []string {
	var out []string
	for _, row := range k.rows {
		out = append(out, row[name])
	}
	return out
}

// wantKind fails unless err is a *connectors.Error of that kind.
func wantKind(t testing.TB, err error, kind connectors.Kind) *connectors.Error {
	t.Helper()
	found, ok := errors.AsType[*connectors.Error](err)
	if !ok || found.Kind != kind {
		t.Fatalf("got %v, want an error of kind %s", err, kind)
	}
	return found
}
