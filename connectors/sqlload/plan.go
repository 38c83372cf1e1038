package sqlload

import (
	"fmt"
	"slices"
	"strings"

	"leat/connectors"
)

// Statement is one SQL statement of a plan and what its result means.
type Statement struct {
	// Name is the figure that holds the number of rows touched; empty for DDL.
	Name string
	SQL  string
	// Figures name the integers of the one row that a query returns. A statement
	// without figures is executed.
	Figures []string
	// Args are bound to $1, $2 and so on.
	Args []string
	// If and Unless name a figure; the statement runs only when it is above zero, or zero.
	If, Unless string
	// Whole statements run only after a read of the whole dataset.
	Whole bool
	// Snapshot statements take the time of the source's snapshot as $1.
	Snapshot bool
	// Expect names figures whose sum the number of rows must equal.
	Expect []string
	// Owner statements ask whose rows the load is about to remove; see Plan.checkOwner.
	Owner bool
	// Zero says that the figure must be zero, because triggers or rules would
	// otherwise have kept rows that had to go.
	Zero bool
	// Again says that rows which come at every read fail the load.
	Again bool
	// Words says that a text follows the figures, which tells people what they count.
	Words bool
	// Writes says that the query returns statements, one per row, which are executed.
	Writes bool
	// Catalogue says that the query asks about tables and not about their rows, so that no
	// name in it is one of users.
	Catalogue bool
}

// Plan is how one target will be loaded.
type Plan struct {
	Spec   Spec
	Recipe string
	Reason string
	// Hidden makes the table that several sessions fill, in a transaction of its own;
	// empty where the rows come in the applying transaction.
	Hidden []Statement
	// OneWriter says why a hidden table that was offered is not used.
	OneWriter string
	// Setup runs before rows are copied: it creates the table or the staging table.
	Setup []Statement
	// Direct says that rows are copied into the target itself.
	Direct bool
	// Freeze says that the table was made in this transaction, so that rows may be
	// stored as visible to everybody.
	Freeze bool
	// CopyInto is the table to copy into, written as SQL.
	CopyInto string
	// CopyColumns are the columns to copy, not quoted, in the order of Spec.Fields.
	CopyColumns []string
	// Steps run after the last row.
	Steps []Statement
	// Checks compare what was stored with what was read. They change nothing, and trials do
	// without them.
	Checks []Statement
	// After runs when the steps are done: indexes and clean-up.
	After []Statement
	// words are the text that the last statement with words returned.
	words   string
	dialect Dialect
	// owned says that the load found the table empty, or took it over; takenOver is the
	// warning of the latter.
	owned     bool
	takenOver []string
}

// Build plans a load. It refuses what cannot be loaded right: a missing key, a
// truncate_insert with a cursor, an incremental insert that could double rows.
func Build(d Dialect, s Spec) (*Plan, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	if err := s.validateWidth(d.MaxColumns()); err != nil {
		return nil, err
	}
	b := builder{d: d, s: s, p: &Plan{Spec: s, dialect: d}}
	b.target, b.rows = b.table(s.Table), s.Existing.Rows(b.table(s.Table))
	b.staging = d.Staging(s.Staging)
	if err := b.build(); err != nil {
		return nil, err
	}
	return b.p, nil
}

// builder holds what all statements of one plan share.
type builder struct {
	d Dialect
	s Spec
	p *Plan
	// target is what rows are inserted into; rows is what a statement names that reads,
	// changes or locks rows of the target.
	target, rows string
	staging      string
	// analyzed and locked say that a step has done so already.
	analyzed, locked bool
	// merges says that a whole read is merged by key.
	merges bool
}

func (b *builder) build() error {
	for _, field := range b.s.Fields {
		b.p.CopyColumns = append(b.p.CopyColumns, field.Column)
	}
	if b.s.Existing == nil {
		b.add(&b.p.Setup, Statement{SQL: b.createTable(b.target)})
	}
	b.askEmpty()
	switch b.s.Target.Mode {
	case connectors.Insert:
		b.insert()
	case connectors.TruncateInsert:
		if err := b.replace(); err != nil {
			return err
		}
	case connectors.InsertIgnore:
		b.insertIgnore()
	case connectors.Upsert:
		b.upsert()
	case connectors.Update:
		b.update()
	case connectors.Delete:
		b.delete()
	case connectors.DeleteInsert:
		b.deleteInsert()
	case connectors.History:
		b.history()
	}
	b.verify()
	b.finish()
	return nil
}

// direct lets rows go straight into a table.
func (b *builder) direct(table string, frozen bool) {
	b.p.Direct, b.p.Freeze, b.p.CopyInto = true, frozen, table
}

// stage lets rows go into a staging table first; drift DDL waits until they are there,
// so that readers of the target wait for the applying only.
func (b *builder) stage() {
	list := &b.p.Setup
	if b.s.Hidden != nil {
		list = &b.p.Hidden
	}
	b.add(list, Statement{SQL: b.d.CreateStaging(b.s.Staging, b.nothing())})
	b.p.CopyInto = b.staging
	for _, ddl := range b.s.Drift {
		b.step(Statement{SQL: ddl})
	}
}

// nothing selects no rows of the staged columns. Sessions that make a hidden table do not
// see a target that the load makes.
func (b *builder) nothing() string {
	unseen := b.s.Hidden != nil && b.s.Existing == nil
	expressions := make([]string, len(b.s.Fields))
	for i, field := range b.s.Fields {
		expressions[i] = b.d.Quote(field.Column)
		if field.Text {
			expressions[i] = b.d.Cast("NULL", b.d.TextType()) + " AS " + expressions[i]
		} else if unseen || b.isNew(field.Column) {
			expressions[i] = b.d.Cast("NULL", field.Type) + " AS " + expressions[i]
		}
	}
	if unseen {
		return "SELECT " + strings.Join(expressions, ", ")
	}
	return "SELECT " + strings.Join(expressions, ", ") + " FROM " + b.rows
}

// analyze lets joins with the staging table be planned well; statements that only read
// it through do without.
func (b *builder) analyze() {
	if analyze := b.d.Analyze(b.staging); analyze != "" && !b.analyzed {
		b.analyzed = true
		b.step(Statement{SQL: analyze})
	}
}

// isNew says that drift DDL will add the column to a table that exists, or change its
// type, so that the staging table cannot take the column from the table.
func (b *builder) isNew(column string) bool {
	if b.s.Existing == nil {
		return false
	}
	have, ok := b.s.Existing.Column(column)
	return !ok || have.Type != b.s.field(column).Type
}

// finish drops the staging table and makes the indexes of a created table.
func (b *builder) finish() {
	if drop := b.d.DropStaging(b.s.Staging); drop != "" && !b.p.Direct {
		b.add(&b.p.After, Statement{SQL: drop})
	}
	if b.s.Existing == nil {
		b.indexes()
	}
}

func (b *builder) add(list *[]Statement, s Statement) { *list = append(*list, s) }

func (b *builder) step(s Statement) { b.add(&b.p.Steps, s) }

func (b *builder) table(t connectors.Table) string { return quoteTable(b.d, t) }

func quoteTable(d Dialect, t connectors.Table) string {
	return d.Quote(t.Schema) + "." + d.Quote(t.Name)
}

// because records the recipe.
func (b *builder) because(recipe, reason string) { b.p.Recipe, b.p.Reason = recipe, reason }

// guarded says that triggers or rules stand on the target, so that every count is
// foretold by a probe.
func (b *builder) guarded() bool { return b.s.Existing != nil && len(b.s.Existing.Guards) > 0 }

// ByKey says that rows are told apart by the unique columns, which may not be NULL then.
func (p *Plan) ByKey() bool { return p.Spec.Target.Mode.NeedsKey() || p.Recipe == recipeMerge }

// Statements lists the whole plan as text, for golden files and `plan`.
func (p *Plan) Statements() []string {
	var lines []string
	for _, s := range append(append([]Statement{}, p.Hidden...), p.Setup...) {
		lines = append(lines, s.text())
	}
	into := "staging"
	if p.Direct {
		into = "target"
	}
	lines = append(lines, fmt.Sprintf("-- copy into the %s %s, freeze %t", into, p.CopyInto, p.Freeze))
	for _, s := range slices.Concat(p.Steps, p.Checks, p.After) {
		lines = append(lines, s.text())
	}
	return lines
}

// DDL lists the statements that change tables which stay, for people to read before.
func (p *Plan) DDL() []string {
	var ddl []string
	if p.Spec.Existing == nil {
		ddl = append(ddl, p.Setup[0].SQL)
		for _, s := range p.After {
			if strings.HasPrefix(s.SQL, "CREATE ") {
				ddl = append(ddl, s.SQL)
			}
		}
	}
	return append(ddl, p.Spec.Drift...)
}

// text is the statement with its meaning as a comment.
func (s Statement) text() string {
	var notes []string
	note := func(on bool, format string, args ...any) {
		if on {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	note(s.Name != "", "%s", s.Name)
	note(len(s.Figures) > 0, "figures %s", strings.Join(s.Figures, ", "))
	note(s.If != "", "if %s", s.If)
	note(s.Unless != "", "unless %s", s.Unless)
	note(s.Whole, "whole reads only")
	note(s.Snapshot, "$1 = snapshot")
	note(len(s.Expect) > 0, "expect %s", strings.Join(s.Expect, " + "))
	note(s.Zero, "must be zero")
	note(s.Again, "rows must not come again")
	note(s.Writes, "then what it returns")
	note(s.Owner, "unless the rows are the stream's own")
	if len(notes) == 0 {
		return s.SQL
	}
	return s.SQL + " -- " + strings.Join(notes, "; ")
}
