package sqlload

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"leat/connectors"
	"leat/record"
)

// rejectsEnding ends the name of the table that keeps rejected rows.
const rejectsEnding = "__rejects"

// RejectsTable names the table that keeps the rejected rows of a table in use.
func RejectsTable(d Dialect, table connectors.Table) connectors.Table {
	return connectors.Table{Schema: table.Schema, Name: ShortenWith(table.Name, rejectsEnding, d.MaxIdentifier())}
}

// SelectRejects selects the rejected rows of one run, for connectors.RejectKeeper. The
// run stands in the text, since a selection has no parameters.
func SelectRejects(d Dialect, table connectors.Table, run string) (connectors.Selection, error) {
	table, err := MapTable(d, table)
	if err != nil {
		return connectors.Selection{}, err
	}
	kept := RejectsTable(d, table)
	return connectors.Selection{Dataset: connectors.Dataset{
		Query: "SELECT rejected_at, column_name, reason, row_data FROM " + quoteTable(d, kept) +
			" WHERE run = '" + strings.ReplaceAll(run, "'", "''") + "'",
	}}, nil
}

// Rejects counts the rejected rows of one target.
type Rejects struct {
	Count   int64
	Reasons []connectors.RejectCount
}

// Add counts a row, or fails at the first one above the target's limit.
func (r *Rejects) Add(stream Stream, reject record.Reject) error {
	r.Count++
	if limit := stream.Target.RejectLimit; limit >= 0 && r.Count > limit {
		return TooManyRejects(stream, reject)
	}
	i := slices.IndexFunc(r.Reasons, func(c connectors.RejectCount) bool { return c.Column == reject.Column && c.Reason == reject.Reason })
	if i < 0 {
		r.Reasons = append(r.Reasons, connectors.RejectCount{Column: reject.Column, Reason: reject.Reason})
		i = len(r.Reasons) - 1
	}
	r.Reasons[i].Rows++
	return nil
}

// TooManyRejects is the error of a row that may not be rejected any more.
func TooManyRejects(stream Stream, last record.Reject) error {
	message := fmt.Sprintf("a row for %s cannot be stored: %s", stream.Table, last.Error())
	if limit := stream.Target.RejectLimit; limit > 0 {
		message = fmt.Sprintf("more than %d rows for %s cannot be stored; the last: %s", limit, stream.Table, last.Error())
	}
	return &connectors.Error{
		Kind: connectors.Data, Message: message, Cause: last,
		Fix: "Mend the rows at the source, allow more rejects for this stream, or convert the column in a query.",
	}
}

// Rejected is one rejected row; its document is JSON, empty where the row could not even
// be decoded.
type Rejected struct {
	record.Reject
	Document string
}

// Undecoded are rows that Arrow could not hold.
func Undecoded(found []record.Reject) []Rejected {
	out := make([]Rejected, len(found))
	for i, reject := range found {
		out[i] = Rejected{Reject: reject}
	}
	return out
}

// CreateRejects returns the statement that makes a table of rejects.
func CreateRejects(d Dialect, kept connectors.Table) string {
	text := d.TextType()
	return "CREATE TABLE IF NOT EXISTS " + quoteTable(d, kept) + " (run " + text + " NOT NULL, rejected_at " + d.TimeType() +
		" NOT NULL, column_name " + text + ", reason " + text + " NOT NULL, row_data json)"
}

// rejectsAtOnce bounds the arguments of one statement.
const rejectsAtOnce = 200

// InsertRejects writes rejected rows of a run into their table.
func InsertRejects(ctx context.Context, db Session, d Dialect, kept connectors.Table, run string, rows []Rejected) error {
	for chunk := range slices.Chunk(rows, rejectsAtOnce) {
		args := []string{run}
		values := make([]string, len(chunk))
		for i, r := range chunk {
			n := len(args)
			values[i] = fmt.Sprintf("($1, now(), nullif($%d, ''), $%d, CAST(nullif($%d, '') AS json))", n+1, n+2, n+3)
			args = append(args, r.Column, r.Reason, r.Document)
		}
		_, err := db.Exec(ctx, "INSERT INTO "+quoteTable(d, kept)+" (run, rejected_at, column_name, reason, row_data) VALUES "+strings.Join(values, ", "), args...)
		if err != nil {
			return err
		}
	}
	return nil
}
