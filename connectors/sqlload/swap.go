package sqlload

import (
	"fmt"

	"leat/connectors"
)

// Swap is a system's way to replace a table by a new one that has everything the old one
// has: its statements, in the order in which they run.
type Swap struct {
	// Beside is the new table's name.
	Beside connectors.Table
	// Create makes the new table before the copy, Dress gives it what the old one has.
	Create, Dress []Statement
	// Hold keeps everybody away from the old table, readers as well.
	Hold []Statement
	// Compare returns in how many things the tables differ, how many of these change rows
	// when rows of the old table are changed, and what they are in words.
	Compare Statement
	// Undo lets go of what Hold keeps; Finish puts the new table in the old one's place.
	Undo, Finish []Statement
}

// The figures of a comparison, and the recipe of a swap that it stopped.
const (
	different     = "different"
	unsafe        = "unsafe"
	insteadOfSwap = recipeDelete
)

// noSwap refuses a swap that was asked for.
func (b *builder) noSwap(why string) error {
	return refuse("the table %s cannot be replaced by swapping: %s", "Use replace: auto.", b.s.Table, why)
}

// swap builds a new table beside the old one in the same transaction.
func (b *builder) swap() error {
	if b.s.Swap == nil || b.s.Existing.NoSwap != "" {
		why := b.s.Existing.NoSwap
		if why == "" {
			why = "this system replaces rows in place"
		}
		return b.noSwap(why)
	}
	b.because(recipeSwap, "a new table can have all that this one has")
	b.beside()
	b.lock()
	b.askOwner()
	b.step(Statement{Figures: []string{"previous"}, SQL: b.previous("")})
	b.steps(b.s.Swap.Dress, Statement{})
	b.steps(b.s.Swap.Hold, Statement{})
	compare := b.s.Swap.Compare
	compare.Figures, compare.Words, compare.Zero, compare.Name = []string{different, unsafe}, true, true, unsafe
	if b.s.Target.Replace == connectors.ReplaceSwap {
		compare.Name = different
		b.step(compare)
	} else {
		b.step(compare)
		b.instead()
	}
	b.steps(b.s.Swap.Finish, Statement{Unless: different})
	return nil
}

// beside copies into the new table, in the transaction that makes it. Only so can its rows
// be stored as visible to everybody: readers whose snapshot is older would find the rows of
// other sessions missing, and with them all rows.
func (b *builder) beside() {
	b.oneWriter("readers with an older snapshot would find a table empty that several sessions filled")
	for _, s := range b.s.Swap.Create {
		b.add(&b.p.Setup, s)
	}
	b.direct(b.table(b.s.Swap.Beside), true)
}

// instead takes the new table's rows for a staging table's, since somebody changed the old
// table in a way that the new one would not have.
func (b *builder) instead() {
	beside := b.table(b.s.Swap.Beside)
	b.steps(b.s.Swap.Undo, Statement{If: different})
	for _, s := range []Statement{
		{Figures: []string{"staged"}, SQL: "SELECT count(*) FROM " + beside},
		{Name: "deleted", SQL: "DELETE FROM " + b.rows},
		{Name: "kept", Figures: []string{"kept"}, Zero: true, SQL: "SELECT count(*) FROM (SELECT 1 FROM " + b.rows + " LIMIT 1) k"},
		{Name: "inserted", Expect: []string{"staged"}, SQL: b.insertFrom(beside + " s")},
		{SQL: "DROP TABLE " + beside},
	} {
		s.If = different
		b.step(s)
	}
}

// steps adds statements that run under a condition.
func (b *builder) steps(statements []Statement, condition Statement) {
	for _, s := range statements {
		s.If, s.Unless = condition.If, condition.Unless
		b.step(s)
	}
}

// changed is the error of a table that somebody changed while its successor was made.
func (p *Plan) changed() error {
	return &connectors.Error{
		Kind: connectors.Conflict, Retryable: true,
		Message: fmt.Sprintf("somebody changed %s while its successor was made: %s", p.Spec.Table, p.words),
		Fix:     "Run it again. Nothing was written, and nothing of the change is lost.",
	}
}
