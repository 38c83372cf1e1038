package sqlload

import "strings"

// The statements run with the search path of the user, for the code of users that they
// call, and others may have put operators and functions there. Values of users' columns are
// therefore compared by equality and Differs, and functions get nothing or arguments of exactly
// their types: countIf(x), never count(x).
//
// In every statement the target is t and the staging table is s. What reads, changes or
// locks rows of the target names it b.rows, what inserts rows b.target.

// list joins quoted column names.
func (b *builder) list(columns []string) string {
	quoted := make([]string, len(columns))
	for i, column := range columns {
		quoted[i] = b.d.Quote(column)
	}
	return strings.Join(quoted, ", ")
}

// staged is a column of the staging table as a value of the target's type.
func (b *builder) staged(alias, column string) string {
	expression := alias + "." + b.d.Quote(column)
	if field := b.s.field(column); field.Text && b.staging != b.target {
		return b.d.Cast(expression, field.Type)
	}
	return expression
}

func (b *builder) stagedAll(alias string, columns []string) []string {
	out := make([]string, len(columns))
	for i, column := range columns {
		out[i] = b.staged(alias, column)
	}
	return out
}

func (b *builder) qualified(alias string, columns []string) []string {
	out := make([]string, len(columns))
	for i, column := range columns {
		out[i] = alias + "." + b.d.Quote(column)
	}
	return out
}

func (b *builder) columns(keep func(Field) bool) []string {
	var names []string
	for _, field := range b.s.Fields {
		if keep(field) {
			names = append(names, field.Column)
		}
	}
	return names
}

func (b *builder) all() []string { return b.columns(func(Field) bool { return true }) }

// updatable are the columns that an update sets.
func (b *builder) updatable() []string {
	return b.columns(func(f Field) bool { return !f.Fixed && !b.isKey(f.Column) })
}

// compared are the columns that make a row differ.
func (b *builder) compared() []string {
	return b.columns(func(f Field) bool { return !f.Fixed && !f.Meta && !b.isKey(f.Column) && !b.leftOut(f.Column) })
}

func (b *builder) isKey(column string) bool {
	for _, key := range b.s.Unique {
		if key == column {
			return true
		}
	}
	return false
}

// sameKey joins a staged row to a row of the target.
func (b *builder) sameKey() string { return b.same(b.s.Unique) }

func (b *builder) same(columns []string) string {
	parts := make([]string, len(columns))
	for i, column := range columns {
		parts[i] = b.equal("t."+b.d.Quote(column), column)
	}
	return strings.Join(parts, " AND ")
}

// equal compares an expression of a column's type with the staged value of that column.
func (b *builder) equal(expression, column string) string {
	return expression + " " + b.equality(column) + " " + b.staged("s", column)
}

// equality is the operator by which the target compares values of a column.
func (b *builder) equality(column string) string {
	if have, ok := b.s.Existing.Column(column); ok && have.Equal != "" {
		return have.Equal
	}
	return b.d.Operator("=")
}

// countIf counts the rows of a condition.
func countIf(condition string) string { return "count(*) FILTER (WHERE " + condition + ")" }

// differs compares a target row with a staged one.
func (b *builder) differs(alias string) string {
	compared := b.compared()
	if len(compared) == 0 {
		return "false"
	}
	right := b.stagedAll(alias, compared)
	if alias == "EXCLUDED" {
		right = b.qualified(alias, compared)
	}
	return b.d.Differs(b.qualified("t", compared), right)
}

// keyProbe counts staged rows, rows with NULL in the key, and rows beyond one per key.
func (b *builder) keyProbe() Statement {
	keys := strings.Join(b.stagedAll("s", b.s.Unique), ", ")
	nulls, names := make([]string, len(b.s.Unique)), make([]string, len(b.s.Unique))
	for i := range b.s.Unique {
		names[i] = "k" + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		nulls[i] = "g." + names[i] + " IS NULL"
	}
	return Statement{
		Figures: []string{"staged", "nulls", "doubled"},
		SQL: "SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN " + strings.Join(nulls, " OR ") +
			" THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT " + keys + ", count(*) FROM " +
			b.staging + " s GROUP BY " + keys + ") g(" + strings.Join(names, ", ") + ", n)",
	}
}

// dropDuplicates leaves the row with the highest cursor, then the last one read.
func (b *builder) dropDuplicates() string {
	order := b.d.Order("s") + " DESC"
	if b.ordersByCursor() {
		order = b.place(b.staged("s", b.s.Cursor)) + " DESC NULLS LAST, " + order
	}
	return "DELETE FROM " + b.staging + " AS d USING (SELECT " + b.d.Order("s") + " AS o, row_number() OVER (PARTITION BY " +
		strings.Join(b.stagedAll("s", b.s.Unique), ", ") + " ORDER BY " + order + ") AS place FROM " + b.staging +
		" s) r WHERE " + b.d.Order("d") + " = r.o AND r.place > 1"
}

// matchProbe counts the staged rows without a match and the target rows that match; only
// keys are compared. The condition narrows the target's rows.
func (b *builder) matchProbe(condition string) Statement {
	return Statement{
		Figures: []string{"missing", "matched"},
		SQL: "SELECT " + countIf("m.matches = 0") + ", CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT " + countIf("t."+b.d.Quote(b.s.Unique[0])+" IS NOT NULL") +
			" AS matches FROM " + b.staging + " s LEFT JOIN " + b.rows + " t ON " + and(b.sameKey(), condition) + " GROUP BY " + b.d.Order("s") + ") m",
	}
}

// differProbe counts the staged rows with a match that differs and the target rows that
// differ. The rows are compared where they are joined: a select list holds too few columns
// for both rows of a wide table.
func (b *builder) differProbe(condition string) Statement {
	return Statement{
		Figures: []string{"differing", "touched"}, If: "matched",
		SQL: "SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM " + b.staging + " s JOIN " + b.rows + " t ON " +
			and(b.sameKey(), condition) + " WHERE " + b.differs("s") + " GROUP BY " + b.d.Order("s") + ") m",
	}
}

// absent is true for staged rows without a match.
func (b *builder) absent(condition string) string {
	return "NOT EXISTS (SELECT 1 FROM " + b.rows + " t WHERE " + and(b.sameKey(), condition) + ")"
}

// insertFrom inserts the staged rows of a FROM clause with alias s.
func (b *builder) insertFrom(from string) string {
	all := b.all()
	return b.insertHead(b.target, all) + strings.Join(b.stagedAll("s", all), ", ") + " FROM " + from
}

// insertHead goes up to SELECT.
func (b *builder) insertHead(table string, columns []string) string {
	overriding := ""
	for _, field := range b.s.Fields {
		if field.Fixed {
			overriding = b.d.Overriding() + " "
		}
	}
	return "INSERT INTO " + table + " (" + b.list(columns) + ") " + overriding + "SELECT "
}

func (b *builder) insertOnConflict() string {
	all := b.all()
	insert := b.insertHead(b.target+" AS t", all) + strings.Join(b.stagedAll("s", all), ", ") + " FROM " + b.staging + " s"
	if len(b.updatable()) == 0 {
		return insert + " ON CONFLICT (" + b.list(b.s.Unique) + ") DO NOTHING"
	}
	sets := make([]string, 0, len(all))
	for _, column := range b.updatable() {
		sets = append(sets, b.d.Quote(column)+" = EXCLUDED."+b.d.Quote(column))
	}
	return insert + " ON CONFLICT (" + b.list(b.s.Unique) + ") DO UPDATE SET " + strings.Join(sets, ", ") + " WHERE " + b.differs("EXCLUDED")
}

// updateFrom sets every column of rows that differ.
func (b *builder) updateFrom(condition string) string {
	var sets []string
	for _, column := range b.updatable() {
		sets = append(sets, b.d.Quote(column)+" = "+b.staged("s", column))
	}
	return "UPDATE " + b.rows + " AS t SET " + strings.Join(sets, ", ") + " FROM " + b.staging + " s WHERE " +
		and(b.sameKey(), condition) + " AND " + b.differs("s")
}

func (b *builder) deleteMatching() string {
	return "DELETE FROM " + b.rows + " AS t WHERE EXISTS (SELECT 1 FROM " + b.staging + " s WHERE " + b.sameKey() + ")"
}

// versionTime is when a staged version begins.
func (b *builder) versionTime(alias string) string {
	if b.s.CursorIsTime {
		return "coalesce(" + b.d.Cast(b.staged(alias, b.s.Cursor), b.d.TimeType()) + ", " + b.d.Now() + ")"
	}
	return b.snapshot()
}

func (b *builder) snapshot() string { return b.d.Cast("$1", b.d.TimeType()) }

// closeChanged ends open versions that differ, never before they began.
func (b *builder) closeChanged(open string) string {
	return "UPDATE " + b.rows + " AS t SET " + b.d.Quote(ValidTo) + " = greatest(" + b.versionTime("s") + ", t." + b.d.Quote(ValidFrom) +
		") FROM " + b.staging + " s WHERE " + b.sameKey() + " AND " + open + " AND " + b.differs("s")
}

// openVersions inserts a version for keys that have no open one, not before the last
// one ended. The ends are grouped once: a subquery per row would read the table, which
// has no index on ended versions, as often as there are rows.
func (b *builder) openVersions(open string) string {
	all := b.all()
	keys, same := make([]string, len(b.s.Unique)), make([]string, len(b.s.Unique))
	for i, column := range b.s.Unique {
		keys[i] = "t." + b.d.Quote(column)
		same[i] = b.equal("l."+b.d.Quote(column), column)
	}
	ended := b.d.Quote(ValidTo)
	last := "(SELECT " + strings.Join(keys, ", ") + ", max(t." + ended + ") AS " + ended + " FROM " + b.rows + " t GROUP BY " + strings.Join(keys, ", ") + ") l"
	return b.insertHead(b.target, append(append([]string{}, all...), ValidFrom)) + strings.Join(b.stagedAll("s", all), ", ") +
		", greatest(" + b.versionTime("s") + ", l." + ended + ") FROM " + b.staging + " s LEFT JOIN " + last + " ON " + strings.Join(same, " AND ") +
		" WHERE " + b.absent(open)
}

func and(first, second string) string {
	if second == "" {
		return first
	}
	return first + " AND " + second
}
