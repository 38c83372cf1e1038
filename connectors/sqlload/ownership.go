package sqlload

import (
	"context"
	"fmt"
	"strings"

	"leat/connectors"
)

// The recipes and reasons by which the report of a load tells whether it replaced the
// rows of its table. Load rows hold them: see replaced.
const (
	recipeCreate    = "create+copy"
	recipeCopy      = "copy"
	recipeSwap      = "swap"
	recipeMerge     = "stage+merge"
	recipeDelete    = "stage+delete+insert"
	recipeVersions  = "stage+versions"
	reasonEmpty     = "the table was empty"
	reasonKeyValues = "rows with the same key's values are replaced"
)

// Ownership is whose rows stand in a table, as the state rows tell. A stream owns them
// when it made the table, found it empty, or took it over. The zero value owns none.
type Ownership struct {
	// Owns says that the rows are the stream's own.
	Owns bool
	// Others are the keys of streams of the same installation that loaded the table too, or
	// one that has rows in common with it.
	Others []string
	// Rows says how many rows stand in a table of which the stream may remove none, in
	// words; "" where it may.
	Rows string
	// GoesOn says that the read of a history goes on from a position, so that it is not whole.
	GoesOn bool
	// ask repeats the question; nil where nobody can answer.
	ask func(ctx context.Context, db Session) (Ownership, error)
}

// sole says that every row of the table is the stream's own.
func (o Ownership) sole() bool { return o.Owns && len(o.Others) == 0 }

// replaced tells by its report whether a load left no row but those that it brought. Two
// modes share a recipe, and so do two ways into a table; the reason tells them apart.
func replaced(report connectors.Report, whole bool) bool {
	switch report.Recipe {
	case recipeCreate:
		return true
	case recipeCopy:
		return strings.HasPrefix(report.Reason, reasonEmpty)
	case recipeSwap, recipeMerge, recipeVersions:
		return whole
	case recipeDelete:
		return whole && !strings.HasPrefix(report.Reason, reasonKeyValues)
	default:
		return false
	}
}

// removes says that the load removes rows which it does not bring: all others, those with
// the key's values, or the open versions of keys that a whole read did not find. The mode
// delete is not among them: to remove the rows that it names is all that it is for.
func (s Spec) removes() bool {
	switch s.Target.Mode {
	case connectors.TruncateInsert, connectors.DeleteInsert:
		return true
	case connectors.History:
		return s.mayBeWhole()
	default:
		return false
	}
}

// mayBeWhole says that the read can cover its dataset, before the source was asked.
func (s Spec) mayBeWhole() bool {
	t := s.Target
	return t.Cursor == "" || !s.Existing.Ownership.GoesOn && t.Nulls != connectors.NullsExclude && t.Overlap != connectors.OverlapNone
}

// mayRemove says that what the load removes is the stream's own, or was given to it.
func (s Spec) mayRemove() bool {
	e := s.Existing
	return e == nil || !e.Filled || !s.removes() || e.Ownership.sole() || s.Target.Takeover == connectors.TakeoverYes
}

// refuseForeign is the error of rows that a load may not remove.
func (s Spec) refuseForeign(own Ownership, rows string) *connectors.Error {
	whose := "that this stream did not bring"
	if len(own.Others) > 0 {
		whose = fmt.Sprintf("and is loaded by another stream (%s) as well", strings.Join(own.Others, ", "))
	}
	if rows == "" {
		rows = "rows"
	}
	return &connectors.Error{
		Kind:    connectors.Ownership,
		Message: fmt.Sprintf("the table %s has %s %s, and %s", s.Table, rows, whose, s.whatGoes()),
		Fix:     "If they may go, say takeover: true in the stream; else load into another table, or use insert or upsert.",
	}
}

// whatGoes says what the mode does to rows that it did not bring.
func (s Spec) whatGoes() string {
	switch s.Target.Mode {
	case connectors.DeleteInsert:
		return "delete_insert would remove those of them that share a key with a row read"
	case connectors.History:
		return "history would close those of them whose keys are not read"
	default:
		return "truncate_insert would remove them"
	}
}

// takenOver is the warning of rows that a load removes because somebody said so; none
// where all are its own.
func (s Spec) takenOver(own Ownership) []string {
	switch {
	case s.Target.Takeover != connectors.TakeoverYes || own.sole():
		return nil
	case len(own.Others) > 0:
		return []string{fmt.Sprintf("%s was taken over (takeover: true) although another stream loads it as well: %s", s.Table, strings.Join(own.Others, ", "))}
	default:
		return []string{fmt.Sprintf("%s was taken over (takeover: true): it had rows that this stream did not bring", s.Table)}
	}
}

// askOwner lets the load ask again whose rows it removes, when the table is locked.
func (b *builder) askOwner() {
	if b.s.Existing != nil {
		b.step(Statement{Name: "foreign", Owner: true, Whole: b.s.Target.Mode == connectors.History, SQL: countSome(b.rows)})
	}
}

// askEmpty lets a load that removes nothing ask again whether it finds the table empty.
func (b *builder) askEmpty() {
	if e := b.s.Existing; e != nil && !e.Ownership.Owns && !e.Filled && !e.Unseen {
		b.add(&b.p.Setup, Statement{Figures: []string{foundRows}, SQL: b.previous("")})
	}
}

// foundRows is the figure of the rows found in a table that seemed empty.
const foundRows = "found"

// checkOwner asks whose rows these are. Nobody can write into the table any more: rows and
// load rows that came since Begin are seen.
func (p *Plan) checkOwner(ctx context.Context, session Session) error {
	own := p.Spec.Existing.Ownership
	if own.ask != nil {
		again, err := own.ask(ctx, session)
		if err != nil {
			return fmt.Errorf("ask again whose rows stand in %s: %w", p.Spec.Table, err)
		}
		own = again
	}
	if own.sole() {
		return nil
	}
	rows, count, err := countRows(ctx, session, p.dialect, p.Spec.Table, p.Spec.Existing)
	if err != nil {
		return err
	}
	if count > 0 && p.Spec.Target.Takeover != connectors.TakeoverYes {
		return p.Spec.refuseForeign(own, rows)
	}
	p.owned = true
	if count > 0 {
		p.takenOver = p.Spec.takenOver(own)
	}
	return nil
}

// Owns says after Apply whether the rows of the table are the stream's own.
func (p *Plan) Owns() bool {
	return p.Spec.Existing == nil || p.Spec.Existing.Ownership.Owns || p.owned
}

// countedRows is how many rows are counted one by one.
const countedRows = 100_000

// countSome counts the rows of a table written as SQL, up to one more than countedRows.
func countSome(table string) string {
	return fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d) r", table, countedRows+1)
}

// countRows says how many rows a table has: exactly, or about how many where there are
// more than countedRows.
func countRows(ctx context.Context, db Session, d Dialect, table connectors.Table, e *Existing) (words string, count int64, err error) {
	if count, err = number(ctx, db, countSome(e.Rows(quoteTable(d, table)))); err != nil || count <= countedRows {
		return plural(count), count, err
	}
	about, err := number(ctx, db, d.EstimateRows(), table.Schema, table.Name)
	if err != nil {
		return "", 0, err
	}
	if about <= countedRows { // the catalogue is behind
		return fmt.Sprintf("more than %d rows", countedRows), count, nil
	}
	return fmt.Sprintf("about %d rows", about), about, nil
}

func plural(count int64) string {
	if count == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", count)
}

// number returns the one integer of a query, 0 where it has no row.
func number(ctx context.Context, db Session, sql string, args ...string) (int64, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0][0].Int()
}
