package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"leat/connectors"
	"leat/flows"
)

// shipment is a route with all that a load needs to know of its source.
type shipment struct {
	target    connectors.Target
	selection connectors.Selection
	// estimated is the number of rows to expect, -1 when unknown.
	estimated int64
	warnings  []string
}

// SelectionOf is what to read of a dataset that is not a pattern.
func SelectionOf(dataset flows.SourceDataset) connectors.Selection {
	return connectors.Selection{
		Dataset: dataset.Dataset, Columns: dataset.Columns, Key: dataset.Key,
		Cursor: dataset.Cursor, Overlap: dataset.Overlap, Nulls: dataset.Nulls,
	}
}

// bareTarget is the target as far as it is known without the source.
func (it *itinerary) bareTarget(r route) connectors.Target {
	s := r.stream
	target := connectors.Target{
		Table: r.table, StateKey: r.stateKey, Fingerprint: fingerprint(r.dataset), Overlap: r.dataset.Overlap, Nulls: r.dataset.Nulls,
		Mode: s.WriteMode, Unique: s.Unique, Cursor: r.dataset.Cursor,
		Layout: s.Layout, Drift: s.Drift, Replace: s.Replace,
		CreateIndexes: s.CreateIndexes == nil || *s.CreateIndexes, UniqueHints: s.UniqueHints,
		RejectLimit: rejectLimit(s), MinRowsRatio: s.MinRowsRatio,
		LoadedAt: s.LoadedAt, RunID: s.RunID, Writers: s.Writers, Limits: it.limits,
		Takeover: takeover(s, r.table), Narrowing: s.Narrowing, Triggers: s.Triggers, Duplicates: s.Duplicates, CompareWithout: s.CompareWithout,
	}
	if target.Layout == "" {
		target.Layout = connectors.LayoutColumns
	}
	if target.Drift == "" {
		target.Drift = connectors.DriftReport
	}
	if target.Replace == "" {
		target.Replace = connectors.ReplaceAuto
	}
	return target
}

// takeover is the answer for one table: of a pattern only the tables that were named are
// taken over.
func takeover(s flows.Stream, table connectors.Table) connectors.Takeover {
	if slices.Contains(s.TakeoverTables, table.Name) || slices.Contains(s.TakeoverTables, table.String()) {
		return connectors.TakeoverYes
	}
	return s.Takeover
}

// rejectLimit is 0 by default; insert_ignore keeps every row that cannot be stored.
func rejectLimit(s flows.Stream) int64 {
	switch {
	case s.Rejects != nil:
		return *s.Rejects
	case s.WriteMode == connectors.InsertIgnore:
		return -1
	default:
		return 0
	}
}

// fingerprint identifies what is read, and behind a dot dataset and cursor alone: see
// connectors.Target.
func fingerprint(d flows.SourceDataset) string {
	return hashOf(d.Dataset, d.Columns, d.Cursor) + "." + hashOf(d.Dataset, d.Cursor)
}

// hashOf is the beginning of the SHA-256 of values that always have a JSON form.
func hashOf(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// ship completes a route with what the source says about its dataset.
func (it *itinerary) ship(r route, sourceKind string, described connectors.Description) (shipment, error) {
	schema, err := described.Schema.Select(r.dataset.Columns)
	if err != nil {
		return shipment{}, &connectors.Error{
			Kind: connectors.NotFound, Message: fmt.Sprintf("%s: %v", r.dataset.Name, err), Cause: err,
			Fix: "Take the column out of the source, or put it back into the table.",
		}
	}
	out := shipment{
		target: it.bareTarget(r), selection: SelectionOf(r.dataset),
		estimated: described.EstimatedRows, warnings: slices.Concat(r.notes, described.Warnings),
	}
	out.target.Schema, out.target.SourceKind = schema, sourceKind
	if strings.Contains(r.stream.Table, flows.TablePlaceholder) { // not each table of a pattern has all of them
		out.target.CompareWithout = slices.DeleteFunc(slices.Clone(out.target.CompareWithout), func(name string) bool { return schema.Index(name) < 0 })
	}
	if len(out.selection.Key) == 0 {
		out.selection.Key = described.Schema.Key
	}
	if len(out.target.Unique) == 0 && (out.target.Layout != connectors.LayoutRaw || out.target.Mode == connectors.Insert) {
		out.target.Unique = out.selection.Key
	}
	out.selection.Parts = max(r.stream.Parts, r.stream.Writers) // a writer more than parts would have nothing to do
	return out, out.validate(r)
}

// validate refuses what would make a wrong load, whatever was checked when the flow
// was saved: the source may have changed since.
func (s shipment) validate(r route) error {
	t := s.target
	if breach := t.Breach(); breach != nil {
		return breach.Refusal()
	}
	for _, name := range t.Unique {
		if t.Schema.Index(name) < 0 && t.Layout != connectors.LayoutRaw {
			return refusal(connectors.Config, "Add it to the columns of the source, or choose other unique columns.",
				"the unique column %q of %s is not read from %s", name, t.Table, r.dataset.Name)
		}
	}
	if t.Cursor != "" && t.Cursor != connectors.CursorXmin && t.Schema.Index(t.Cursor) < 0 {
		return refusal(connectors.Config, "Add it to the columns of the source, or choose another cursor.",
			"the cursor %q of %s is not among the columns that are read", t.Cursor, r.dataset.Name)
	}
	return nil
}

// refreshes says whether a run ignores the stored position of a route.
func refreshes(run flows.Run, r route) bool {
	if !run.FullRefresh || len(run.RefreshStreams) == 0 {
		return run.FullRefresh
	}
	return slices.ContainsFunc(run.RefreshStreams, func(name string) bool {
		return name == r.stream.Table || name == r.table.String() || name == r.stateKey
	})
}
