package connectortest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
	"leat/internal/cells"
)

// apply is the model: the rows of the target after one load in a mode by the key id.
func apply(mode connectors.WriteMode, target, read []Row) []Row {
	existing := map[int64]bool{}
	for _, row := range target {
		existing[row.ID] = true
	}
	incoming := map[int64]Row{}
	for _, row := range read {
		incoming[row.ID] = row
	}
	switch mode {
	case connectors.Insert:
		return append(append([]Row{}, target...), read...)
	case connectors.TruncateInsert:
		return read
	case connectors.InsertIgnore:
		return append(append([]Row{}, target...), pick(read, func(r Row) bool { return !existing[r.ID] })...)
	case connectors.Delete:
		return pick(target, func(r Row) bool { _, gone := incoming[r.ID]; return !gone })
	case connectors.Update:
		return replace(target, incoming)
	case connectors.Upsert:
		kept := replace(target, incoming)
		return append(kept, pick(values(incoming), func(r Row) bool { return !existing[r.ID] })...)
	case connectors.DeleteInsert:
		kept := pick(target, func(r Row) bool { _, gone := incoming[r.ID]; return !gone })
		return append(kept, read...)
	default: // history of a whole read: the open versions are exactly what was read
		return read
	}
}

func pick(rows []Row, keep func(Row) bool) []Row {
	out := []Row{}
	for _, row := range rows {
		if keep(row) {
			out = append(out, row)
		}
	}
	return out
}

func replace(rows []Row, by map[int64]Row) []Row {
	out := make([]Row, len(rows))
	for i, row := range rows {
		out[i] = row
		if newer, ok := by[row.ID]; ok {
			out[i] = newer
		}
	}
	return out
}

func values(rows map[int64]Row) []Row {
	out := make([]Row, 0, len(rows))
	for _, row := range rows {
		out = append(out, row)
	}
	return byID(out)
}

// start is the state of the target before the load under test.
type start struct {
	name   string
	exists bool
	rows   []Row
}

// modes runs each declared mode into a new, an empty and a filled table, first with
// half of the keys known and then with the same rows again.
func (h Harness) modes(t *testing.T) {
	starts := []start{{name: "new"}, {name: "empty", exists: true}, {name: "filled", exists: true, rows: Rows(1, 40)}}
	for i, mode := range h.Connector.Descriptor().Capabilities.WriteModes {
		for j, s := range starts {
			if s.rows == nil && !cells.Visited(2, i+j) {
				continue
			}
			t.Run(string(mode)+"/"+s.name, func(t *testing.T) { h.mode(t, mode, s) })
		}
	}
}

func (h Harness) mode(t *testing.T, mode connectors.WriteMode, s start) {
	target := h.target("suite_"+string(mode)+"_"+s.name, mode)
	if s.exists {
		h.prepare(t, target, s)
	}
	read := append(changed(Rows(21, 10)), Rows(31, 40)...)
	want := s.rows
	for _, run := range []string{"first", "again"} {
		want = apply(mode, want, read)
		report := h.mustLoad(t, attempt{target: target, run: target.Table.Name + run, rows: read, claim: -1})
		h.expectMode(t, mode, target.Table, want)
		if run == "again" && mode == connectors.Upsert && report.Changed != 0 {
			t.Errorf("the same rows again changed %d rows", report.Changed)
		}
	}
}

// prepare makes the target by a load of its own kind, or by truncate_insert for modes
// that would not store the rows.
func (h Harness) prepare(t *testing.T, target connectors.Target, s start) {
	t.Helper()
	if target.Mode != connectors.History {
		target.Mode = connectors.TruncateInsert
	}
	h.mustLoad(t, attempt{target: target, run: target.Table.Name + "prepare", rows: s.rows, claim: -1})
}

// expectMode compares the target with the model; of a history the open versions.
func (h Harness) expectMode(t *testing.T, mode connectors.WriteMode, table connectors.Table, want []Row) {
	t.Helper()
	if mode != connectors.History {
		h.expect(t, table, want)
		return
	}
	if diff := cmp.Diff(texts(want), h.content(t, table, "valid_to IS NULL")); diff != "" {
		t.Errorf("open versions of %s (-want +got):\n%s", table, diff)
	}
}
