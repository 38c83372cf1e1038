package connectortest

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
	"leat/record"
)

// result is what a read yielded.
type result struct {
	rows       []Row
	schema     record.Schema
	checkpoint connectors.Checkpoint
	batches    int
	largest    int
}

// readAll reads one selection to its proven end.
func (h Harness) readAll(t *testing.T, selection connectors.Selection) result {
	t.Helper()
	got, err := drain(deadline(t), t, role[connectors.Extractor](t, h), selection)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return got
}

// drain reads until io.EOF, which becomes nil, or until an error.
func drain(ctx context.Context, t *testing.T, extractor connectors.Extractor, selection connectors.Selection) (result, error) {
	t.Helper()
	read, err := extractor.Read(ctx, []connectors.Selection{selection}, connectors.Want{})
	if err != nil {
		return result{}, err
	}
	defer func() {
		if err := read.Close(); err != nil {
			t.Errorf("close read: %v", err)
		}
	}()
	var got result
	for {
		event, err := read.Next(ctx)
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got.take(t, event)
	}
}

// take adds one event and checks the order that the contract asks for.
func (r *result) take(t *testing.T, event connectors.Event) {
	t.Helper()
	switch {
	case event.Schema != nil:
		r.schema = *event.Schema
	case event.Checkpoint != nil:
		r.checkpoint = *event.Checkpoint
	case event.Batch != nil:
		if len(r.schema.Columns) == 0 {
			t.Error("a batch came before the schema")
		}
		rows, rejects, err := event.Batch.Arrow()
		if err != nil || len(rejects) > 0 {
			t.Fatalf("decode batch: %v, %d rejects", err, len(rejects))
		}
		r.rows = append(r.rows, parse(t, rows)...)
		r.batches++
		r.largest = max(r.largest, event.Batch.Bytes())
		event.Batch.Release()
	default:
		t.Error("an event holds neither schema nor batch nor checkpoint")
	}
}

func (h Harness) discover(t *testing.T) {
	dataset := h.Seed(t, "suite_discover", Rows(1, 20))
	discoverer := role[connectors.Discoverer](t, h)
	listed, err := discoverer.Datasets(deadline(t))
	if err != nil {
		t.Fatalf("list datasets: %v", err)
	}
	if !slices.ContainsFunc(listed, func(i connectors.DatasetInfo) bool { return i.Name == dataset.Name && i.Schema == dataset.Schema }) {
		t.Errorf("%s is not among the %d datasets listed", dataset, len(listed))
	}
	description, err := discoverer.Describe(deadline(t), dataset)
	if err != nil {
		t.Fatalf("describe: %v", err)
	}
	if diff := cmp.Diff([]string{"id", "name", "amount", "at"}, description.Schema.Names()); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	missing := dataset
	missing.Name = "suite_does_not_exist"
	if _, err := discoverer.Describe(deadline(t), missing); !connectors.Is(err, connectors.NotFound) {
		t.Errorf("describe of a missing dataset: got %v, want an error of kind not_found", err)
	}
}

func (h Harness) read(t *testing.T) {
	want := Rows(1, 500)
	dataset := h.Seed(t, "suite_read", want)
	t.Run("whole", func(t *testing.T) {
		got := h.readAll(t, connectors.Selection{Dataset: dataset})
		if diff := cmp.Diff(texts(want), texts(got.rows)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		if got.checkpoint.Rows != int64(len(want)) {
			t.Errorf("the checkpoint counts %d rows, want %d", got.checkpoint.Rows, len(want))
		}
	})
	t.Run("columns", func(t *testing.T) { h.readColumns(t, dataset) })
	t.Run("limit", func(t *testing.T) {
		if got := h.readAll(t, connectors.Selection{Dataset: dataset, Limit: 7}); len(got.rows) != 7 {
			t.Errorf("a limit of 7 gave %d rows", len(got.rows))
		}
	})
	t.Run("empty", func(t *testing.T) {
		got := h.readAll(t, connectors.Selection{Dataset: h.Seed(t, "suite_empty", nil)})
		if len(got.rows) != 0 || len(got.schema.Columns) != 4 {
			t.Errorf("an empty dataset gave %d rows and %d columns, want 0 and 4", len(got.rows), len(got.schema.Columns))
		}
	})
	t.Run("key", h.readKey)
	t.Run("large", h.readLarge)
	t.Run("cancelled", func(t *testing.T) { h.readCancelled(t, dataset) })
}

func (h Harness) readColumns(t *testing.T, dataset connectors.Dataset) {
	got := h.readAll(t, connectors.Selection{Dataset: dataset, Columns: []string{"at", "id"}, Limit: 1})
	if diff := cmp.Diff([]string{"at", "id"}, got.schema.Names()); diff != "" {
		t.Errorf("selected columns (-want +got):\n%s", diff)
	}
	_, err := drain(deadline(t), t, role[connectors.Extractor](t, h),
		connectors.Selection{Dataset: dataset, Columns: []string{"id", "no_such_column"}})
	if !connectors.Is(err, connectors.NotFound) {
		t.Errorf("an unknown column: got %v, want an error of kind not_found", err)
	}
}

// maxBatch is the largest batch the suite accepts: batches are bounded in bytes.
const maxBatch = 16 << 20

func (h Harness) readLarge(t *testing.T) {
	dataset := h.Seed(t, "suite_large", Rows(1, 50_000))
	got := h.readAll(t, connectors.Selection{Dataset: dataset})
	if len(got.rows) != 50_000 {
		t.Errorf("read %d rows, want 50000", len(got.rows))
	}
	if got.batches < 2 || got.largest > maxBatch {
		t.Errorf("%d batches with up to %d bytes: batches must be bounded", got.batches, got.largest)
	}
}

func (h Harness) readCancelled(t *testing.T, dataset connectors.Dataset) {
	ctx, cancel := context.WithCancel(deadline(t))
	cancel()
	if _, err := drain(ctx, t, role[connectors.Extractor](t, h), connectors.Selection{Dataset: dataset}); err == nil {
		t.Error("a cancelled read ended as if it were complete")
	}
}

// incremental proves that no row is lost or skipped at the position, ties included.
func (h Harness) incremental(t *testing.T) {
	first := Rows(1, 30)
	tie := first[29]
	tie.ID, tie.Name = 1000, "same cursor as the last row"
	dataset := h.Seed(t, "suite_incremental", first)
	selection := connectors.Selection{Dataset: dataset, Key: []string{"id"}, Cursor: "at"}
	one := h.readAll(t, selection)
	if len(one.rows) != 30 || one.checkpoint.Position == "" {
		t.Fatalf("the first read gave %d rows and position %q", len(one.rows), one.checkpoint.Position)
	}
	later := append(slices.Clone(first), tie)
	later = append(later, Rows(31, 5)...)
	h.Seed(t, "suite_incremental", later)
	selection.Position = one.checkpoint.Position
	two := h.readAll(t, selection)
	want := append([]Row{first[29], tie}, Rows(31, 5)...)
	if diff := cmp.Diff(texts(want), texts(two.rows)); diff != "" {
		t.Errorf("rows after the position (-want +got):\n%s", diff)
	}
	selection.Position = two.checkpoint.Position
	three := h.readAll(t, selection)
	if three.checkpoint.Position != two.checkpoint.Position {
		t.Error("the position moved although there was no newer row")
	}
	if three.checkpoint.Snapshot.After(time.Now().Add(24 * time.Hour)) {
		t.Errorf("the snapshot time %v is in the future", three.checkpoint.Snapshot)
	}
}
