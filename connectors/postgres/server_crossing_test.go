package postgres

import (
	"context"
	"errors"
	"io"
	"testing"

	"leat/connectors"
)

// crossing moves a flow's rows from one server to another.
type crossing struct {
	source, target *connection
	f              *flow
	// during, when set, runs after the first batch of rows.
	during func()
}

// move runs the flow once. It returns the first error of the source or of the target.
func (x crossing) move(t *testing.T) (connectors.Report, error) {
	t.Helper()
	described, err := x.source.Describe(t.Context(), x.f.selection.Dataset)
	if err != nil {
		t.Fatalf("describe: %v", err)
	}
	x.f.target.Schema = described.Schema
	x.f.run++
	load, err := x.target.Begin(t.Context(), x.f.id(), []connectors.Target{x.f.target})
	if err != nil {
		return connectors.Report{}, err
	}
	defer func() { _ = load.Abort(context.WithoutCancel(t.Context())) }()
	end, err := x.copy(t, load)
	if err != nil {
		return connectors.Report{}, err
	}
	reports, err := load.Commit(t.Context(), []connectors.Close{end})
	if err != nil {
		return connectors.Report{}, err
	}
	return reports[0], nil
}

// copy reads the source to its proven end.
func (x crossing) copy(t *testing.T, load connectors.Load) (end connectors.Close, err error) {
	t.Helper()
	selection := x.f.selection
	selection.Position, selection.Cursor = load.States()[0].Position, x.f.target.Cursor
	read, err := x.source.Read(t.Context(), []connectors.Selection{selection}, load.Want())
	if err != nil {
		return end, err
	}
	defer func() { _ = read.Close() }()
	batches := 0
	for {
		event, err := read.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			return end, err
		}
		if event.Batch != nil {
			batches++
		}
		if err := x.take(t, load, event, &end); err != nil {
			return end, err
		}
		if batches == 1 && event.Batch != nil && x.during != nil {
			x.during()
		}
	}
}

func (x crossing) take(t *testing.T, load connectors.Load, event connectors.Event, end *connectors.Close) error {
	t.Helper()
	switch {
	case event.Schema != nil:
		return load.Announce(t.Context(), 0, *event.Schema)
	case event.Batch != nil:
		end.RowsRead += int64(event.Batch.Rows())
		return load.Write(t.Context(), 0, event.Part, event.Batch)
	default:
		end.Position, end.Snapshot, end.Whole = event.Checkpoint.Position, event.Checkpoint.Snapshot, load.States()[0].Position == ""
		return nil
	}
}

// must runs the flow and fails the test on an error.
func (x crossing) must(t *testing.T) connectors.Report {
	t.Helper()
	report, err := x.move(t)
	if err != nil {
		t.Fatalf("%s into %s: %v", x.f.target.Mode, x.f.target.Table, err)
	}
	return report
}
