package sqlload

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/record"
)

// keepsNewer says that the target's row stays where its cursor is above that of the row
// that was read. Rows that share the unique columns come in no order over the runs unless
// the source enforces the key: a row whose cursor is NULL comes at every run, behind the
// newer ones. Where the key is enforced, the row that was read is the only one, and its
// cursor may have gone back. A full refresh brings what the source has.
func (b *builder) keepsNewer() bool {
	return b.s.incremental() && !b.s.Target.KeyEnforced() && !b.s.Target.FullRefresh && b.ordersByCursor() &&
		!slices.Contains(b.s.Target.CompareWithout, b.s.Cursor)
}

// ordersByCursor says that the target has the cursor.
func (b *builder) ordersByCursor() bool {
	return b.s.Cursor != "" && b.s.field(b.s.Cursor).Source != ""
}

// dropOlder takes out staged rows whose cursor is below that of a row of the target with
// the same key; NULL is the lowest. The condition narrows the target's rows.
func (b *builder) dropOlder(condition string) {
	if !b.keepsNewer() || b.s.Existing == nil {
		return
	}
	b.analyze()
	if !b.onConflict() {
		b.lock()
	}
	theirs, ours := b.place("t."+b.d.Quote(b.s.Cursor)), b.place(b.staged("s", b.s.Cursor))
	b.step(Statement{Name: "older", SQL: "DELETE FROM " + b.staging + " AS s WHERE EXISTS (SELECT 1 FROM " + b.rows + " t WHERE " +
		and(b.sameKey(), condition) + " AND " + theirs + " IS NOT NULL AND (" + ours + " IS NULL OR " + ours + " " + b.d.Operator("<") + " " + theirs + "))"})
}

// place is a cursor as a value that is ordered like the source's. A number that a text
// column holds would be ordered by its digits.
func (b *builder) place(expression string) string {
	if b.s.CursorIsNumber && b.isText(b.s.field(b.s.Cursor).Type) {
		return b.d.Number(expression)
	}
	return expression
}

func (b *builder) isText(typeName string) bool {
	base, _, _ := strings.Cut(strings.ToLower(typeName), "(")
	return slices.Contains([]string{"text", "varchar", "character varying", "string"}, base)
}

// isNumber says that a column holds numbers, also where they travel as text.
func isNumber(column record.Column) bool {
	switch column.Type.ID() {
	case arrow.INT16, arrow.INT32, arrow.INT64, arrow.DECIMAL128, arrow.FLOAT32, arrow.FLOAT64:
		return true
	default:
		native := strings.ToLower(column.Native)
		return strings.HasPrefix(native, "numeric") || strings.HasPrefix(native, "decimal")
	}
}

// olderWarning tells of rows that were left out where something of the target's own may
// have changed the cursor that they were compared with.
func (p *Plan) olderWarning(seen figures) []string {
	if seen["older"] == 0 || len(p.Spec.Existing.Guards) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d rows for %s were left out, since their cursor %q is below that of the rows that are there; where %s changes it, name the column in compare_without",
		seen["older"], p.Spec.Table, p.Spec.Cursor, strings.Join(p.Spec.Existing.Guards, ", "))}
}
