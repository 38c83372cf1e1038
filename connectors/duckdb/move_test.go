package duckdb_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"leat/connectors"
	"leat/connectors/duckdb"
)

// route reads a table of one file into a table of another, run after run.
type route struct {
	from, to  site
	selection connectors.Selection
	target    connectors.Target
	runs      int
}

// newRoute makes a file with a table called rows, and an empty one.
func newRoute(t *testing.T, mode connectors.WriteMode, unique []string, statements ...string) *route {
	t.Helper()
	return &route{
		from: newSite(t, statements...), to: newSite(t, "CREATE TABLE other (n INTEGER)"),
		selection: connectors.Selection{Dataset: connectors.Dataset{Schema: "main", Name: "rows"}},
		target: connectors.Target{
			Table: connectors.Table{Schema: "main", Name: "rows"}, StateKey: "f/main.rows", Fingerprint: "f", SourceKind: duckdb.Kind,
			Mode: mode, Unique: unique, CreateIndexes: true,
		},
	}
}

// by reads by the cursor at.
func (r *route) by(overlap string, nulls connectors.NullPolicy) *route {
	const cursor = "at"
	r.selection.Cursor, r.selection.Overlap, r.selection.Nulls = cursor, overlap, nulls
	r.target.Cursor, r.target.Overlap, r.target.Nulls = cursor, overlap, nulls
	return r
}

// move runs once.
func (r *route) move(t *testing.T) (connectors.Report, error) {
	t.Helper()
	r.runs++
	described, err := r.from.Describe(t.Context(), r.selection.Dataset)
	if err != nil {
		t.Fatal(err)
	}
	if r.target.Schema, err = described.Schema.Select(r.selection.Columns); err != nil {
		t.Fatal(err)
	}
	id := connectors.LoadID{Installation: "me", Flow: "f", Run: fmt.Sprintf("%s-%d", r.target.Mode, r.runs)}
	load, err := r.to.Begin(t.Context(), id, []connectors.Target{r.target})
	if err != nil {
		return connectors.Report{}, err
	}
	defer load.Abort(t.Context())
	end, err := r.send(t, load)
	if err != nil {
		return connectors.Report{}, err
	}
	reports, err := load.Commit(t.Context(), []connectors.Close{end})
	if err != nil {
		return connectors.Report{}, err
	}
	if !reports[0].Balanced() || reports[0].Read != end.RowsRead {
		t.Errorf("the counts do not add up: %+v", reports[0].Counts)
	}
	return reports[0], nil
}

func (r *route) send(t *testing.T, load connectors.Load) (end connectors.Close, err error) {
	t.Helper()
	selection := r.selection
	selection.Position = load.States()[0].Position
	read, err := r.from.Read(t.Context(), []connectors.Selection{selection}, load.Want())
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	for {
		event, err := read.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case event.Schema != nil:
			err = load.Announce(t.Context(), 0, *event.Schema)
		case event.Batch != nil:
			end.RowsRead += int64(event.Batch.Rows())
			err = load.Write(t.Context(), 0, event.Part, event.Batch)
		case event.Checkpoint != nil:
			end.Position, end.Snapshot, end.Whole = event.Checkpoint.Position, event.Checkpoint.Snapshot, selection.Position == ""
		}
		if err != nil {
			return end, err
		}
	}
}

// wants runs once and compares written, unchanged, duplicate, skipped and changed.
func (r *route) wants(t *testing.T, want ...int64) {
	t.Helper()
	report, err := r.move(t)
	if err != nil {
		t.Fatal(err)
	}
	got := []int64{report.Written, report.Unchanged, report.Duplicate, report.Skipped, report.Changed}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("written, unchanged, duplicate, skipped, changed = %d, want %d (%s)", got, want, report.Recipe)
	}
}

func wantRefusal(t *testing.T, err error, kind connectors.Kind, words ...string) {
	t.Helper()
	if !connectors.Is(err, kind) {
		t.Fatalf("got %v, want an error of kind %s", err, kind)
	}
	for _, word := range words {
		if !strings.Contains(connectors.AsError(err).Error(), word) {
			t.Errorf("the error %q does not say %q", connectors.AsError(err).Error(), word)
		}
	}
}

// wantsWritten runs once and compares the rows written.
func (r *route) wantsWritten(t *testing.T, want int64) connectors.Report {
	t.Helper()
	report, err := r.move(t)
	if err != nil {
		t.Fatal(err)
	}
	if report.Written != want {
		t.Errorf("%d rows written, want %d: %+v", report.Written, want, report.Counts)
	}
	return report
}
