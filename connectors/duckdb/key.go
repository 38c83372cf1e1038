package duckdb

import (
	"context"
	"strings"

	"leat/connectors"
	"leat/internal/duck"
)

var _ connectors.KeyChecker = (*connection)(nil)

// RepeatedKey groups the rows by the key and takes one group of several rows.
func (c *connection) RepeatedKey(ctx context.Context, dataset connectors.Dataset, key []string) (*connectors.RepeatedKey, error) {
	h, err := c.acquire(ctx, c.flow, reading)
	if err != nil {
		return nil, err
	}
	defer h.release() //nolint:errcheck // only read
	r, err := findRelation(ctx, h.conn, dataset)
	if err != nil {
		return nil, err
	}
	columns, texts := make([]string, len(key)), make([]string, len(key))
	for i, name := range key {
		columns[i], texts[i] = duck.Quote(name), "CAST("+duck.Quote(name)+" AS VARCHAR)"
	}
	rows, err := h.conn.Values(ctx, "SELECT count(*), "+strings.Join(texts, ", ")+" FROM "+r.from+" GROUP BY "+strings.Join(columns, ", ")+" HAVING count(*) > 1 LIMIT 1")
	if err != nil || len(rows) == 0 {
		return nil, mapError(err, "check the key of "+dataset.String())
	}
	found := &connectors.RepeatedKey{Values: make([]*string, len(key))}
	found.Rows, _ = rows[0][0].(int64)
	for i, value := range rows[0][1:] {
		if text, ok := value.(string); ok {
			found.Values[i] = &text
		}
	}
	return found, nil
}
