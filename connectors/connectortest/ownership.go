package connectortest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
	"leat/internal/cells"
)

// findings is what a load may find in its table. Whose rows they are decides whether a
// mode may remove them.
var findings = []finding{
	{name: streamOwn, before: []string{streamOwn}, owned: true},
	{name: "foreign", before: []string{streamGone}},
	{name: "other", before: []string{streamOther}, other: true},
	{name: "own and other", before: []string{streamOwn, streamOther}, other: true},
	{name: "empty", before: []string{streamGone}, empty: true, owned: true},
	{name: "empty of another", before: []string{streamOther}, empty: true, other: true, owned: true},
}

// finding is one of them. Before are the streams that loaded the table, owned says that
// the stream owns the rows that it leaves.
type finding struct {
	name                string
	before              []string
	empty, other, owned bool
}

// The streams that load before: the stream itself, one whose state is gone, like a person
// who filled the table by hand, and one that goes on.
const (
	streamOwn   = "own"
	streamGone  = "gone"
	streamOther = "other"
)

// ownership proves for each mode and recipe that rows which a stream does not own are
// never removed unless it says so, that the plan says it before, and that a load which
// found its table empty or took it over owns it afterwards.
func (h Harness) ownership(t *testing.T) {
	n, row := 0, 0
	for _, mode := range h.Connector.Descriptor().Capabilities.WriteModes {
		for _, recipe := range h.recipes(mode) {
			row++
			column := 0
			for _, found := range findings {
				for _, takeover := range answers(mode, recipe, found) {
					n++
					column++
					if !cells.Visited(3, row+column) {
						continue
					}
					target := h.target(fmt.Sprintf("suite_owner_%d", n), mode)
					target.Replace, target.Takeover = recipe, takeover
					t.Run(strings.TrimSuffix(fmt.Sprintf("%s %s %s %s", mode, recipe, found.name, takeover), " "), func(t *testing.T) {
						h.owner(t, target, found)
					})
				}
			}
		}
	}
}

// answers are the takeovers to try: those that could make a difference.
func answers(mode connectors.WriteMode, recipe connectors.Replace, found finding) []connectors.Takeover {
	switch {
	case found.other && (!removesRows(mode) || len(recipe) > 0 && recipe != connectors.ReplaceAuto):
		return nil // other cells say the same
	case !removesRows(mode) || found.empty || found.name == streamOwn:
		return []connectors.Takeover{connectors.TakeoverNo}
	case recipe == connectors.ReplaceAuto && found.name == "foreign":
		return []connectors.Takeover{connectors.TakeoverNo, connectors.TakeoverAsk, connectors.TakeoverYes}
	default:
		return []connectors.Takeover{connectors.TakeoverNo, connectors.TakeoverYes}
	}
}

// recipes are the ways of a mode to replace rows that the system offers.
func (h Harness) recipes(mode connectors.WriteMode) []connectors.Replace {
	if mode != connectors.TruncateInsert {
		return []connectors.Replace{""}
	}
	return append([]connectors.Replace{connectors.ReplaceAuto}, h.Connector.Descriptor().Capabilities.Recipes...)
}

// removesRows says that a mode removes rows that it does not bring.
func removesRows(mode connectors.WriteMode) bool {
	return mode == connectors.TruncateInsert || mode == connectors.DeleteInsert || mode == connectors.History
}

func (h Harness) owner(t *testing.T, target connectors.Target, found finding) {
	rows := Rows(1, 12)
	if found.empty {
		rows = nil
	}
	h.fill(t, target, found, rows)
	refused := removesRows(target.Mode) && !found.empty && (found.other || !found.owned) && target.Takeover != connectors.TakeoverYes
	h.wantPlanned(t, target, found, refused)
	read := changed(Rows(9, 8))
	report, err := h.runAttempt(t, attempt{target: target, run: target.Table.Name + "-1", rows: read, claim: -1})
	switch {
	case refused:
		h.wantOwnership(t, err, target, found)
		h.expectMode(t, target.Mode, target.Table, rows)
		return
	case err != nil && target.Replace != connectors.ReplaceAuto && connectors.Is(err, connectors.Config): // a recipe that does not fit this table
		h.expectMode(t, target.Mode, target.Table, rows)
		return
	case err != nil:
		t.Fatal(err)
	}
	h.expectMode(t, target.Mode, target.Table, apply(target.Mode, rows, read))
	warned := strings.Contains(strings.Join(report.Warnings, "\n"), h.key(target, streamOther))
	if want := removesRows(target.Mode) && found.other && !found.empty; warned != want {
		t.Errorf("the warnings %q name the other stream: %t, want %t", report.Warnings, warned, want)
	}
	h.wantOwned(t, target, (found.owned || removesRows(target.Mode)) && !found.other)
}

// fill loads the table by the streams of a finding.
func (h Harness) fill(t *testing.T, target connectors.Target, found finding, rows []Row) {
	t.Helper()
	if target.Mode != connectors.History {
		target.Mode = connectors.Insert
	}
	own := target.StateKey
	target.Replace, target.Takeover = "", connectors.TakeoverYes
	for i, stream := range found.before {
		target.StateKey = h.key(target, stream)
		if stream == streamOwn {
			target.StateKey = own
		}
		part := rows
		if i > 0 && target.Mode != connectors.History {
			part = nil
		}
		h.mustLoad(t, attempt{target: target, run: target.Table.Name + "-" + stream, rows: part, claim: -1})
		if stream == streamGone {
			if err := role[connectors.StateKeeper](t, h).DropState(deadline(t), h.Schema, installation, target.StateKey); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (h Harness) key(target connectors.Target, stream string) string {
	return stream + "/" + target.Table.String()
}

// wantPlanned compares the plan with what the load does.
func (h Harness) wantPlanned(t *testing.T, target connectors.Target, found finding, refused bool) {
	t.Helper()
	plans, err := role[connectors.Loader](t, h).Plan(deadline(t), connectors.LoadID{Installation: installation, Flow: "suite"}, []connectors.Target{target})
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	refusal := plans[0].Refusal
	if refused {
		h.wantOwnership(t, refusal, target, found)
	} else if refusal != nil && refusal.Kind == connectors.Ownership {
		t.Errorf("the plan refuses: %v", refusal)
	}
}

// wantOwnership checks the refusal: its kind, the number of rows, and the other stream.
func (h Harness) wantOwnership(t *testing.T, err error, target connectors.Target, found finding) {
	t.Helper()
	refusal := connectors.AsError(err)
	if refusal == nil || refusal.Kind != connectors.Ownership || refusal.Retryable {
		t.Fatalf("%v, want a refusal for good of kind ownership", err)
	}
	for _, word := range []string{target.Table.String(), "12 rows", "takeover: true"} {
		if !strings.Contains(refusal.Error(), word) {
			t.Errorf("the refusal %q does not say %q", refusal, word)
		}
	}
	if found.other != strings.Contains(refusal.Message, h.key(target, streamOther)) {
		t.Errorf("the refusal %q names another stream, or not", refusal)
	}
}

// wantOwned asks by a load that would replace all rows whether the stream owns them, and
// gives it up.
func (h Harness) wantOwned(t *testing.T, target connectors.Target, owned bool) {
	t.Helper()
	if target.Mode == connectors.History { // nothing else fits its table
		target.Unique = []string{"id"}
	} else {
		target.Mode, target.Unique = connectors.TruncateInsert, nil
	}
	target.Replace, target.Takeover = connectors.ReplaceAuto, connectors.TakeoverNo
	load, err := h.begin(deadline(t), t, attempt{target: target, run: target.Table.Name + "-owned"})
	if err == nil {
		err = load.Abort(context.WithoutCancel(t.Context()))
	}
	if owned && err != nil {
		t.Errorf("the stream that owns the rows is refused: %v", err)
	}
	if !owned && !connectors.Is(err, connectors.Ownership) {
		t.Errorf("got %v, want a refusal: the stream does not own the rows", err)
	}
}

// ownershipStays proves that a claim gives no rows away, and that people who edit the
// state do not either.
func (h Harness) ownershipStays(t *testing.T) {
	target := h.target("suite_owner_stays", connectors.TruncateInsert)
	keeper := role[connectors.StateKeeper](t, h)
	refused := func(what string) {
		t.Helper()
		load, err := h.begin(deadline(t), t, attempt{target: target, run: what})
		if err == nil {
			_ = load.Abort(context.WithoutCancel(t.Context()))
		}
		if !connectors.Is(err, connectors.Ownership) {
			t.Errorf("%s: got %v, want a refusal", what, err)
		}
	}
	h.fill(t, target, finding{before: []string{streamGone}}, Rows(1, 5))
	refused("a first claim")
	refused("a second claim")
	row := connectors.StateRow{Installation: installation, StateKey: target.StateKey, Table: target.Table, Position: `{"at":1}`}
	if err := keeper.SaveState(deadline(t), h.Schema, row); err != nil {
		t.Fatal(err)
	}
	refused("a position that was set")
	target.Takeover = connectors.TakeoverYes
	h.mustLoad(t, attempt{target: target, run: "stays-taken", rows: Rows(1, 3), claim: -1})
	target.Takeover = connectors.TakeoverNo
	if err := keeper.SaveState(deadline(t), h.Schema, row); err != nil {
		t.Fatal(err)
	}
	h.mustLoad(t, attempt{target: target, run: "stays-set", rows: Rows(1, 4), claim: -1})
	if err := keeper.AdoptState(deadline(t), h.Schema, target.StateKey, installation, "another"); err != nil {
		t.Fatal(err)
	}
	load, err := role[connectors.Loader](t, h).Begin(deadline(t), connectors.LoadID{Installation: "another", Flow: "suite", Run: "stays-adopted"}, []connectors.Target{target})
	if err != nil {
		t.Fatalf("after the adoption: %v", err)
	}
	if err := load.Abort(deadline(t)); err != nil {
		t.Error(err)
	}
}

// ownershipFollowsTheTable proves that a stream does not own another table that it is
// pointed at, and loses its own only when it has loaded the other.
func (h Harness) ownershipFollowsTheTable(t *testing.T) {
	mine, other := h.target("suite_owner_mine", connectors.TruncateInsert), h.target("suite_owner_theirs", connectors.TruncateInsert)
	h.fill(t, other, finding{before: []string{streamGone}}, Rows(1, 5))
	h.mustLoad(t, attempt{target: mine, run: "follows-1", rows: Rows(1, 5), claim: -1})
	pointed := mine
	pointed.Table = other.Table
	if _, err := h.runAttempt(t, attempt{target: pointed, run: "follows-2", rows: Rows(1, 2), claim: -1}); !connectors.Is(err, connectors.Ownership) {
		t.Errorf("got %v, want a refusal: the rows of the other table are not the stream's", err)
	}
	h.expect(t, other.Table, Rows(1, 5))
	h.mustLoad(t, attempt{target: mine, run: "follows-3", rows: Rows(1, 6), claim: -1})
	pointed.Mode = connectors.Insert
	h.mustLoad(t, attempt{target: pointed, run: "follows-4", rows: Rows(6, 2), claim: -1})
	if _, err := h.runAttempt(t, attempt{target: mine, run: "follows-5", rows: Rows(1, 2), claim: -1}); !connectors.Is(err, connectors.Ownership) {
		t.Errorf("got %v, want a refusal: the stream has left its first table", err)
	}
	if diff := cmp.Diff(texts(Rows(1, 6)), h.content(t, mine.Table, "")); diff != "" {
		t.Errorf("the first table changed (-want +got):\n%s", diff)
	}
}

// ownershipOfAHistory proves that a read which removes nothing is not refused: a history
// that goes on from a position closes no absent keys.
func (h Harness) ownershipOfAHistory(t *testing.T) {
	target := h.target("suite_owner_history", connectors.History)
	target.Cursor = "at"
	h.fill(t, target, finding{before: []string{streamGone}}, Rows(1, 5))
	if _, err := h.runAttempt(t, attempt{target: target, run: "history-1", rows: Rows(1, 5), claim: -1}); !connectors.Is(err, connectors.Ownership) {
		t.Errorf("got %v, want a refusal of the first read", err)
	}
	row := connectors.StateRow{Installation: installation, StateKey: target.StateKey, Table: target.Table, Position: `{"at":1}`, Fingerprint: target.Fingerprint}
	if err := role[connectors.StateKeeper](t, h).SaveState(deadline(t), h.Schema, row); err != nil {
		t.Fatal(err)
	}
	h.mustLoad(t, attempt{target: target, run: "history-2", rows: Rows(5, 3), claim: -1})
	h.expectMode(t, connectors.History, target.Table, Rows(1, 7))
	target.FullRefresh = true
	if _, err := h.runAttempt(t, attempt{target: target, run: "history-3", rows: Rows(1, 2), claim: -1}); !connectors.Is(err, connectors.Ownership) {
		t.Errorf("got %v, want a refusal of the full refresh", err)
	}
	h.expectMode(t, connectors.History, target.Table, Rows(1, 7))
}
