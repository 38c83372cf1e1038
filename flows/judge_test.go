package flows_test

import (
	"strings"
	"testing"

	"leat/connectors"
	"leat/flows"
)

var allModes = connectors.Capabilities{Loads: true, WriteModes: connectors.WriteModes()}

// judged is a flow of one stream and its ends.
func judged(mode connectors.WriteMode, dataset flows.SourceDataset) (flows.Flow, flows.Ends) {
	dataset.Name = "public.orders"
	f := flows.Flow{Name: "f", DestinationID: "d", Streams: []flows.Stream{{
		From: []flows.StreamInput{{SourceID: "s", Dataset: dataset.Name}}, Table: "dbo.orders", WriteMode: mode, StateKey: "f/dbo.orders",
	}}}
	return f, flows.Ends{Destination: allModes, DefaultSchema: "dbo", Streams: []flows.StreamEnds{{Dataset: dataset}}}
}

func TestJudge(t *testing.T) {
	described := func(key ...string) *connectors.Description {
		d := connectors.Description{}
		d.Schema.Key = key
		return &d
	}
	cases := map[string]struct {
		mode    connectors.WriteMode
		dataset flows.SourceDataset
		change  func(f *flows.Flow, ends *flows.Ends)
		field   string // empty where nothing is wrong
	}{
		"a key that is not known yet":          {mode: connectors.Upsert},
		"no key":                               {connectors.Upsert, flows.SourceDataset{}, func(_ *flows.Flow, e *flows.Ends) { e.Streams[0].Description = described() }, "streams[0].unique_columns"},
		"the source's key":                     {connectors.Upsert, flows.SourceDataset{}, func(_ *flows.Flow, e *flows.Ends) { e.Streams[0].Description = described("id") }, ""},
		"the dataset's key":                    {mode: connectors.Upsert, dataset: flows.SourceDataset{Key: []string{"id"}}},
		"the stream's columns":                 {connectors.Upsert, flows.SourceDataset{}, func(f *flows.Flow, _ *flows.Ends) { f.Streams[0].Unique = []string{"id"} }, ""},
		"replace by a cursor":                  {mode: connectors.TruncateInsert, dataset: flows.SourceDataset{Cursor: "at"}, field: "streams[0].write_mode"},
		"an incremental insert without a key":  {connectors.Insert, flows.SourceDataset{Cursor: "at"}, func(_ *flows.Flow, e *flows.Ends) { e.Streams[0].Description = described() }, "streams[0].unique_columns"},
		"a half-open insert without a key":     {connectors.Insert, flows.SourceDataset{Cursor: "at", Overlap: "none"}, func(_ *flows.Flow, e *flows.Ends) { e.Streams[0].Description = described() }, ""},
		"a whole insert by hand":               {mode: connectors.Insert},
		"a whole insert on a schedule":         {connectors.Insert, flows.SourceDataset{}, func(f *flows.Flow, _ *flows.Ends) { f.Schedule.Cron = "0 * * * *" }, "streams[0].append_all"},
		"a whole insert on a schedule, agreed": {connectors.Insert, flows.SourceDataset{}, func(f *flows.Flow, _ *flows.Ends) { f.Schedule.Cron, f.Streams[0].AppendAll = "0 * * * *", true }, ""},
		"newest without a cursor":              {connectors.Upsert, flows.SourceDataset{Key: []string{"id"}}, func(f *flows.Flow, _ *flows.Ends) { f.Streams[0].Duplicates = connectors.DuplicatesNewest }, "streams[0].duplicates"},
		"a pattern into one table":             {mode: connectors.Upsert, dataset: flows.SourceDataset{Pattern: "public.*"}, field: "streams[0].table"},
		"a pattern into its tables":            {connectors.Upsert, flows.SourceDataset{Pattern: "public.*"}, func(f *flows.Flow, _ *flows.Ends) { f.Streams[0].Table = "dbo.{table}" }, ""},
		"tables taken over without a pattern":  {connectors.TruncateInsert, flows.SourceDataset{}, func(f *flows.Flow, _ *flows.Ends) { f.Streams[0].TakeoverTables = []string{"orders"} }, "streams[0].takeover"},
		"keyless tables without a pattern":     {connectors.TruncateInsert, flows.SourceDataset{}, func(f *flows.Flow, _ *flows.Ends) { f.Streams[0].Keyless = flows.KeylessSkip }, "streams[0].keyless"},
		"an unknown word":                      {connectors.TruncateInsert, flows.SourceDataset{}, func(f *flows.Flow, _ *flows.Ends) { f.Streams[0].Narrowing = "round" }, "streams[0].narrowing"},
		"a mode that the destination lacks": {connectors.TruncateInsert, flows.SourceDataset{}, func(_ *flows.Flow, e *flows.Ends) {
			e.Destination.WriteModes = []connectors.WriteMode{connectors.Insert}
		}, "streams[0].write_mode"},
		"a dataset of which nothing is known": {connectors.TruncateInsert, flows.SourceDataset{Cursor: "at"}, func(_ *flows.Flow, e *flows.Ends) { e.Streams = nil }, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f, ends := judged(c.mode, c.dataset)
			if c.change != nil {
				c.change(&f, &ends)
			}
			found := flows.Judge(f, ends)
			if c.field == "" && len(found) > 0 || c.field != "" && found[c.field] == "" || len(found) > 1 {
				t.Errorf("the problems are %q, want one of %q", found, c.field)
			}
		})
	}
}

func TestJudgePlans(t *testing.T) {
	f, _ := judged(connectors.TruncateInsert, flows.SourceDataset{})
	plan := func(kind connectors.Kind, checked bool) flows.StreamPlan {
		return flows.StreamPlan{Problem: &connectors.Error{Kind: kind, Message: "no"}, Checked: checked}
	}
	plans := []flows.StreamPlan{{Checked: true}, plan(connectors.Unreachable, false), plan(connectors.NotFound, true), plan(connectors.Ownership, true)}
	got := flows.JudgePlans(f, plans)
	if len(got.Unchecked) != 1 || len(got.Refused) != 2 || len(got.Asked) != 0 {
		t.Errorf("the findings are %+v", got)
	}
	if got.Refused[0].Setting() != "streams[0].table" || got.Refused[1].Setting() != "streams[0].takeover" {
		t.Errorf("the fields are %s and %s", got.Refused[0].Setting(), got.Refused[1].Setting())
	}
	f.Streams[0].Takeover = connectors.TakeoverAsk
	if got := flows.JudgePlans(f, plans); len(got.Asked) != 1 || len(got.Refused) != 1 {
		t.Errorf("with ask the findings are %+v", got)
	}
}

func TestPropose(t *testing.T) {
	foreign := []flows.StreamPlan{{Checked: true, Problem: &connectors.Error{Kind: connectors.Ownership}}}
	withKey := &connectors.Description{}
	withKey.Schema.Key = []string{"id"}
	for name, c := range map[string]struct {
		ends flows.StreamEnds
		want connectors.WriteMode
	}{
		"a key":                           {flows.StreamEnds{Description: withKey}, connectors.Upsert},
		"no key":                          {flows.StreamEnds{Description: &connectors.Description{}}, connectors.TruncateInsert},
		"no key, but rows of others":      {flows.StreamEnds{Description: &connectors.Description{}, Plans: foreign}, connectors.Insert},
		"no key, but a cursor":            {flows.StreamEnds{Dataset: flows.SourceDataset{Cursor: "at"}}, connectors.Insert},
		"a pattern, whose tables differ":  {flows.StreamEnds{Dataset: flows.SourceDataset{Pattern: "public.*"}}, connectors.Upsert},
		"a key that the dataset is given": {flows.StreamEnds{Dataset: flows.SourceDataset{Key: []string{"a", "b"}}}, connectors.Upsert},
	} {
		f, ends := judged("", flows.SourceDataset{})
		f.Streams[0].Table, f.Streams[0].StateKey = "", ""
		c.ends.Dataset.Name, c.ends.Dataset.Dataset = "orders", connectors.Dataset{Schema: "public", Name: "orders"}
		ends.Streams[0] = c.ends
		got := flows.Propose(f, ends).Streams[0]
		table := "dbo.orders"
		if c.ends.Dataset.Pattern != "" {
			table = "dbo.{table}"
		}
		if got.WriteMode != c.want || got.Table != table || got.StateKey != "f/"+table {
			t.Errorf("%s: %s into %s as %s", name, got.WriteMode, got.Table, got.StateKey)
		}
		if f.Streams[0].Table != "" {
			t.Errorf("%s: the flow that was given is changed", name)
		}
	}
}

func TestProposeKeepsWhatWasChosen(t *testing.T) {
	f, ends := judged(connectors.Update, flows.SourceDataset{Key: []string{"id"}})
	f.Streams[0].Unique = []string{"id"}
	f.Streams = append(f.Streams, f.Streams[0])
	f.Streams[1].StateKey, f.Streams[1].Unique = "", []string{"email"}
	ends.Streams = append(ends.Streams, ends.Streams[0])
	got := flows.Propose(f, ends).Streams
	if got[0].WriteMode != connectors.Update || got[0].StateKey != "f/dbo.orders" || got[0].Unique != nil {
		t.Errorf("the first is %+v", got[0])
	}
	if !strings.HasSuffix(got[1].StateKey, "-2") || got[1].Unique[0] != "email" {
		t.Errorf("the second is %+v", got[1])
	}
}
