package sqlload

import (
	"fmt"
	"strings"

	"leat/connectors"
)

// remove deletes rows of the target. No load changes a table that it was not asked to
// load: where foreign keys would pass the deletion on, the rows of other tables that were
// deleted or changed in this transaction are counted before and after.
func (b *builder) remove(s Statement) {
	if b.s.Existing == nil || len(b.s.Existing.Cascades) == 0 {
		b.step(s)
		return
	}
	b.step(Statement{Figures: []string{"elsewhere"}, SQL: b.s.Existing.Elsewhere})
	b.step(s)
	b.step(Statement{Name: "cascaded", Figures: []string{"cascaded"}, Expect: []string{"elsewhere"}, SQL: b.s.Existing.Elsewhere})
}

// cascade is the error of rows of other tables that would have gone as well.
func (p *Plan) cascade(rows int64) error {
	return &connectors.Error{
		Kind: connectors.Data,
		Message: fmt.Sprintf("%d rows of other tables would have been deleted or changed together with rows of %s: %s",
			rows, p.Spec.Table, strings.Join(p.Spec.Existing.Cascades, ", ")),
		Fix: "Use upsert, which removes nothing, or remove the rows that refer to them first.",
	}
}
