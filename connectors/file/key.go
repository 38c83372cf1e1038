package file

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
	"leat/record"
)

var _ connectors.KeyChecker = (*connection)(nil)

// maxKeys bounds the memory of a check: a key is kept as a fingerprint of 16 bytes.
const maxKeys = 2_000_000

// keySet finds keys that come again by two independent hashes.
type keySet struct {
	first, second maphash.Seed
	seen          map[[2]uint64]struct{}
}

// RepeatedKey reads the key's columns until a key comes for the second time. Rows is 2: the
// rest of the file is not read.
func (c *connection) RepeatedKey(ctx context.Context, dataset connectors.Dataset, key []string) (*connectors.RepeatedKey, error) {
	read, err := c.Read(ctx, []connectors.Selection{{Dataset: dataset, Columns: key}}, connectors.Want{})
	if err != nil {
		return nil, err
	}
	defer read.Close() //nolint:errcheck // only read
	keys := keySet{first: maphash.MakeSeed(), second: maphash.MakeSeed(), seen: map[[2]uint64]struct{}{}}
	for {
		event, err := read.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if event.Batch == nil {
			continue
		}
		found, err := keys.take(event.Batch)
		if err != nil || found != nil {
			return found, err
		}
		if len(keys.seen) > maxKeys {
			return nil, fmt.Errorf("check the key of %s: it has more than %d values", dataset, maxKeys)
		}
	}
}

// take adds the keys of a batch and releases it.
func (k *keySet) take(batch record.Batch) (*connectors.RepeatedKey, error) {
	defer batch.Release()
	rows, _, err := batch.Arrow() // rejects have no key
	if err != nil {
		return nil, fmt.Errorf("decode the rows: %w", err)
	}
	for i := range int(rows.NumRows()) {
		values := valuesOf(rows, i)
		if k.add(values) {
			return &connectors.RepeatedKey{Values: values, Rows: 2}, nil
		}
	}
	return nil, nil
}

// add says whether the values came before.
func (k *keySet) add(values []*string) bool {
	var text []byte
	for _, value := range values {
		if value == nil {
			text = append(text, 0)
			continue
		}
		text = append(fmt.Appendf(append(text, 1), "%d:", len(*value)), *value...)
	}
	mark := [2]uint64{maphash.Bytes(k.first, text), maphash.Bytes(k.second, text)}
	_, again := k.seen[mark]
	k.seen[mark] = struct{}{}
	return again
}

func valuesOf(rows arrow.RecordBatch, row int) []*string {
	values := make([]*string, rows.NumCols())
	for i, column := range rows.Columns() {
		if !column.IsNull(row) {
			text := record.Format(column, row)
			values[i] = &text
		}
	}
	return values
}
