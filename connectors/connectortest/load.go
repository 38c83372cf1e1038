package connectortest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
)

// installation owns the suite's state rows.
const installation = "01SUITE0000000000000000000"

// target describes a load of the suite's table.
func (h Harness) target(name string, mode connectors.WriteMode) connectors.Target {
	target := connectors.Target{
		Table:    connectors.Table{Schema: h.Schema, Name: name},
		StateKey: "suite/" + h.Schema + "." + name, Fingerprint: "suite",
		Schema: Schema(), SourceKind: "suite", Mode: mode, CreateIndexes: true,
	}
	if mode.NeedsKey() {
		target.Unique = []string{"id"}
	}
	return target
}

// attempt is one load of the suite.
type attempt struct {
	target connectors.Target
	run    string
	rows   []Row
	// claim is the number of rows announced at commit; -1 means the true one.
	claim    int64
	position connectors.Position
}

// runAttempt begins, writes and commits one load; the context is the test's.
func (h Harness) runAttempt(t *testing.T, a attempt) (connectors.Report, error) {
	t.Helper()
	ctx := deadline(t)
	load, err := h.begin(ctx, t, a)
	if err != nil {
		return connectors.Report{}, err
	}
	defer func() { _ = load.Abort(context.WithoutCancel(ctx)) }()
	if applied := load.States()[0].Applied; applied != nil {
		return *applied, nil
	}
	if err := write(ctx, load, a.rows); err != nil {
		return connectors.Report{}, err
	}
	reports, err := load.Commit(ctx, []connectors.Close{a.close()})
	if err != nil {
		return connectors.Report{}, err
	}
	return reports[0], nil
}

func (h Harness) begin(ctx context.Context, t *testing.T, a attempt) (connectors.Load, error) {
	t.Helper()
	id := connectors.LoadID{Installation: installation, Flow: "suite", Run: a.run}
	return role[connectors.Loader](t, h).Begin(ctx, id, []connectors.Target{a.target})
}

func (a attempt) close() connectors.Close {
	rows := int64(len(a.rows))
	if a.claim >= 0 {
		rows = a.claim
	}
	return connectors.Close{RowsRead: rows, Position: a.position, Whole: a.target.Cursor == "", Snapshot: time.Now()}
}

// write announces the schema and sends the rows in batches of uneven size.
func write(ctx context.Context, load connectors.Load, rows []Row) error {
	if err := load.Announce(ctx, 0, Schema()); err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	for size := 1; len(rows) > 0; size = size*3 + 1 {
		n := min(size, len(rows))
		if err := load.Write(ctx, 0, 0, batch(rows[:n])); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		rows = rows[n:]
	}
	return nil
}

// mustLoad runs a load that has to succeed and checks its counts.
func (h Harness) mustLoad(t *testing.T, a attempt) connectors.Report {
	t.Helper()
	report, err := h.runAttempt(t, a)
	if err != nil {
		t.Fatalf("%s into %s: %v", a.target.Mode, a.target.Table, err)
	}
	if !report.Balanced() || report.Read != int64(len(a.rows)) {
		t.Errorf("%s: the counts do not add up to %d rows: %+v", a.target.Mode, len(a.rows), report.Counts)
	}
	return report
}

// content reads a target back; query narrows it when not empty.
func (h Harness) content(t *testing.T, table connectors.Table, where string) []string {
	t.Helper()
	dataset := connectors.Dataset{Schema: table.Schema, Name: table.Name}
	selection := connectors.Selection{Dataset: dataset, Columns: []string{"id", "name", "amount", "at"}}
	if where != "" {
		selection = connectors.Selection{Dataset: connectors.Dataset{
			Query: fmt.Sprintf(`SELECT "id", "name", "amount", "at" FROM "%s"."%s" WHERE %s`, table.Schema, table.Name, where),
		}}
	}
	return texts(h.readAll(t, selection).rows)
}

// expect compares a target with the model.
func (h Harness) expect(t *testing.T, table connectors.Table, want []Row) {
	t.Helper()
	if diff := cmp.Diff(texts(want), h.content(t, table, "")); diff != "" {
		t.Errorf("content of %s (-want +got):\n%s", table, diff)
	}
}

func (h Harness) load(t *testing.T) {
	t.Run("abort leaves the target alone", h.loadAbort)
	t.Run("wrong count is refused", h.loadWrongCount)
	t.Run("missing schema is refused and not created", h.loadMissingSchema)
	t.Run("one run applies once", h.loadOnce)
	t.Run("older load is fenced off", h.loadFence)
	t.Run("undeclared modes are refused", h.loadUndeclared)
	t.Run("cancelled load changes nothing", h.loadCancelled)
}

func (h Harness) loadAbort(t *testing.T) {
	target := h.target("suite_abort", connectors.TruncateInsert)
	base := Rows(1, 10)
	h.mustLoad(t, attempt{target: target, run: "abort-1", rows: base, claim: -1})
	load, err := h.begin(deadline(t), t, attempt{target: target, run: "abort-2"})
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	if err := write(deadline(t), load, Rows(100, 50)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := load.Abort(deadline(t)); err != nil {
			t.Errorf("abort: %v", err)
		}
	}
	h.expect(t, target.Table, base)
}

func (h Harness) loadWrongCount(t *testing.T) {
	target := h.target("suite_count", connectors.TruncateInsert)
	base := Rows(1, 10)
	h.mustLoad(t, attempt{target: target, run: "count-1", rows: base, claim: -1})
	if _, err := h.runAttempt(t, attempt{target: target, run: "count-2", rows: Rows(50, 9), claim: 10}); err == nil {
		t.Error("a load with 9 rows written was committed as 10 rows read")
	}
	h.expect(t, target.Table, base)
}

func (h Harness) loadMissingSchema(t *testing.T) {
	target := h.target("suite_missing", connectors.Insert)
	target.Table.Schema = "suite_no_such_schema"
	loader := role[connectors.Loader](t, h)
	if _, err := h.runAttempt(t, attempt{target: target, run: "schema-1", rows: Rows(1, 3), claim: -1}); !connectors.Is(err, connectors.NotFound) {
		t.Errorf("got %v, want an error of kind not_found", err)
	}
	schemas, err := loader.Schemas(deadline(t))
	if err != nil {
		t.Fatalf("list schemas: %v", err)
	}
	for _, schema := range schemas {
		if schema.Name == target.Table.Schema {
			t.Error("the missing schema was created")
		}
	}
}

func (h Harness) loadOnce(t *testing.T) {
	target := h.target("suite_once", connectors.Insert)
	rows := Rows(1, 25)
	first := h.mustLoad(t, attempt{target: target, run: "once", rows: rows, claim: -1, position: `{"at":1}`})
	second := h.mustLoad(t, attempt{target: target, run: "once", rows: rows, claim: -1, position: `{"at":1}`})
	if diff := cmp.Diff(first.Counts, second.Counts); diff != "" {
		t.Errorf("the second report of one run differs (-first +second):\n%s", diff)
	}
	h.expect(t, target.Table, rows)
	id := connectors.LoadID{Installation: installation, Flow: "suite", Run: "once"}
	loader := role[connectors.Loader](t, h)
	reports, err := loader.Resolve(deadline(t), id, []connectors.Target{target}, false)
	if err != nil || reports[0] == nil {
		t.Errorf("resolve of an applied run: %v, %v", reports, err)
	}
	id.Run = "never ran"
	if reports, err = loader.Resolve(deadline(t), id, []connectors.Target{target}, false); err != nil || reports[0] != nil {
		t.Errorf("resolve of a run that never was: %v, %v", reports, err)
	}
}

func (h Harness) loadFence(t *testing.T) {
	target := h.target("suite_fence", connectors.TruncateInsert)
	h.mustLoad(t, attempt{target: target, run: "fence-0", rows: Rows(1, 3), claim: -1})
	zombie, err := h.begin(deadline(t), t, attempt{target: target, run: "fence-1"})
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	defer func() { _ = zombie.Abort(context.WithoutCancel(t.Context())) }()
	want := Rows(10, 4)
	h.fenceOff(t, zombie, attempt{target: target, run: "fence-2", rows: want, claim: -1})
	err = write(deadline(t), zombie, Rows(90, 5))
	if err == nil {
		_, err = zombie.Commit(deadline(t), []connectors.Close{{RowsRead: 5, Whole: true, Snapshot: time.Now()}})
	}
	if err == nil {
		t.Error("a load with a lower fence was committed")
	}
	h.expect(t, target.Table, want)
}

// fenceOff runs a newer load. A system that admits one process at a time may instead
// refuse it as a conflict while the older load is open; then the older one ends first.
func (h Harness) fenceOff(t *testing.T, older connectors.Load, a attempt) {
	t.Helper()
	_, err := h.runAttempt(t, a)
	if connectors.Is(err, connectors.Conflict) {
		if err := older.Abort(deadline(t)); err != nil {
			t.Errorf("abort: %v", err)
		}
		_, err = h.runAttempt(t, a)
	}
	if err != nil {
		t.Fatalf("newer load: %v", err)
	}
}

func (h Harness) loadUndeclared(t *testing.T) {
	for _, mode := range connectors.WriteModes() {
		if h.Connector.Descriptor().Capabilities.Offers(mode) {
			continue
		}
		if _, err := h.runAttempt(t, attempt{target: h.target("suite_undeclared", mode), run: "undeclared", rows: Rows(1, 1), claim: -1}); err == nil {
			t.Errorf("%s is not declared and was not refused", mode)
		}
	}
}

func (h Harness) loadCancelled(t *testing.T) {
	target := h.target("suite_cancelled", connectors.TruncateInsert)
	base := Rows(1, 10)
	h.mustLoad(t, attempt{target: target, run: "cancel-1", rows: base, claim: -1})
	ctx, cancel := context.WithCancel(deadline(t))
	load, err := h.begin(ctx, t, attempt{target: target, run: "cancel-2"})
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	if err := write(ctx, load, Rows(100, 5)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := load.Commit(ctx, []connectors.Close{{RowsRead: 5, Whole: true, Snapshot: time.Now()}}); err == nil {
		t.Error("commit under a cancelled context succeeded")
	}
	if err := load.Abort(ctx); err != nil {
		t.Errorf("abort under a cancelled context: %v", err)
	}
	h.expect(t, target.Table, base)
}

// state proves that the position and the fence are kept beside the table.
func (h Harness) state(t *testing.T) {
	target := h.target("suite_state", connectors.Upsert)
	if !h.Connector.Descriptor().Capabilities.Offers(connectors.Upsert) {
		target = h.target("suite_state", connectors.Insert)
	}
	h.mustLoad(t, attempt{target: target, run: "state-1", rows: Rows(1, 3), claim: -1, position: `{"at":"x"}`})
	load, err := h.begin(deadline(t), t, attempt{target: target, run: "state-2"})
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	state := load.States()[0]
	if err := load.Abort(deadline(t)); err != nil {
		t.Errorf("abort: %v", err)
	}
	if state.Position != `{"at":"x"}` || state.Fence < 2 {
		t.Errorf("the second load saw position %q and fence %d", state.Position, state.Fence)
	}
	target.Fingerprint = "another selection"
	load, err = h.begin(deadline(t), t, attempt{target: target, run: "state-3"})
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	defer func() { _ = load.Abort(context.WithoutCancel(t.Context())) }()
	if got := load.States()[0].Position; got != "" {
		t.Errorf("a changed selection goes on from %q, want a whole read", got)
	}
}
