package sqlload

import (
	"context"
	"fmt"
	"slices"

	"leat/connectors"
	"leat/record"
)

// Types is what the pairing of columns asks of a system, which alone knows its types.
type Types interface {
	// Make returns the type of a column that the load makes.
	Make(ctx context.Context, column record.Column) (Made, error)
	// Fit says whether every value of a source column keeps its meaning in a column that
	// stands, and whether it is staged as text.
	Fit(column record.Column, have Column) (ok, text bool)
	// Widen is Make for a column that stands, and says whether every value which that
	// holds keeps its meaning in the new type.
	Widen(ctx context.Context, column record.Column, have Column) (made Made, ok bool, err error)
	// Narrow says whether the values of a source column can be checked one by one to fit
	// exactly into a narrower column that stands. It comes after Fit, and the load does it.
	Narrow(column record.Column, have Column) bool
	// Is says that a column that stands has the type of a column that Leat fills.
	Is(have Column, typeName string) bool
	// Mend says what to do about a column that does not fit; alter changes its type.
	Mend(alter string, have Column, made Made, widens bool) string
}

// Made is the type of a column that a load makes.
type Made struct {
	Type string
	// Text says that its values are staged as text.
	Text bool
	// Warning is a sentence about the choice of the type; "" when it is the expected one.
	Warning string
	// Refused says why no type holds the column; Type is a suggestion then.
	Refused error
}

// Pairing is everything that decides which source column goes where.
type Pairing struct {
	Dialect Dialect
	Types   Types
	Target  connectors.Target
	// Table is the name in use.
	Table  connectors.Table
	Schema record.Schema
	// Existing is nil when the table is created.
	Existing *Existing
	// Names are the target columns by source column, as MapColumns finds them.
	Names map[string]string
	// Nullable ends ALTER COLUMN, so that a column needs no value.
	Nullable string
}

// Match is a target whose columns have been paired with the source's.
type Match struct {
	Spec Spec
	// Kept are the indexes of the source columns that are loaded, in the order of
	// Spec.Fields; the columns that Leat fills come after them.
	Kept     []int
	Warnings []string
	// Checked are sentences for plans about columns whose every value is checked.
	Checked []string
	misfits []misfit
}

// misfit is what no drift policy mends, as a sentence with its fix. The column is that of
// the target whose values came and do not fit; empty where it is about something else.
type misfit struct{ column, message, fix string }

// matcher pairs one target's columns.
type matcher struct {
	Pairing
	m *Match
}

// Match pairs the columns of a source with those of a target. Its error says what cannot
// be loaded right and how to mend it; the warnings are there all the same, unless the
// pairing had to stop.
func (p Pairing) Match(ctx context.Context) (*Match, error) {
	b := p.begin()
	for i, column := range p.Schema.Columns {
		if p.Target.Mode == connectors.Delete && p.Existing != nil && !slices.Contains(p.Target.Unique, column.Name) {
			continue // only the key says what to delete
		}
		if err := b.column(ctx, i, column); err != nil {
			return nil, err
		}
	}
	if err := b.extras(); err != nil {
		return nil, err
	}
	b.gone()
	b.keys()
	b.compareKeys()
	b.compareWithout()
	return b.m, b.verdict()
}

func (p Pairing) begin() *matcher {
	return &matcher{Pairing: p, m: &Match{Spec: Spec{Target: p.Target, Table: p.Table, Existing: p.Existing, Staging: "_leat_" + Hash(16, p.Target.StateKey)}}}
}

func (b *matcher) column(ctx context.Context, i int, column record.Column) error {
	if b.Existing == nil {
		return b.newColumn(ctx, i, column, false)
	}
	have, ok := b.Existing.Column(b.Names[column.Name])
	switch {
	case !ok:
		return b.missing(ctx, i, column)
	case have.Generated:
		b.warn("The column %q of %s is computed by the database, so the source's values are left out", have.Name, b.Table)
		return nil
	}
	ok, text := b.Types.Fit(column, have)
	if !ok {
		return b.misfit(ctx, i, column, have)
	}
	b.keep(i, Field{Source: column.Name, Column: have.Name, Type: have.Type, Text: text, Fixed: have.IdentityAlways})
	return nil
}

func (b *matcher) keep(i int, field Field) {
	b.m.Kept = append(b.m.Kept, i)
	b.m.Spec.Fields = append(b.m.Spec.Fields, field)
}

// newColumn is a column that the load makes.
func (b *matcher) newColumn(ctx context.Context, i int, column record.Column, alter bool) error {
	made, err := b.Types.Make(ctx, column)
	if err != nil {
		return err
	}
	if made.Refused != nil {
		return made.Refused
	}
	name := b.Names[column.Name]
	if made.Warning != "" {
		b.m.Warnings = append(b.m.Warnings, made.Warning)
	}
	if name != column.Name {
		b.warn("The source column %q is called %q in %s, since its own name cannot be used", column.Name, name, b.Table)
	}
	if alter {
		b.m.Spec.Drift = append(b.m.Spec.Drift, b.Dialect.AddColumn(b.Existing.Rows(b.table()), name, made.Type))
	}
	b.keep(i, Field{Source: column.Name, Column: name, Type: made.Type, Text: made.Text})
	return nil
}

// missing is a source column that the target lacks.
func (b *matcher) missing(ctx context.Context, i int, column record.Column) error {
	made, err := b.Types.Make(ctx, column)
	if err != nil {
		return err
	}
	alter := b.Dialect.AddColumn(b.table(), b.Names[column.Name], made.Type) + ";"
	switch b.Target.Drift {
	case connectors.DriftRefuse:
		b.problem(alter, "the source has the new column %q", column.Name)
	case connectors.DriftAdd, connectors.DriftWiden:
		why := b.fixed()
		if why == "" {
			return b.newColumn(ctx, i, column, true)
		}
		b.problem(alter, "the column %q is to be added, but %s", column.Name, why)
	default:
		b.warn("The source column %q is left out: %s does not have it. To load it: %s", column.Name, b.Table, alter)
	}
	return nil
}

// misfit is a column some values of which the target's column could change or lose. Where
// the drift policy may widen it, it is widened; else each value is checked, if that is
// allowed and can be done.
func (b *matcher) misfit(ctx context.Context, i int, column record.Column, have Column) error {
	made, widens, err := b.Types.Widen(ctx, column, have)
	if err != nil {
		return err
	}
	if made.Refused != nil {
		return made.Refused
	}
	alter := b.Dialect.WidenColumn(b.table(), have.Name, made.Type)
	why := b.fixed()
	switch wanted := b.Target.Drift == connectors.DriftWiden && widens; {
	case !wanted:
		why = ""
	case why != "":
		why = "; it is to be widened, but " + why
	default:
		b.m.Spec.Drift = append(b.m.Spec.Drift, b.Dialect.WidenColumn(b.Existing.Rows(b.table()), have.Name, made.Type))
		b.keep(i, Field{Source: column.Name, Column: have.Name, Type: made.Type, Text: made.Text, Fixed: have.IdentityAlways})
		return nil
	}
	native := nativeOf(column)
	if b.Target.Narrowing != connectors.NarrowingRefuse && b.Types.Narrow(column, have) {
		b.m.Checked = append(b.m.Checked, fmt.Sprintf("The column %q is %s at the source and %s in %s%s; every value is checked, and one that does not fit exactly is rejected",
			column.Name, native, have.Type, b.Table, why))
		b.keep(i, Field{Source: column.Name, Column: have.Name, Type: have.Type, Fixed: have.IdentityAlways})
		return nil
	}
	b.unfit(have.Name, b.Types.Mend(alter, have, made, widens), "the column %q is %s at the source and %s in %s, which cannot hold every value%s", column.Name, native, have.Type, b.Table, why)
	return nil
}

// table is the target as SQL.
func (b *matcher) table() string { return quoteTable(b.Dialect, b.Table) }

func (b *matcher) warn(format string, args ...any) {
	b.m.Warnings = append(b.m.Warnings, fmt.Sprintf(format, args...))
}

func (b *matcher) problem(fix, format string, args ...any) { b.unfit("", fix, format, args...) }

// unfit is a problem with the values that come for a column.
func (b *matcher) unfit(column, fix, format string, args ...any) {
	b.m.misfits = append(b.m.misfits, misfit{column: column, message: fmt.Sprintf(format, args...), fix: fix})
}
