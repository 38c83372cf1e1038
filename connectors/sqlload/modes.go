package sqlload

import "leat/connectors"

// insertIgnore appends rows whose key is new.
func (b *builder) insertIgnore() {
	if b.fresh() {
		return
	}
	b.because("stage+"+b.conflictRecipe("insert"), b.whyConflict())
	b.stageKeyed()
	if b.onConflict() {
		b.step(Statement{Name: "inserted", SQL: b.insertFrom(b.staging+" s") + " ON CONFLICT (" + b.list(b.s.Unique) + ") DO NOTHING"})
		return
	}
	b.lock()
	b.probe("")
	if b.s.acted() { // what stays is compared
		b.step(Statement{SQL: "DELETE FROM " + b.staging + " AS s WHERE NOT " + b.absent("")})
	}
	b.step(Statement{Name: "inserted", Expect: b.sure("missing"), SQL: b.insertFrom(b.staging + " s WHERE " + b.absent(""))})
}

// upsert updates rows that differ and inserts new ones.
func (b *builder) upsert() {
	if b.fresh() {
		return
	}
	b.because("stage+"+b.conflictRecipe("update+insert"), b.whyConflict())
	b.stageKeyed()
	b.dropOlder("")
	b.upsertSteps()
}

// fresh loads a table that the load creates: rows go straight in, then all but one row
// per key go, then the index is made. A hidden table that becomes the target has no column
// for the read order, so that several writers must not bring a key twice.
func (b *builder) fresh() bool {
	if b.s.Existing != nil || b.s.mustStage() {
		return false
	}
	if !b.keyOfSource() {
		b.oneWriter("the unique columns are not the source's key, so the last row read must be known")
	}
	b.create()
	b.staging = b.target
	if b.s.Hidden != nil {
		probe := b.keyProbe()
		probe.Name, probe.Zero = "doubled", true
		b.step(probe)
		return true
	}
	b.dedupe()
	return true
}

// upsertSteps writes the winners of the staging table into the target.
func (b *builder) upsertSteps() {
	if b.onConflict() {
		b.step(Statement{Name: "upserted", SQL: b.insertOnConflict()})
		return
	}
	b.lock()
	b.probe("")
	if len(b.updatable()) > 0 {
		b.step(Statement{Name: "updated", If: "touched", Expect: b.sure("touched"), SQL: b.updateFrom("")})
	}
	b.step(Statement{Name: "inserted", If: "missing", Expect: b.sure("missing"), SQL: b.insertFrom(b.staging + " s WHERE " + b.absent(""))})
}

// update changes rows whose key exists.
func (b *builder) update() {
	b.because("stage+update", "only rows whose key exists are changed")
	b.stageKeyed()
	b.dropOlder("")
	b.lock()
	b.probe("")
	if len(b.updatable()) > 0 {
		b.step(Statement{Name: "updated", If: "touched", Expect: b.sure("touched"), SQL: b.updateFrom("")})
	}
}

// delete removes rows whose key was read.
func (b *builder) delete() {
	b.because("stage+delete", "rows whose key was read are removed")
	b.stageKeyed()
	b.lock()
	b.probe("")
	b.remove(Statement{Name: "deleted", If: "matched", Expect: b.sure("matched"), SQL: b.deleteMatching()})
}

// deleteInsert removes rows with the key's values and inserts the batch, rows that
// share a key included.
func (b *builder) deleteInsert() {
	if b.s.Existing == nil && !b.s.mustStage() {
		b.create()
		b.staging = b.target
		b.step(b.keyProbe())
		return
	}
	b.because(recipeDelete, reasonKeyValues)
	b.stage()
	b.step(b.keyProbe())
	b.analyze()
	b.lock()
	b.askOwner()
	b.remove(Statement{Name: "deleted", SQL: b.deleteMatching()})
	if b.guarded() {
		b.step(Statement{
			Name: "kept", Figures: []string{"kept"}, Zero: true,
			SQL: "SELECT count(*) FROM " + b.rows + " t WHERE EXISTS (SELECT 1 FROM " + b.staging + " s WHERE " + b.sameKey() + ")",
		})
	}
	b.insertAll()
}

// history closes versions that differ and opens new ones.
func (b *builder) history() {
	b.because(recipeVersions, "one row per version")
	b.stageKeyed()
	b.lock()
	b.askOwner()
	open := "t." + b.d.Quote(ValidTo) + " IS NULL"
	b.step(Statement{Figures: []string{"previous"}, Whole: true, SQL: b.previous(" WHERE " + b.d.Quote(ValidTo) + " IS NULL")})
	b.analyze()
	// Keys that were read are not absent, whatever becomes of their rows below.
	b.step(Statement{Name: "absent", Whole: true, Snapshot: true, SQL: "UPDATE " + b.rows + " AS t SET " + b.d.Quote(ValidTo) +
		" = greatest(" + b.snapshot() + ", t." + b.d.Quote(ValidFrom) + ") WHERE " + open + " AND NOT EXISTS (SELECT 1 FROM " + b.staging + " s WHERE " + b.sameKey() + ")"})
	b.dropOlder(open)
	b.probe(open)
	b.step(Statement{Name: "closed", If: "touched", Expect: b.sure("touched"), Snapshot: !b.s.CursorIsTime, SQL: b.closeChanged(open)})
	b.step(Statement{Name: "inserted", Expect: b.sure("missing", "differing"), Snapshot: !b.s.CursorIsTime, SQL: b.openVersions(open)})
}

// insertAll appends the whole staging table.
func (b *builder) insertAll() {
	b.step(b.inserting(Statement{Expect: []string{"staged"}}, b.staging+" s"))
}

// stageKeyed stages rows and leaves one per key.
func (b *builder) stageKeyed() {
	b.stage()
	b.dedupe()
}

// dedupe counts keys and leaves the winner of each.
func (b *builder) dedupe() {
	b.step(b.keyProbe())
	b.step(Statement{Name: "duplicates", If: "doubled", Expect: []string{"doubled"}, SQL: b.dropDuplicates()})
}

// probe foretells what the mode will do.
func (b *builder) probe(condition string) {
	b.analyze()
	b.step(b.matchProbe(condition))
	b.step(b.differProbe(condition))
}

// countStaged counts the rows of the staging table.
func (b *builder) countStaged() {
	b.step(Statement{Figures: []string{"staged"}, SQL: "SELECT count(*) FROM " + b.staging})
}

// onConflict says whether INSERT ... ON CONFLICT fits. It runs the triggers of inserts for
// each row, also for those that it then updates or leaves alone.
func (b *builder) onConflict() bool {
	return b.d.OnConflict() && b.s.Existing.HasUnique(b.s.Unique) && !b.s.Existing.Rules && len(b.s.acting()) == 0
}

func (b *builder) conflictRecipe(otherwise string) string {
	if b.onConflict() {
		return "on-conflict"
	}
	return otherwise
}

func (b *builder) whyConflict() string {
	switch {
	case b.onConflict():
		return "a unique index stands on exactly the unique columns"
	case b.s.Existing == nil:
		return "the table did not exist"
	case b.s.Existing.HasUnique(b.s.Unique) && (b.s.Existing.Rules || len(b.s.acting()) > 0):
		return "the table has triggers or rules, under which ON CONFLICT does not tell what becomes of a row"
	default:
		return "no usable unique index stands on exactly the unique columns"
	}
}

// foretold returns the expectation of a statement that a probe precedes only when
// triggers or rules stand on the target.
func (b *builder) foretold(figures ...string) []string {
	if b.guarded() {
		return figures
	}
	return nil
}

func (b *builder) lock() {
	if lock := b.d.Lock(b.rows); lock != "" && b.s.Existing != nil && !b.locked {
		b.locked = true
		b.step(Statement{SQL: lock})
	}
}

// mustStage says that rows cannot be copied into the target although the mode could.
func (s Spec) mustStage() bool {
	return s.ForceStaging || len(s.Drift) > 0 || s.hasText() || s.acted() || s.Existing != nil && s.Existing.RowSecurity
}

func (s Spec) whyStage() string {
	switch {
	case s.Existing != nil && s.Existing.RowSecurity:
		return "row security does not take COPY"
	case len(s.Drift) > 0:
		return "columns of the table change when the rows are there"
	case s.hasText():
		return "some columns are converted from text by the database"
	case s.acted():
		return "triggers or rules of the table act on the rows"
	default:
		return "rejected rows are kept apart"
	}
}

func (s Spec) hasText() bool {
	for _, field := range s.Fields {
		if field.Text {
			return true
		}
	}
	return false
}

// ReplacesWhole says whether a whole read removes what it did not bring, so that an
// empty one needs consent.
func ReplacesWhole(mode connectors.WriteMode) bool {
	return mode == connectors.TruncateInsert || mode == connectors.History
}
