package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"leat/connectors"
	"leat/flows"
	"leat/record"
)

// The bounds of a list of rejected rows.
const (
	// MaxRejects is the most rows that are read.
	MaxRejects = 100_000
	// rejectsTime is how long reading may take, with the pace of whoever takes the rows.
	rejectsTime = 10 * time.Minute
)

// Rejects yields the rows that a run could not store in the table of one of its
// streams, at most MaxRejects. They are read from where the load kept them, batch by
// batch. An error ends the rows; it comes first when there is nothing to read from.
func (e *Engine) Rejects(ctx context.Context, run flows.Run, stream flows.StreamRun) iter.Seq2[flows.RejectedRow, error] {
	return func(yield func(flows.RejectedRow, error) bool) {
		err := e.eachReject(ctx, run, stream, func(row flows.RejectedRow) bool { return yield(row, nil) })
		if err != nil && !errors.Is(err, errEnough) {
			yield(flows.RejectedRow{}, err)
		}
	}
}

// errEnough says that whoever takes the rows wants no more.
var errEnough = errors.New("no more rows are wanted")

func (e *Engine) eachReject(ctx context.Context, run flows.Run, stream flows.StreamRun, take func(flows.RejectedRow) bool) (err error) {
	defer connectors.Caught(e.Log, &err)
	ctx, cancel := context.WithTimeout(ctx, rejectsTime)
	defer cancel()
	destination, err := e.destinationOf(ctx, run)
	if err != nil {
		return err
	}
	table, err := flows.ParseTable(stream.Table, destination.DefaultSchema)
	if err != nil {
		return err
	}
	s, err := e.connect(ctx, destination.AuthorizerID, run.FlowName)
	if err != nil {
		return err
	}
	defer e.shut(ctx, s)
	keeper, err := role[connectors.RejectKeeper](s, "keep rejected rows")
	if err != nil {
		return err
	}
	extractor, err := role[connectors.Extractor](s, "be read")
	if err != nil {
		return err
	}
	selection, err := keeper.Rejects(table, run.ID)
	if err != nil {
		return err
	}
	selection.Limit = MaxRejects
	return e.readRejects(ctx, extractor, selection, take)
}

// destinationOf is where the flow of a run writes to now.
func (e *Engine) destinationOf(ctx context.Context, run flows.Run) (flows.Destination, error) {
	flow, err := e.Flows.Flow(ctx, run.FlowID)
	if err != nil {
		return flows.Destination{}, fmt.Errorf("looking up the flow: %w", err)
	}
	destination, err := e.Destinations.Destination(ctx, flow.DestinationID)
	if err != nil {
		return destination, missing("destination", fmt.Sprintf("the flow %q", flow.Name), err)
	}
	return destination, nil
}

func (e *Engine) readRejects(ctx context.Context, extractor connectors.Extractor, selection connectors.Selection, take func(flows.RejectedRow) bool) error {
	read, err := extractor.Read(ctx, []connectors.Selection{selection}, connectors.Want{})
	if err != nil {
		return err
	}
	defer func() {
		if err := read.Close(); err != nil {
			e.Log.DebugContext(ctx, "closing a read of rejected rows failed", "error", err)
		}
	}()
	for {
		event, err := read.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if event.Batch == nil {
			continue
		}
		if err := takeRejects(event.Batch, take); err != nil {
			return err
		}
	}
}

// takeRejects hands the rows of a batch on and releases it.
func takeRejects(batch record.Batch, take func(flows.RejectedRow) bool) error {
	defer batch.Release()
	rows, _, err := batch.Arrow()
	if err != nil {
		return fmt.Errorf("decoding the rejected rows: %w", err)
	}
	if rows.NumCols() != 4 {
		return broken("rejected rows came with %d columns", rows.NumCols())
	}
	for i := range int(rows.NumRows()) {
		text := func(column int) string { return record.Format(rows.Column(column), i) }
		if !take(flows.RejectedRow{At: text(0), Column: text(1), Reason: text(2), Row: text(3)}) {
			return errEnough
		}
	}
	return nil
}
