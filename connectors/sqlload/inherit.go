package sqlload

import (
	"fmt"
	"strings"

	"leat/connectors"
)

// Rows names the table, written as SQL, in a statement that reads, changes or locks its
// rows, so that those of other tables stay out of it. An insert reaches no other table
// anyway, and takes no ONLY.
func (e *Existing) Rows(table string) string {
	if e != nil && e.Only {
		return "ONLY " + table
	}
	return table
}

// parent says that other tables inherit from the target.
func (b *builder) parent() bool { return b.s.Existing != nil && len(b.s.Existing.Children) > 0 }

// recountOwn proves that a table which others inherit from holds what was read after it was
// replaced: triggers of such tables like to move rows to the children.
func (b *builder) recountOwn() {
	if b.parent() {
		b.step(Statement{Name: "standing", Figures: []string{"standing"}, Expect: []string{"staged"}, SQL: "SELECT count(*) FROM " + b.rows})
	}
}

// moved is the error of rows that a trigger or a rule has taken elsewhere.
func (p *Plan) moved(want, got int64) error {
	return &connectors.Error{
		Kind:    connectors.Data,
		Message: fmt.Sprintf("%d rows were written into %s, but it holds %d of its own: a trigger or a rule has moved or removed rows", want, p.Spec.Table, got),
		Fix:     "Load one of the tables that inherit from it instead (" + strings.Join(p.Spec.Existing.Children, ", ") + "), or disable the trigger or rule for the load.",
	}
}

// fixed says why the load must not change the columns of the target; "" when it may.
func (b *matcher) fixed() string {
	switch {
	case !b.Existing.Owned:
		return fmt.Sprintf("only the owner of %s may do that", b.Table)
	case len(b.Existing.Children) > 0:
		return fmt.Sprintf("the columns of the tables that inherit from %s would change as well: %s", b.Table, strings.Join(b.Existing.Children, ", "))
	default:
		return ""
	}
}
