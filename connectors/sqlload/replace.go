package sqlload

import (
	"leat/connectors"
)

// replace plans truncate_insert. Every recipe shows readers the old rows or the new
// ones: TRUNCATE is never used, since a reader with an older snapshot would see none.
func (b *builder) replace() error {
	switch wish := b.s.Target.Replace; {
	case wish == connectors.ReplaceMerge:
		return b.mergeAsked()
	case wish == connectors.ReplaceSwap && b.s.mustStage(): // the next load could not swap either
		return b.noSwap(b.s.whyStage())
	case b.s.Existing == nil && !b.s.mustStage():
		b.create()
		b.recount(b.target)
		return nil
	case wish == connectors.ReplaceSwap:
		return b.swap()
	case wish == connectors.ReplaceDeleteInsert:
		b.deleteAll("it was asked for")
		return nil
	}
	return b.replaceAuto()
}

// mergeAsked merges, or makes the table with the unique index that the next load merges by.
func (b *builder) mergeAsked() error {
	if b.s.Existing != nil || b.s.mustStage() {
		return b.merge("it was asked for")
	}
	if err := b.mergeKey(); err != nil {
		return err
	}
	b.create()
	b.staging = b.target
	b.step(b.keyProbe())
	return nil
}

func (b *builder) replaceAuto() error {
	switch e := b.s.Existing; {
	case e == nil:
		b.deleteAll(b.s.whyStage())
	case len(e.Inbound) > 0:
		return b.merge("other tables refer to this one: " + e.Inbound[0])
	case !e.Filled && !b.s.mustStage():
		b.fillEmpty()
	case e.NoSwap == "" && !b.s.mustStage() && b.s.Swap != nil:
		return b.swap()
	case e.NoSwap != "":
		b.deleteAll(e.NoSwap)
	default:
		b.deleteAll("rows are replaced in place")
	}
	return nil
}

// fillEmpty copies straight into a table without rows and keeps other writers out.
func (b *builder) fillEmpty() {
	b.because(recipeCopy, reasonEmpty)
	b.oneWriter("rows go straight into the empty table")
	if lock := b.d.Lock(b.rows); lock != "" {
		b.add(&b.p.Setup, Statement{SQL: lock})
	}
	b.add(&b.p.Setup, Statement{Name: "occupied", Figures: []string{"occupied"}, Zero: true, SQL: "SELECT count(*) FROM (SELECT 1 FROM " + b.rows + " LIMIT 1) t"})
	b.direct(b.target, false)
	if b.parent() {
		b.step(Statement{Figures: []string{"staged"}, SQL: "SELECT count(*) FROM " + b.rows})
	}
}

// deleteAll stages rows, deletes the old ones and inserts the new ones.
func (b *builder) deleteAll(why string) {
	b.because(recipeDelete, why)
	b.stage()
	b.countStaged()
	b.lock()
	b.askOwner()
	b.step(Statement{Figures: []string{"previous"}, SQL: b.previous("")})
	b.remove(Statement{Name: "deleted", SQL: "DELETE FROM " + b.rows})
	if b.guarded() {
		b.step(Statement{Name: "kept", Figures: []string{"kept"}, Zero: true, SQL: "SELECT count(*) FROM " + b.rows})
	}
	b.insertAll()
	b.recountOwn()
}

// merge changes rows in place by a unique index and deletes the keys that were not
// read, so that rows other tables refer to stay.
func (b *builder) merge(why string) error {
	if err := b.mergeKey(); err != nil {
		return err
	}
	b.because(recipeMerge, why)
	b.merges = true
	b.stage()
	b.step(b.keyProbe())
	b.analyze()
	b.lock()
	b.askOwner()
	b.step(Statement{Figures: []string{"previous"}, SQL: b.previous("")})
	gone := " FROM " + b.rows + " AS t WHERE NOT EXISTS (SELECT 1 FROM " + b.staging + " s WHERE " + b.sameKey() + ")"
	b.remove(Statement{Name: "deleted", SQL: "DELETE" + gone})
	if b.guarded() {
		b.step(Statement{Name: "kept", Figures: []string{"kept"}, Zero: true, SQL: "SELECT count(*)" + gone})
	}
	b.upsertSteps()
	b.recountOwn()
	return nil
}

// mergeKey finds unique columns to merge by: the asked ones, else any usable index.
func (b *builder) mergeKey() error {
	e := b.s.Existing
	if e == nil {
		switch {
		case len(b.s.Unique) == 0 || !b.loadsAll(b.s.Unique):
			return refuse("truncate_insert by merge into %s needs unique columns that the table gets from the source", "Name the columns that identify a row, or use another recipe.", b.s.Table)
		case !b.s.Target.CreateIndexes:
			return refuse("truncate_insert by merge into %s needs a unique index, and none is made for the stream", "Leave create_indexes out, make the table and its unique index yourself, or use another recipe.", b.s.Table)
		}
		return nil
	}
	if len(b.s.Unique) > 0 && e.HasUnique(b.s.Unique) {
		return nil
	}
	for _, index := range e.Unique {
		if b.loadsAll(index) {
			b.s.Unique = index
			b.p.Spec.Unique = index
			return nil
		}
	}
	return refuse("truncate_insert into %s must merge by key, since other tables refer to it or it was asked for, but no unique index stands on loaded columns",
		"Make a unique index on the columns that identify a row, or use upsert.", b.s.Table)
}

func (b *builder) loadsAll(columns []string) bool {
	for _, column := range columns {
		if b.s.field(column).Source == "" {
			return false
		}
	}
	return true
}

// previous counts the rows that a whole read replaces, or only asks whether there is
// one where the count does not matter.
func (b *builder) previous(where string) string {
	if b.s.Target.MinRowsRatio > 0 {
		return "SELECT count(*) FROM " + b.rows + where
	}
	return "SELECT count(*) FROM (SELECT 1 FROM " + b.rows + where + " LIMIT 1) p"
}
