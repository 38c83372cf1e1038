package sqlload

import (
	"slices"

	"leat/connectors"
)

// Column is one column of a table that exists.
type Column struct {
	Name string
	// Type is the type with its parameters, usable in a cast and in DDL.
	Type string
	// Equal is the operator of the type's own equality; "" for the dialect's.
	Equal string
	// Collation names one that calls different texts equal; empty for all others.
	Collation string
	// NotNull without Default must be loaded.
	NotNull, Default bool
	// Generated columns are computed and never written.
	Generated bool
	// IdentityAlways columns can be inserted with Overriding, never updated.
	IdentityAlways bool
}

// Existing is what stands in the destination. Nil where the table is missing.
type Existing struct {
	Columns []Column
	// Unique lists the columns of each usable unique index: valid, whole, immediate.
	Unique [][]string
	// Triggers are all enabled triggers and rules. Guards names those that may drop rows or
	// change them on their way in.
	Triggers []Trigger
	Guards   []string
	// Rules says that there are rewrite rules, which ON CONFLICT does not take.
	Rules bool
	// Inbound names foreign keys of other tables that refer to this one.
	Inbound []string
	// Cascades names those of them that delete or change rows of the other table when a
	// row of this one goes; Elsewhere is the query that counts such rows so far.
	Cascades  []string
	Elsewhere string
	// RowSecurity says that policies restrict this user.
	RowSecurity bool
	// Only says that statements which read or change the table must name its own rows with
	// ONLY, since they would reach those of other tables as well; Children names such tables.
	Only     bool
	Children []string
	// Brought are the columns that the stream's last load brought, by source column; nil
	// when that is not known.
	Brought map[string]string
	// Owned says that this user may alter the table.
	Owned bool
	// Filled says that the table has rows. Unseen says that this user may not read them, or
	// not all of them.
	Filled, Unseen bool
	// Ownership says whose rows they are.
	Ownership Ownership
	// NoSwap says why the table cannot be replaced by a new one; "" when it can.
	NoSwap string
}

// Column returns the column of that name.
func (e *Existing) Column(name string) (Column, bool) {
	if e == nil {
		return Column{}, false
	}
	i := slices.IndexFunc(e.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return e.Columns[i], true
}

// Names lists the column names.
func (e *Existing) Names() []string {
	if e == nil {
		return nil
	}
	names := make([]string, len(e.Columns))
	for i, column := range e.Columns {
		names[i] = column.Name
	}
	return names
}

// HasUnique says whether a usable unique index stands on exactly these columns.
func (e *Existing) HasUnique(columns []string) bool {
	return e != nil && slices.ContainsFunc(e.Unique, func(index []string) bool {
		return len(index) == len(columns) && !slices.ContainsFunc(index, func(c string) bool { return !slices.Contains(columns, c) })
	})
}

// Field is one column that is loaded, in the order in which rows bring it.
type Field struct {
	// Source is the source column; empty for columns that Leat fills.
	Source string
	// Column is the target column.
	Column string
	// Type is the target column's type.
	Type string
	// Text says that the staging column is text, cast when applied.
	Text bool
	// Meta columns (_loaded_at, _run_id) do not make a row differ.
	Meta bool
	// Fixed columns are inserted and never updated (identity always).
	Fixed bool
	// NotNull is for created tables.
	NotNull bool
}

// Spec is everything that decides how a target is loaded.
type Spec struct {
	Target connectors.Target
	// Table is the name in use.
	Table connectors.Table
	// Existing is nil when the table is created.
	Existing *Existing
	// Fields are the columns that are loaded.
	Fields []Field
	// Kept are columns of the table that earlier loads brought and this one does not.
	Kept []Field
	// Drift lists DDL that the drift policy asks for.
	Drift []string
	// Staging names the staging table.
	Staging string
	// ForceStaging keeps rows out of the target until they are applied.
	ForceStaging bool
	// Unique, Cursor are Target.Unique and Target.Cursor as target columns.
	Unique []string
	Cursor string
	// UniqueHints are Target.UniqueHints as target columns.
	UniqueHints [][]string
	// Swap is set where the system can replace the table by a new one.
	Swap *Swap
	// Hidden is set where several sessions fill a table of the load's own at once.
	Hidden *Hidden
	// CursorIsTime says that the cursor can serve as a version's time; CursorIsNumber that
	// it is ordered as a number.
	CursorIsTime, CursorIsNumber bool
}

// field returns the field of a target column.
func (s Spec) field(column string) Field {
	i := slices.IndexFunc(s.Fields, func(f Field) bool { return f.Column == column })
	if i < 0 {
		return Field{Column: column}
	}
	return s.Fields[i]
}

// incremental says that the read has a cursor, so that rows may come twice.
func (s Spec) incremental() bool { return s.Target.Cursor != "" }
