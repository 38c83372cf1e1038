package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/record"
)

// rejects are the rows of one target that could not even be decoded.
type rejects struct {
	count   int64
	reasons []connectors.RejectCount
	// made says that the table of rejects exists.
	made bool
}

// reject keeps rows apart, or fails the load at the first one too many.
func (l *load) reject(ctx context.Context, it *item, found []record.Reject) error {
	for _, r := range found {
		it.rejects.count++
		if limit := it.target.RejectLimit; limit >= 0 && it.rejects.count > limit {
			return tooMany(it, r)
		}
		it.rejects.note(r)
	}
	for chunk := range slices.Chunk(found, 200) {
		if err := l.keepRejects(ctx, it, chunk); err != nil {
			return err
		}
	}
	return nil
}

func tooMany(it *item, r record.Reject) error {
	message := fmt.Sprintf("A row for %s cannot be stored: %s", it.stream.Table, r.Error())
	if it.target.RejectLimit > 0 {
		message = fmt.Sprintf("More than %d rows for %s cannot be stored; the last: %s", it.target.RejectLimit, it.stream.Table, r.Error())
	}
	return &connectors.Error{
		Kind: connectors.Data, Message: message, Cause: r,
		Fix: "Mend the rows at the source, allow more rejects for this stream, or convert the column in a query.",
	}
}

func (r *rejects) note(reject record.Reject) {
	i := slices.IndexFunc(r.reasons, func(c connectors.RejectCount) bool { return c.Column == reject.Column && c.Reason == reject.Reason })
	if i < 0 {
		r.reasons = append(r.reasons, connectors.RejectCount{Column: reject.Column, Reason: reject.Reason})
		i = len(r.reasons) - 1
	}
	r.reasons[i].Rows++
}

// keepRejects writes rows beside the target, in the applying transaction.
func (l *load) keepRejects(ctx context.Context, it *item, chunk []record.Reject) error {
	name := sqlload.RejectsTable(dialect{}, it.stream.Table)
	s := l.s.about("keep the rejected rows in " + name.Name)
	table := qualified(name.Schema, name.Name)
	if !it.rejects.made {
		if _, err := s.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+table+
			" (run VARCHAR NOT NULL, rejected_at TIMESTAMPTZ NOT NULL, column_name VARCHAR, reason VARCHAR NOT NULL, row_data JSON)"); err != nil {
			return err
		}
		it.rejects.made = true
	}
	args := []string{l.id.Run}
	values := make([]string, len(chunk))
	for i, r := range chunk {
		values[i] = fmt.Sprintf("($1, now(), nullif($%d, ''), $%d)", len(args)+1, len(args)+2)
		args = append(args, r.Column, r.Reason)
	}
	_, err := s.Exec(ctx, "INSERT INTO "+table+" (run, rejected_at, column_name, reason) VALUES "+strings.Join(values, ", "), args...)
	return err
}

// input is what the load knows when its last row has been appended.
func (it *item) input(copied int64, end connectors.Close) sqlload.Input {
	return sqlload.Input{Copied: copied, Sent: it.sent, Rejected: it.rejects.count, Bytes: it.bytes, Close: end, LastGood: it.lastGood}
}

// Rejects selects the rejected rows that a run kept beside a table.
func (*connection) Rejects(table connectors.Table, run string) (connectors.Selection, error) {
	return sqlload.SelectRejects(dialect{}, table, run)
}
