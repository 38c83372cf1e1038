package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
	"leat/record"
)

// flushRejects is how many rejected rows wait in memory.
const flushRejects = 500

// rejected is one rejected row; its document is JSON, empty where the row could not even
// be decoded.
type rejected struct {
	record.Reject
	document string
}

// rejects are the rejected rows of one target.
type rejects struct {
	count   int64
	waiting []rejected
	// made says that the table of rejects exists.
	made    bool
	reasons []connectors.RejectCount
}

// undecoded are rows that Arrow could not hold.
func undecoded(found []record.Reject) []rejected {
	out := make([]rejected, len(found))
	for i, reject := range found {
		out[i] = rejected{Reject: reject}
	}
	return out
}

// withRows adds the documents of rows that could not be encoded.
func withRows(rows arrow.RecordBatch, found []record.Reject) []rejected {
	out := make([]rejected, len(found))
	for i, reject := range found {
		out[i] = rejected{Reject: reject, document: looseDocument(rows, reject.Row)}
	}
	return out
}

// reject keeps rows apart, or fails the load at the first one too many.
func (l *load) reject(ctx context.Context, it *item, found []rejected) error {
	for _, r := range found {
		it.rejects.count++
		if limit := it.target.RejectLimit; limit >= 0 && it.rejects.count > limit {
			return tooMany(it, r.Reject)
		}
		it.rejects.waiting = append(it.rejects.waiting, r)
		it.rejects.note(r.Reject)
	}
	if len(it.rejects.waiting) < flushRejects {
		return nil
	}
	if err := l.finishCopy(ctx); err != nil {
		return err
	}
	return l.keepRejects(ctx, it)
}

func tooMany(it *item, r record.Reject) error {
	message := fmt.Sprintf("a row for %s cannot be stored: %s", it.stream.Table, r.Error())
	if it.target.RejectLimit > 0 {
		message = fmt.Sprintf("more than %d rows for %s cannot be stored; the last: %s", it.target.RejectLimit, it.stream.Table, r.Error())
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

// keepRejects writes the waiting rows beside the target, in the applying transaction.
func (l *load) keepRejects(ctx context.Context, it *item) error {
	if len(it.rejects.waiting) == 0 {
		return nil
	}
	name := sqlload.RejectsTable(dialect{}, it.stream.Table)
	s := l.s.about("keep the rejected rows in "+name.String(), name, "INSERT")
	if err := l.beginApplying(ctx); err != nil {
		return err
	}
	if !it.rejects.made {
		if err := ensureTable(ctx, s, name, "CREATE TABLE IF NOT EXISTS "+quoteTable(name)+
			" (run text NOT NULL, rejected_at timestamp with time zone NOT NULL, column_name text, reason text NOT NULL, row_data json)"); err != nil {
			return err
		}
		it.rejects.made = true
	}
	for chunk := range slices.Chunk(it.rejects.waiting, 200) {
		if err := insertRejects(ctx, s, name, l.id.Run, chunk); err != nil {
			return err
		}
	}
	it.rejects.waiting = it.rejects.waiting[:0]
	crashpoint.Reach("load.rejects_kept")
	return nil
}

func insertRejects(ctx context.Context, s *session, name connectors.Table, run string, chunk []rejected) error {
	args := []string{run}
	values := make([]string, len(chunk))
	for i, r := range chunk {
		n := len(args)
		values[i] = fmt.Sprintf("($1, now(), nullif($%d, ''), $%d, CAST(nullif($%d, '') AS json))", n+1, n+2, n+3)
		args = append(args, r.Column, r.Reason, r.document)
	}
	_, err := s.Exec(ctx, "INSERT INTO "+quoteTable(name)+" (run, rejected_at, column_name, reason, row_data) VALUES "+strings.Join(values, ", "), args...)
	return err
}

// Rejects selects the rejected rows that a run kept beside a table.
func (*connection) Rejects(table connectors.Table, run string) (connectors.Selection, error) {
	return sqlload.SelectRejects(dialect{}, table, run)
}
