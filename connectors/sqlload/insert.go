package sqlload

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
)

// insert appends. A whole read brings every row once, and so does a half-open one but for
// the rows that it cannot order; both go straight in. Rows that may come twice are staged,
// and known ones are left out.
func (b *builder) insert() {
	switch e := b.s.Existing; {
	case e == nil && !b.s.mustStage():
		b.create()
		b.recount(b.target)
		if b.s.mayRepeat() && !b.knows() {
			b.staging = b.target
			b.step(b.unorderedProbe())
		}
	case b.s.mayRepeat():
		b.because("stage+insert", "rows whose cursor is NULL or endless come at every read")
		b.stage()
		b.insertHalfOpen()
	case e != nil && b.s.overlaps():
		b.because("stage+insert", "rows of an incremental read may come twice")
		b.stage()
		b.step(Statement{Figures: []string{"staged", "nulls"}, SQL: "SELECT count(*), " + countIf(b.nullKey()) + " FROM " + b.staging + " s"})
		b.insertUnknown(b.unknown(""), "")
	case b.s.mustStage():
		b.because("stage+insert", b.s.whyStage())
		b.stage()
		b.countStaged()
		b.insertAll()
	default:
		b.because(recipeCopy, "every row is read once")
		b.oneWriter("rows go straight into the table; to hide them first would write them twice")
		b.direct(b.target, false)
	}
}

// insertHalfOpen looks into the target only where there are rows that come at every read.
func (b *builder) insertHalfOpen() {
	b.countStaged()
	b.step(b.unorderedProbe())
	if b.s.Existing == nil || !b.knows() {
		b.insertAll() // the probe has found that they do not come again
		return
	}
	b.step(b.inserting(Statement{Unless: "unordered", Expect: []string{"staged"}}, b.staging+" s"))
	b.insertUnknown(b.unknown(b.unordered()), "unordered")
}

// insertUnknown inserts the staged rows of a condition, where a figure is above zero.
func (b *builder) insertUnknown(unknown, figure string) {
	if analyze := b.d.Analyze(b.staging); analyze != "" {
		b.step(Statement{SQL: analyze, If: figure})
	}
	if b.guarded() {
		b.step(Statement{Figures: []string{"missing"}, If: figure, SQL: "SELECT count(*) FROM " + b.staging + " s WHERE " + unknown})
	}
	b.step(b.inserting(Statement{If: figure, Expect: b.foretold("missing")}, b.staging+" s WHERE "+unknown))
}

// overlaps says that the read brings rows again that earlier ones brought.
func (s Spec) overlaps() bool {
	return s.incremental() && s.Target.Overlap != connectors.OverlapNone
}

// mayRepeat says that a half-open read may bring rows again: those whose cursor is NULL or
// endless. A whole number that is never NULL is neither.
func (s Spec) mayRepeat() bool {
	if !s.incremental() || s.Target.Overlap != connectors.OverlapNone {
		return false
	}
	column, ok := s.Target.Schema.Column(s.Target.Cursor)
	whole := ok && slices.Contains([]arrow.Type{arrow.INT16, arrow.INT32, arrow.INT64}, column.Type.ID())
	return !whole || column.Nullable
}

// knows says whether a row can be told from the target's rows by its key and its cursor.
func (b *builder) knows() bool {
	if len(b.s.Unique) == 0 || b.s.Existing != nil && b.s.Existing.Unseen {
		return false
	}
	return !slices.ContainsFunc(append(slices.Clone(b.s.Unique), b.s.Cursor), func(column string) bool { return !b.s.brings(column) })
}

// brings says that the values of a column reach the target. Documents have those of all
// columns that are read.
func (s Spec) brings(column string) bool {
	if s.Target.Layout == connectors.LayoutRaw {
		return s.Target.Schema.Index(column) >= 0
	}
	return s.field(column).Source != ""
}

// part is the value of a column on one side, as SQL; in a document it is JSON or text.
func (b *builder) part(alias, column, arrow string) string {
	if b.s.Target.Layout == connectors.LayoutRaw {
		return "(" + alias + "." + b.d.Quote(RawData) + " " + b.d.Operator(arrow) + " '" + strings.ReplaceAll(column, "'", "''") + "')"
	}
	if alias == targetAlias {
		return alias + "." + b.d.Quote(column)
	}
	return b.staged(alias, column)
}

const targetAlias = "t"

// equalParts compares the values of a column on both sides.
func (b *builder) equalParts(column string) string {
	return b.part(targetAlias, column, "->") + " " + b.equality(column) + " " + b.part("s", column, "->")
}

// unknown is true for staged rows whose key and cursor do not stand in the target, and for
// all that a condition does not narrow it to. Documents without a key are compared whole.
// The condition stands inside, so that the database still plans one join.
func (b *builder) unknown(condition string) string {
	same := make([]string, len(b.s.Unique))
	for i, column := range b.s.Unique {
		same[i] = b.equalParts(column)
	}
	if b.knows() {
		same = append(same, "("+b.equalParts(b.s.Cursor)+" OR "+b.part(targetAlias, b.s.Cursor, "->")+" IS NULL AND "+b.part("s", b.s.Cursor, "->")+" IS NULL)")
	} else {
		same = []string{b.same([]string{RawData})}
	}
	return "NOT EXISTS (SELECT 1 FROM " + b.rows + " t WHERE " + and(strings.Join(same, " AND "), condition) + ")"
}

// nullKey is true for staged rows that no key tells apart.
func (b *builder) nullKey() string {
	if !b.knows() {
		return "false"
	}
	nulls := make([]string, len(b.s.Unique))
	for i, column := range b.s.Unique {
		nulls[i] = b.part("s", column, "->>") + " IS NULL"
	}
	return "(" + strings.Join(nulls, " OR ") + ")"
}

// unordered is true for staged rows that no cursor orders.
func (b *builder) unordered() string {
	return "(" + b.part("s", b.s.Cursor, "->>") + " IS NULL OR " + b.endless() + ")"
}

// endless is true for staged rows that are before or behind all others, or beside them.
// The words are those of all systems: a text that is one of them is looked up in vain.
func (b *builder) endless() string {
	text := b.d.Cast(b.part("s", b.s.Cursor, "->>"), b.d.TextType())
	return "coalesce(lower(" + text + ") IN ('infinity', '-infinity', 'inf', '-inf', 'nan'), false)"
}

// unorderedProbe counts the staged rows that no cursor orders. Where no key tells them from
// rows of the target, such rows that come again fail the load.
func (b *builder) unorderedProbe() Statement {
	column := b.part("s", b.s.Cursor, "->>")
	probe := Statement{
		Figures: []string{"unordered", "cursorless", "endless", "nulls"}, Again: !b.knows(),
		SQL: "SELECT " + countIf(b.unordered()) + ", " + countIf(column+" IS NULL") + ", " + countIf(b.endless()) + ", " +
			countIf(b.unordered()+" AND "+b.nullKey()) + " FROM " + b.staging + " s",
	}
	return probe
}

// checkAgain refuses rows that the next read brings again, where nothing tells that they
// are here already.
func (p *Plan) checkAgain(in Input, seen figures) error {
	rows := seen["endless"]
	if p.Spec.Target.Nulls == connectors.NullsInclude || in.Close.Position == "" {
		rows += seen["cursorless"]
	}
	if rows == 0 || in.Close.RowsRead == 0 {
		return nil
	}
	return &connectors.Error{
		Kind: connectors.Data,
		Message: fmt.Sprintf("%d rows for %s have a cursor %q that is NULL or endless (infinity, NaN), so every run would append them again, and no key tells that they are there",
			rows, p.Spec.Table, p.Spec.Target.Cursor),
		Fix: "Name the unique columns, set nulls: exclude to leave such rows out, or use another cursor.",
	}
}
