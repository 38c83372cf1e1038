package duck

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// catalogBatch bounds the batches of Values; its results are small.
var catalogBatch = Limits{Rows: 2048, Bytes: 8 << 20}

// Values runs a small query, for example about the catalog, and returns its rows with
// values of type bool, int64, float64, string, []byte or time.Time, and nil for NULL.
func (c *Conn) Values(ctx context.Context, query string, args ...any) ([][]any, error) {
	rows, err := c.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]any
	for {
		batch, err := rows.Next(ctx, catalogBatch)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		found, rejects, err := batch.Arrow()
		if err == nil && len(rejects) > 0 {
			err = rejects[0]
		}
		if err != nil {
			batch.Release()
			return nil, fmt.Errorf("decode values: %w", err)
		}
		out = appendValues(out, found)
		batch.Release()
	}
}

func appendValues(out [][]any, rows arrow.RecordBatch) [][]any {
	for i := range int(rows.NumRows()) {
		row := make([]any, rows.NumCols())
		for c, column := range rows.Columns() {
			row[c] = goValue(column, i)
		}
		out = append(out, row)
	}
	return out
}

func goValue(column arrow.Array, i int) any {
	if column.IsNull(i) {
		return nil
	}
	switch column := column.(type) {
	case *array.Boolean:
		return column.Value(i)
	case *array.Int16:
		return int64(column.Value(i))
	case *array.Int32:
		return int64(column.Value(i))
	case *array.Int64:
		return column.Value(i)
	case *array.Float64:
		return column.Value(i)
	case *array.String:
		return string([]byte(column.Value(i)))
	case *array.Binary:
		return append([]byte{}, column.Value(i)...)
	case *array.Timestamp:
		return column.Value(i).ToTime(arrow.Microsecond)
	default:
		return column.ValueStr(i)
	}
}
