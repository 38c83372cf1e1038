package duckdb

import (
	"context"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
)

// reject keeps rows that cannot be stored apart, beside the target and in the applying
// transaction, or fails the load at the first one too many.
func (l *load) reject(ctx context.Context, it *item, found []sqlload.Rejected) error {
	for _, r := range found {
		if err := it.rejects.Add(it.stream, r); err != nil {
			return err
		}
	}
	if len(found) == 0 {
		return nil
	}
	name := sqlload.RejectsTable(dialect{}, it.stream.Table)
	s := l.s.about("keep the rejected rows in " + name.Name)
	if !it.keeps {
		if _, err := s.Exec(ctx, sqlload.CreateRejects(dialect{}, name)); err != nil {
			return err
		}
		it.keeps = true
	}
	if err := sqlload.InsertRejects(ctx, s, dialect{}, name, l.id.Run, found); err != nil {
		return err
	}
	crashpoint.Reach("load.rejects_kept")
	return nil
}

// input is what the load knows when its last row has been appended.
func (it *item) input(copied int64, end connectors.Close) sqlload.Input {
	return sqlload.Input{Copied: copied, Sent: it.sent, Rejected: it.rejects.Count, Bytes: it.bytes, Close: end, LastGood: it.lastGood}
}

// Rejects selects the rejected rows that a run kept beside a table.
func (*connection) Rejects(table connectors.Table, run string) (connectors.Selection, error) {
	return sqlload.SelectRejects(dialect{}, table, run)
}
