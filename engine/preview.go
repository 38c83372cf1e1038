package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
	"leat/flows"
	"leat/record"
)

// The bounds of a preview.
const (
	// PreviewRows is the number of rows when none is asked for.
	PreviewRows = 50
	// MaxPreviewRows is the most that can be asked for.
	MaxPreviewRows = 1000
	// previewBytes bounds the text of all rows.
	previewBytes = 4 << 20
	// previewValue bounds the text of one value.
	previewValue = 64 << 10
)

// previewing is a preview in the making.
type previewing struct {
	flows.Preview
	bytes, limit int
}

// Preview reads the first rows of a selection, at most limit (0 means PreviewRows) and
// as many as fit into 4 MiB and ten seconds.
func (e *Engine) Preview(ctx context.Context, authorizerID string, selection connectors.Selection, limit int) (found flows.Preview, err error) {
	defer connectors.Caught(e.Log, &err)
	if limit <= 0 {
		limit = PreviewRows
	}
	result := previewing{Preview: flows.Preview{Rows: [][]*string{}}, limit: min(limit, MaxPreviewRows)}
	selection.Limit = int64(result.limit)
	ctx, cancel := context.WithTimeout(ctx, e.timing.preview)
	defer cancel()
	s, err := e.connect(ctx, authorizerID, noFlow)
	if err != nil {
		return result.Preview, err
	}
	defer e.shut(ctx, s)
	extractor, err := role[connectors.Extractor](s, "be read")
	if err != nil {
		return result.Preview, err
	}
	if err = e.fill(ctx, extractor, selection, &result); err == nil {
		e.previewKey(ctx, s, selection, &result)
	}
	return result.Preview, err
}

// fill reads until the end, a bound, or the end of the time, which leaves what there is.
func (e *Engine) fill(ctx context.Context, extractor connectors.Extractor, selection connectors.Selection, result *previewing) error {
	read, err := extractor.Read(ctx, []connectors.Selection{selection}, connectors.Want{})
	if err != nil {
		return err
	}
	defer func() {
		if err := read.Close(); err != nil {
			e.Log.DebugContext(ctx, "closing a preview failed", "error", err)
		}
	}()
	for !result.full() {
		event, err := read.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && len(result.Rows) > 0 {
			result.warn(fmt.Sprintf("only the rows that came within %s are shown", e.timing.preview))
			return nil
		}
		if err != nil {
			return err
		}
		if err := result.take(event); err != nil {
			return err
		}
	}
	return nil
}

func (r *previewing) full() bool { return len(r.Rows) >= r.limit || r.bytes >= previewBytes }

func (r *previewing) warn(text string) { r.Warnings = once(r.Warnings, []string{text}) }

// take adds one event and releases its batch.
func (r *previewing) take(event connectors.Event) error {
	switch {
	case event.Schema != nil:
		r.head(*event.Schema)
	case event.Batch != nil:
		defer event.Batch.Release()
		rows, rejects, err := event.Batch.Arrow()
		if err != nil {
			return fmt.Errorf("decoding the rows: %w", err)
		}
		r.Rejects = append(r.Rejects, rejects...)
		r.body(rows)
	}
	return nil
}

func (r *previewing) head(schema record.Schema) {
	r.Columns = make([]flows.PreviewColumn, len(schema.Columns))
	for i, column := range schema.Columns {
		r.Columns[i] = flows.PreviewColumn{
			Name: column.Name, Type: record.TypeName(column.Type), Native: column.Native, Note: column.Note,
		}
	}
	for _, name := range schema.Key {
		if i := schema.Index(name); i >= 0 {
			r.Columns[i].Key = true
		}
	}
}

func (r *previewing) body(rows arrow.RecordBatch) {
	for i := range int(rows.NumRows()) {
		if r.full() {
			if r.bytes >= previewBytes {
				r.warn(fmt.Sprintf("only the first %d rows are shown, since they are large", len(r.Rows)))
			}
			return
		}
		row := make([]*string, rows.NumCols())
		for c, column := range rows.Columns() {
			if !column.IsNull(i) {
				text := shorten(record.Format(column, i))
				r.bytes += len(text)
				row[c] = &text
			}
		}
		r.Rows = append(r.Rows, row)
	}
}

// shorten cuts a very long value at a character's end and marks the cut.
func shorten(text string) string {
	if len(text) <= previewValue {
		return text
	}
	end := previewValue
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.Clone(text[:end]) + "…"
}
