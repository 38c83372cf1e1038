package sqlload

import (
	"fmt"
	"slices"
	"strings"

	"leat/connectors"
)

// Trigger is an enabled trigger or rewrite rule of the target.
type Trigger struct {
	// Name says what it is: trigger "x", rule "y".
	Name string
	// Insert, Update and Delete say what it runs for.
	Insert, Update, Delete bool
	// Early ones run once before a statement, so that it may find other rows than those
	// that were counted.
	Early bool
}

// acting lists the triggers and rules that run when the load writes.
func (s Spec) acting() []Trigger {
	if s.Existing == nil {
		return nil
	}
	inserts, updates, deletes := true, false, false
	switch s.Target.Mode {
	case connectors.Update:
		inserts, updates = false, true
	case connectors.Delete:
		inserts, deletes = false, true
	case connectors.Upsert, connectors.History:
		updates = true
	case connectors.DeleteInsert:
		deletes = true
	case connectors.TruncateInsert:
		deletes, updates = true, s.Target.Replace == connectors.ReplaceMerge || len(s.Existing.Inbound) > 0
	}
	return slices.DeleteFunc(slices.Clone(s.Existing.Triggers), func(t Trigger) bool {
		return !(t.Insert && inserts || t.Update && updates || t.Delete && deletes)
	})
}

// acted says that triggers or rules act on the rows of the load, which are compared with
// what was read when they are stored. Whoever may not read them cannot.
func (s Spec) acted() bool { return len(s.acting()) > 0 && !s.Existing.Unseen }

// unmatched is the figure of rows that were read and are not in the table.
const unmatched = "unmatched"

// lost is the error of rows that are gone although statements have stored them.
func (p *Plan) lost(rows int64) error {
	return p.blame(fmt.Sprintf("%d of the rows that were written are not there, or not under the key that was read", rows))
}

// suspects names what can drop rows: where nothing does so on their way in, all that acts.
func (p *Plan) suspects() string {
	if p.Spec.Existing != nil && len(p.Spec.Existing.Guards) > 0 {
		return strings.Join(p.Spec.Existing.Guards, ", ")
	}
	return namesOf(p.Spec.acting())
}

func namesOf(triggers []Trigger) string {
	names := make([]string, len(triggers))
	for i, t := range triggers {
		names[i] = t.Name
	}
	return strings.Join(names, ", ")
}

// triggers names those that act, or refuses all.
func (b *matcher) triggers() error {
	if b.Existing == nil {
		return nil
	}
	if all := b.Existing.Triggers; len(all) > 0 && b.Target.Triggers == connectors.TriggersRefuse {
		return refuse("the table %s has triggers or rules, which the stream refuses: %s", "Disable them, load into another table, or set triggers: report.", b.Table, namesOf(all))
	}
	if acting := b.m.Spec.acting(); len(acting) > 0 {
		unseen := ""
		if b.Existing.Unseen {
			unseen = ", and this user may not read it to see whether they do"
		}
		b.warn("Triggers or rules of %s run when this load writes, and may change what is stored%s: %s", b.Table, unseen, namesOf(acting))
	}
	return nil
}

// compareWithout refuses names that neither side has.
func (b *matcher) compareWithout() {
	for _, name := range b.Target.CompareWithout {
		_, stands := b.Existing.Column(name)
		comes := slices.ContainsFunc(b.m.Spec.Fields, func(f Field) bool { return f.Column == name })
		if !stands && !comes {
			b.problem("Correct or remove that name.", "compare_without names the column %q, which %s does not have", name, b.Table)
		}
	}
}

// sure is the expectation of a statement that a probe precedes. Triggers that run before a
// statement may change what it finds; as long as nothing drops rows, that is no fault.
func (b *builder) sure(figures ...string) []string {
	if !b.guarded() && slices.ContainsFunc(b.s.acting(), func(t Trigger) bool { return t.Early }) {
		return nil
	}
	return figures
}

// verify compares the stored rows with those that were read, where triggers or rules act
// on them.
func (b *builder) verify() {
	if !b.s.acted() {
		return
	}
	switch mode := b.s.Target.Mode; {
	case mode == connectors.DeleteInsert:
		b.verifyRows(" t WHERE EXISTS (SELECT 1 FROM " + b.staging + " s WHERE " + b.sameKey() + ")")
	case mode == connectors.TruncateInsert && !b.merges:
		b.verifyRows("")
	case mode == connectors.History:
		b.verifyKeys("t." + b.d.Quote(ValidTo) + " IS NULL")
	case mode != connectors.Insert && mode != connectors.Delete: // insert compares what it returns
		b.verifyKeys("")
	}
}

// verifyKeys compares by key. The condition narrows the target's rows.
func (b *builder) verifyKeys(condition string) {
	keys, values := b.matchProbe(condition), b.differProbe(condition)
	keys.Name, keys.Zero, keys.Figures = unmatched, true, []string{unmatched, "stored"}
	if b.s.Target.Mode == connectors.Update {
		keys.Zero, keys.Expect = false, []string{"missing"}
	}
	values.If, values.Figures = "stored", []string{"altered", ""}
	b.add(&b.p.Checks, keys)
	b.add(&b.p.Checks, values)
	names := []string{}
	for _, column := range b.compared() {
		names = append(names, "CASE WHEN bool_or("+b.d.Differs([]string{"t." + b.d.Quote(column)}, []string{b.staged("s", column)})+") THEN "+literal(column)+" END")
	}
	if len(names) > 0 {
		b.add(&b.p.Checks, Statement{
			If: "altered", Figures: []string{"named"}, Words: true,
			SQL: "SELECT 1, pg_catalog.array_to_string(ARRAY[" + strings.Join(names, ", ") + "], ', ') FROM " + b.staging + " s JOIN " + b.rows + " t ON " + and(b.sameKey(), condition),
		})
	}
}

// verifyRows compares all staged rows with all rows of the target that which narrows.
func (b *builder) verifyRows(which string) {
	columns := b.told()
	if len(columns) == 0 {
		return
	}
	figures, names := b.unequal(columns, b.staging+" s", b.rows+which)
	b.add(&b.p.Checks, Statement{
		Name: unmatched, Zero: true, Figures: []string{"altered", unmatched, "surplus"}, Words: true,
		SQL: "WITH u AS (" + figures + ") SELECT u.altered, greatest(-u.surplus, 0), greatest(u.surplus, 0), CASE WHEN u.altered > 0 THEN (" + names + ") END FROM u",
	})
}

// inserting is the statement that inserts the staged rows of a FROM clause. Where triggers
// act, and no key finds the rows again, it compares what it returns; rules return nothing.
func (b *builder) inserting(s Statement, from string) Statement {
	s.Name, s.SQL = "inserted", b.insertFrom(from)
	columns := b.told()
	if b.s.Target.Mode != connectors.Insert || !b.s.acted() || b.s.Existing.Rules || len(columns) == 0 {
		return s
	}
	figures, names := b.unequal(columns, from, "w")
	s.Figures, s.Words = []string{"inserted", "altered"}, true
	s.SQL = "WITH w AS (" + s.SQL + " RETURNING " + b.list(columns) + "), u AS (" + figures + ") SELECT (SELECT count(*) FROM w), u.altered, CASE WHEN u.altered > 0 THEN (" + names + ") END FROM u"
	return s
}

// told are the columns that are compared where no key tells rows apart.
func (b *builder) told() []string {
	return b.columns(func(f Field) bool { return !f.Fixed && !f.Meta && !b.leftOut(f.Column) })
}

// unequal counts the rows read that are not among the stored ones, each as often as it
// comes, and how many more are stored; names are the columns whose values differ. Rows are
// compared by their texts, since not every type has an equality.
func (b *builder) unequal(columns []string, read, stored string) (figures, names string) {
	expressions := make([]string, len(columns))
	values := make([]string, len(columns))
	for i, column := range columns {
		expressions[i] = b.staged("s", column) + " AS " + b.d.Quote(column)
		values[i] = "(" + b.d.Cast(literal(column), b.d.TextType()) + ", " + b.d.Cast("x."+b.d.Quote(column), b.d.TextType()) + ")"
	}
	left, right := "(SELECT "+strings.Join(expressions, ", ")+" FROM "+read+") x", "(SELECT "+b.list(columns)+" FROM "+stored+") x"
	row := "CAST(ROW(" + strings.Join(b.qualified("x", columns), ", ") + ") AS " + b.d.TextType() + ")"
	figures = "SELECT CAST(coalesce(sum(CASE WHEN g.n > 0 THEN g.n END), 0) AS bigint) AS altered, CAST(coalesce(sum(-g.n), 0) AS bigint) AS surplus FROM (SELECT sum(q.n) AS n FROM (SELECT " +
		row + " AS r, 1 AS n FROM " + left + " UNION ALL SELECT " + row + ", -1 FROM " + right + ") q GROUP BY q.r) g"
	pairs := " CROSS JOIN LATERAL (VALUES " + strings.Join(values, ", ") + ") p(c, v)"
	names = "SELECT string_agg(DISTINCT g.c, ', ') FROM (SELECT q.c FROM (SELECT p.c, p.v, 1 AS n FROM " + left + pairs +
		" UNION ALL SELECT p.c, p.v, -1 FROM " + right + pairs + ") q GROUP BY q.c, q.v HAVING sum(q.n) > 0) g"
	return figures, names
}

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// leftOut says that a column does not make a row differ, because somebody said so.
func (b *builder) leftOut(column string) bool {
	return slices.Contains(b.s.Target.CompareWithout, column)
}

// alteredWarning tells which rows are stored otherwise than they were read.
func (p *Plan) alteredWarning(seen figures) []string {
	var warnings []string
	if rows := seen["altered"]; rows > 0 {
		warnings = append(warnings, fmt.Sprintf("%d rows of %s differ from what was read, in these columns: %s. Triggers or rules changed them (%s); columns that compare_without names do not make a row differ",
			rows, p.Spec.Table, p.words, namesOf(p.Spec.acting())))
	}
	if rows := seen["surplus"]; rows > 0 {
		warnings = append(warnings, fmt.Sprintf("%s holds %d rows more than were read: triggers or rules added them (%s)", p.Spec.Table, rows, namesOf(p.Spec.acting())))
	}
	return warnings
}
