package postgres

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
	"leat/record"
	"leat/record/pgbinary"
)

// flushRejects is how many rejected rows wait in memory.
const flushRejects = 500

// rejects are the rejected rows of one target.
type rejects struct {
	sqlload.Rejects
	waiting []sqlload.Rejected
	// made says that the table of rejects exists.
	made bool
}

// withRows adds the documents of rows that could not be encoded.
func withRows(rows arrow.RecordBatch, found []record.Reject) []sqlload.Rejected {
	out := make([]sqlload.Rejected, len(found))
	for i, reject := range found {
		out[i] = sqlload.Rejected{Reject: reject, Document: record.FormatDocument(rows, reject.Row)}
	}
	return out
}

// reject keeps rows apart, or fails the load at the first one too many.
func (l *load) reject(ctx context.Context, it *item, found []sqlload.Rejected) error {
	for _, r := range found {
		if !l.keepsUnicode() {
			r.Column, r.Document = record.ASCII(r.Column, record.EscapeJSON), record.ASCII(r.Document, record.EscapeShown)
		}
		if err := it.rejects.Add(it.stream, r); err != nil {
			return err
		}
		it.rejects.waiting = append(it.rejects.waiting, r)
	}
	if len(it.rejects.waiting) < flushRejects {
		return nil
	}
	if err := l.finishCopy(ctx); err != nil {
		return err
	}
	return l.keepRejects(ctx, it)
}

// undecoded are rows that Arrow could not hold, with their documents where the batch has
// tuples.
func undecoded(batch record.Batch, found []record.Reject) []sqlload.Rejected {
	out := sqlload.Undecoded(found)
	rows, ok := batch.(*pgbinary.Batch)
	if !ok || len(found) == 0 {
		return out
	}
	ends, err := tupleEnds(rows.Tuples())
	if err != nil {
		return out // as Arrow has decoded them, they are right
	}
	layout := rows.Layout().(*pgbinary.Layout)
	for i, r := range found {
		out[i].Document = looseTuple(layout.Fields, tuplesOf(rows.Tuples(), ends, r.Row, r.Row+1)[2:])
	}
	return out
}

// keepsUnicode says that the database takes any character.
func (l *load) keepsUnicode() bool {
	encoding := pgwire.Encoding(l.s.conn.PgConn())
	return encoding == "UTF8" || encoding == pgwire.SQLASCII
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
	if err := s.command(ctx, searchPathOfOurs); err != nil { // they may come while rows are applied
		return err
	}
	if !it.rejects.made {
		if err := ensureTable(ctx, s, name, sqlload.CreateRejects(dialect{}, name)); err != nil {
			return err
		}
		it.rejects.made = true
	}
	if err := s.asRole(ctx, func() error {
		return sqlload.InsertRejects(ctx, s, dialect{}, name, l.id.Run, it.rejects.waiting)
	}); err != nil {
		return err
	}
	it.rejects.waiting = it.rejects.waiting[:0]
	crashpoint.Reach("load.rejects_kept")
	return nil
}

// Rejects selects the rejected rows that a run kept beside a table.
func (*connection) Rejects(table connectors.Table, run string) (connectors.Selection, error) {
	return sqlload.SelectRejects(dialect{}, table, run)
}
