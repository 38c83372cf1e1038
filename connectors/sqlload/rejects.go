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
func (r *Rejects) Add(stream Stream, reject Rejected) error {
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

// Room is the LIMIT of a query for rows to reject, which need not find more than one too
// many; "" where any number may be rejected.
func (r *Rejects) Room(stream Stream) string {
	if stream.Target.RejectLimit < 0 {
		return ""
	}
	return fmt.Sprintf(" LIMIT %d", max(stream.Target.RejectLimit-r.Count, 0)+1)
}

// TooManyRejects is the error of a row that may not be rejected any more.
func TooManyRejects(stream Stream, last Rejected) error {
	message := fmt.Sprintf("a row for %s cannot be stored: %s", stream.Table, last.describe())
	if limit := stream.Target.RejectLimit; limit > 0 {
		message = fmt.Sprintf("more than %d rows for %s cannot be stored; the last: %s", limit, stream.Table, last.describe())
	}
	return &connectors.Error{
		Kind: connectors.Data, Message: message, Cause: last.Reject,
		Fix: "Mend the rows at the source, allow more rejects for this stream, or convert the column in a query.",
	}
}

// Rejected is one rejected row; its document is JSON, empty where the row could not even
// be decoded.
type Rejected struct {
	record.Reject
	Document string
	// Place is the row's number in the order of reading, from 1; 0 when nobody knows. Part
	// is the number of the part of the read, from 1, where there are several.
	Place int64
	Part  int
}

// describe is the reject with its place.
func (r Rejected) describe() string {
	if r.Place == 0 {
		return r.Error()
	}
	place := fmt.Sprintf("row %d of those read", r.Place)
	if r.Part > 0 {
		place = fmt.Sprintf("row %d of part %d of those read", r.Place, r.Part)
	}
	if r.Column == "" {
		return place + ": " + r.Reason
	}
	return fmt.Sprintf("column %q, %s: %s", r.Column, place, r.Reason)
}

// Places counts the rows of each part of a read.
type Places []int64

// Next returns the number of rows that came before in the part, and adds those of a batch.
func (p *Places) Next(part, rows int) (before int64) {
	for len(*p) <= part {
		*p = append(*p, 0)
	}
	before = (*p)[part]
	(*p)[part] += int64(rows)
	return before
}

// Placed sets the places of rejects of one batch of a read with so many parts.
func Placed(found []Rejected, before int64, part, parts int) []Rejected {
	for i := range found {
		found[i].Place = before + int64(found[i].Row) + 1
		if parts > 1 {
			found[i].Part = part + 1
		}
	}
	return found
}

// Among counts the rows of rejects among all rows of their batch; until then they count
// those that were left when others were gone, whose rows rise.
func Among(found []Rejected, gone []record.Reject) []Rejected {
	for i := range found {
		for _, earlier := range gone {
			if earlier.Row <= found[i].Row {
				found[i].Row++
			}
		}
	}
	return found
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
