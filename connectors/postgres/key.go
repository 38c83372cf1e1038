package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"leat/connectors"
	"leat/connectors/pgwire"
)

var _ connectors.KeyChecker = (*connection)(nil)

// RepeatedKey groups the rows by the key and stops at the first group of several rows. The
// server's own limit ends it in time, so that the session stays usable.
func (c *connection) RepeatedKey(ctx context.Context, dataset connectors.Dataset, key []string) (*connectors.RepeatedKey, error) {
	r, err := find(ctx, c.session, dataset, c.config.User)
	if err != nil {
		return nil, err
	}
	tx, err := beginQuery(ctx, c.session)
	if err != nil {
		return nil, c.mapError(ctx, err, "begin a transaction")
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if r.isQuery() {
		if err := r.checkQuery(ctx, c.session); err != nil {
			return nil, err
		}
	}
	if limit, ok := ctx.Deadline(); ok {
		left := max(time.Until(limit).Milliseconds()*9/10, 1)
		if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", left)); err != nil {
			return nil, c.mapError(ctx, err, "limit a statement")
		}
	}
	result := c.session.PgConn().ExecParams(ctx, repeatedKeySQL(r.from, key), nil, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, r.readError(ctx, result.Err, c.config.User)
	}
	if len(result.Rows) == 0 {
		return nil, nil
	}
	return repeatedKey(result.Rows[0])
}

func repeatedKeySQL(from string, key []string) string {
	grouped, places, texts := make([]string, len(key)), make([]string, len(key)), make([]string, len(key))
	for i, column := range key {
		name := "k" + strconv.Itoa(i)
		grouped[i], places[i], texts[i] = pgwire.Quote(column)+" AS "+name, strconv.Itoa(i+1), "g."+name+"::pg_catalog.text"
	}
	return "SELECT g.rows_of_it, " + strings.Join(texts, ", ") + " FROM (SELECT " + strings.Join(grouped, ", ") + ", pg_catalog.count(*) AS rows_of_it FROM " + from +
		" GROUP BY " + strings.Join(places, ", ") + " HAVING pg_catalog.count(*) > 1 LIMIT 1) AS g"
}

// repeatedKey reads the number of rows and the values, all as text.
func repeatedKey(row [][]byte) (*connectors.RepeatedKey, error) {
	rows, err := strconv.ParseInt(string(row[0]), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("read the number of rows of a key: %w", err)
	}
	found := &connectors.RepeatedKey{Rows: rows, Values: make([]*string, len(row)-1)}
	for i, value := range row[1:] {
		if value != nil {
			text := string(value)
			found.Values[i] = &text
		}
	}
	return found, nil
}
