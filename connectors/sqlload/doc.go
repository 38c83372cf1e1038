// Package sqlload holds the write modes of every destination that speaks SQL. It knows
// no driver: a system gives it a Dialect (small pure functions that return SQL text) and
// a Session (three methods that run SQL inside the applying transaction).
//
// How rows flow:
//
//	Target + what stands in the destination (Existing)
//	   │  MapTable, Pairing.Match   names, types, which column goes where, drift
//	   ▼
//	Spec ── Build ──▶ Plan          recipe, statements; nothing has been written yet
//	   ▼
//	the system copies rows into Plan.CopyInto, the target itself (Direct) or a staging
//	table, and counts them
//	   ▼
//	Plan.Apply(session, figures)    probes, removes duplicates, writes, counts
//	   ▼
//	Store.Finish(session, ...)      locks the state row, requires the fence, stores the
//	                                load row and the position; then the system commits
//
// A system on this package writes: a Dialect, Types, a Session, the reading of Existing,
// and the copying of batches. Counts are checked here: every row read must end as exactly
// one of written, unchanged, duplicate, skipped or rejected, and a statement that
// touched another number of rows than its probe foretold fails the load.
package sqlload
