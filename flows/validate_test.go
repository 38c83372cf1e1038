package flows_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"leat/connectors"
	"leat/flows"
)

// mustProblem wants exactly one problem, in that field; none when field is empty.
func mustProblem(t *testing.T, err error, field string) {
	t.Helper()
	if field == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	problems, ok := errors.AsType[connectors.Problems](err)
	if !ok || len(problems) != 1 || problems[field] == "" || !strings.Contains(problems[field], ":") {
		t.Errorf("problems %v, want one in %s with its fix", err, field)
	}
}

var able = connectors.Capabilities{
	Reads: true, Loads: true, Queries: true, Cursors: true, WriteModes: connectors.WriteModes(), Recipes: []connectors.Replace{connectors.ReplaceMerge, connectors.ReplaceDeleteInsert}, RawLayout: true, Writers: 8,
	Atomicity: connectors.AtomicFlow, MaxIdentifier: 63,
	DatasetOptions: []connectors.Field{{Name: "skip", Type: connectors.FieldNumber, Min: 0, Max: 10}},
}

func TestSourceProblems(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*flows.Source, *flows.SourceDataset, *connectors.Capabilities)
		field  string
	}{
		"good":            {func(*flows.Source, *flows.SourceDataset, *connectors.Capabilities) {}, ""},
		"name":            {func(s *flows.Source, _ *flows.SourceDataset, _ *connectors.Capabilities) { s.Name = "a/b" }, "name"},
		"authorizer":      {func(s *flows.Source, _ *flows.SourceDataset, _ *connectors.Capabilities) { s.AuthorizerID = "" }, "authorizer"},
		"not read":        {func(_ *flows.Source, _ *flows.SourceDataset, c *connectors.Capabilities) { c.Reads = false }, "authorizer"},
		"no dataset name": {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) { d.Name = "" }, "datasets[0].name"},
		"two forms": {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) {
			d.Dataset.Query = "SELECT 1"
		}, "datasets[0].dataset"},
		"query refused": {func(_ *flows.Source, d *flows.SourceDataset, c *connectors.Capabilities) {
			d.Dataset, c.Queries = connectors.Dataset{Query: "SELECT 1"}, false
		}, "datasets[0].query"},
		"key not read": {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) { d.Columns = []string{"at"} }, "datasets[0].key"},
		"column twice": {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) {
			d.Columns = []string{"id", "at", "id"}
		}, "datasets[0].columns"},
		"cursor not read": {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) { d.Columns = []string{"id"} }, "datasets[0].cursor"},
		"cursor refused":  {func(_ *flows.Source, _ *flows.SourceDataset, c *connectors.Capabilities) { c.Cursors = false }, "datasets[0].cursor"},
		"overlap alone":   {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) { d.Cursor = "" }, "datasets[0].cursor"},
		"overlap":         {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) { d.Overlap = "-5m" }, "datasets[0].overlap"},
		"overlap number":  {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) { d.Overlap = "100" }, ""},
		"overlap in days": {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) { d.Overlap = "1d" }, ""},
		"overlap of xmin": {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) {
			d.Cursor, d.Overlap = connectors.CursorXmin, "5m"
		}, "datasets[0].overlap"},
		"nulls": {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) { d.Nulls = "x" }, "datasets[0].nulls"},
		"option": {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) {
			d.Dataset.Options = map[string]string{"skip": "11"}
		}, "datasets[0].options.skip"},
		"unknown option": {func(_ *flows.Source, d *flows.SourceDataset, _ *connectors.Capabilities) {
			d.Dataset.Options = map[string]string{"jump": "1"}
		}, "datasets[0].options.jump"},
	} {
		t.Run(name, func(t *testing.T) {
			can, dataset := able, flows.SourceDataset{
				Name: "public.orders", Dataset: connectors.Dataset{Schema: "public", Name: "orders"},
				Key: []string{"id"}, Cursor: "at", Overlap: "5m", Nulls: connectors.NullsFail,
			}
			source := flows.Source{Name: "shop", AuthorizerID: "a"}
			test.change(&source, &dataset, &can)
			source.Datasets = []flows.SourceDataset{dataset}
			mustProblem(t, source.Validate(can), test.field)
		})
	}
	one := flows.SourceDataset{Name: "a", Pattern: "public.*", Exclude: []string{"public.x"}}
	mustProblem(t, flows.Source{Name: "shop", AuthorizerID: "a"}.Validate(able), "datasets")
	mustProblem(t, flows.Source{Name: "shop", AuthorizerID: "a", Datasets: []flows.SourceDataset{one, one}}.Validate(able), "datasets[1].name")
}

func TestDestinationProblems(t *testing.T) {
	good := flows.Destination{Name: "dwh", AuthorizerID: "a", DefaultSchema: "My Schema"}
	mustProblem(t, good.Validate(able), "")
	mustProblem(t, good.Validate(connectors.Capabilities{}), "authorizer")
	good.DefaultSchema = strings.Repeat("x", 64)
	mustProblem(t, good.Validate(able), "default_schema")
	good.DefaultSchema, good.Name = "", strings.Repeat("é", 32)
	mustProblem(t, good.Validate(able), "name")
}

func TestFlowProblems(t *testing.T) {
	bad := int64(-2)
	for name, test := range map[string]struct {
		change func(*flows.Flow, *flows.Stream)
		field  string
	}{
		"good":         {func(*flows.Flow, *flows.Stream) {}, ""},
		"name":         {func(f *flows.Flow, _ *flows.Stream) { f.Name = "a\u202eb" }, "name"},
		"destination":  {func(f *flows.Flow, _ *flows.Stream) { f.DestinationID = "" }, "destination"},
		"schedule":     {func(f *flows.Flow, _ *flows.Stream) { f.Schedule.Cron = "0 0 31 2 *" }, "schedule.cron"},
		"parallelism":  {func(f *flows.Flow, _ *flows.Stream) { f.Options.Parallelism = -1 }, "parallelism"},
		"timeout":      {func(f *flows.Flow, _ *flows.Stream) { f.Options.LockTimeout = "30" }, "lock_timeout"},
		"no input":     {func(_ *flows.Flow, s *flows.Stream) { s.From = nil }, "streams[0].from"},
		"two nameless": {func(_ *flows.Flow, s *flows.Stream) { s.From = append(s.From, s.From[0]) }, "streams[0].from"},
		"table":        {func(_ *flows.Flow, s *flows.Stream) { s.Table = "a.b.c" }, "streams[0].table"},
		"schema":       {func(_ *flows.Flow, s *flows.Stream) { s.Table = strings.Repeat("x", 64) + ".a" }, "streams[0].table"},
		"long table":   {func(_ *flows.Flow, s *flows.Stream) { s.Table = "a." + strings.Repeat("x", 64) }, ""},
		"pattern":      {func(_ *flows.Flow, s *flows.Stream) { s.Table = "analytics.{table}" }, ""},
		"mode":         {func(_ *flows.Flow, s *flows.Stream) { s.WriteMode = "append" }, "streams[0].write_mode"},
		"not offered":  {func(_ *flows.Flow, s *flows.Stream) { s.WriteMode = connectors.History }, "streams[0].write_mode"},
		"unique":       {func(_ *flows.Flow, s *flows.Stream) { s.Unique = []string{"id", "id"} }, "streams[0].unique_columns"},
		"hint":         {func(_ *flows.Flow, s *flows.Stream) { s.UniqueHints = [][]string{{"email"}, {""}} }, "streams[0].unique"},
		"state key":    {func(_ *flows.Flow, s *flows.Stream) { s.StateKey = "" }, "streams[0].state_key"},
		"rejects":      {func(_ *flows.Flow, s *flows.Stream) { s.Rejects = &bad }, "streams[0].rejects"},
		"ratio":        {func(_ *flows.Flow, s *flows.Stream) { s.MinRowsRatio = 1.5 }, "streams[0].min_rows_ratio"},
		"ratio NaN":    {func(_ *flows.Flow, s *flows.Stream) { s.MinRowsRatio = math.NaN() }, "streams[0].min_rows_ratio"},
		"ratio off":    {func(_ *flows.Flow, s *flows.Stream) { s.MinRowsRatio = -1 }, ""},
		"parts":        {func(_ *flows.Flow, s *flows.Stream) { s.Parts = 1000 }, "streams[0].parts"},
		"writers":      {func(_ *flows.Flow, s *flows.Stream) { s.Writers = 9 }, "streams[0].writers"},
		"all writers":  {func(_ *flows.Flow, s *flows.Stream) { s.Writers = 8 }, ""},
		"drift":        {func(_ *flows.Flow, s *flows.Stream) { s.Drift = "x" }, "streams[0].drift"},
		"replace":      {func(_ *flows.Flow, s *flows.Stream) { s.Replace = "x" }, "streams[0].replace"},
		"replace not offered": {func(_ *flows.Flow, s *flows.Stream) {
			s.WriteMode, s.Replace = connectors.TruncateInsert, connectors.ReplaceSwap
		}, "streams[0].replace"},
		"duplicates insert": {func(_ *flows.Flow, s *flows.Stream) {
			s.WriteMode, s.Duplicates = connectors.Insert, connectors.DuplicatesWarn
		}, "streams[0].duplicates"},
		"replace upsert": {func(_ *flows.Flow, s *flows.Stream) { s.Replace = connectors.ReplaceSwap }, "streams[0].replace"},
		"layout":         {func(_ *flows.Flow, s *flows.Stream) { s.Layout = "x" }, "streams[0].layout"},
		"raw upsert":     {func(_ *flows.Flow, s *flows.Stream) { s.Layout = connectors.LayoutRaw }, "streams[0].layout"},
		"raw insert": {func(_ *flows.Flow, s *flows.Stream) {
			s.Layout, s.WriteMode = connectors.LayoutRaw, connectors.Insert
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			stream := flows.Stream{
				From: []flows.StreamInput{{SourceID: "s", Dataset: "public.orders"}}, Table: "analytics.orders",
				WriteMode: connectors.Upsert, StateKey: "orders/analytics.orders",
			}
			flow := flows.Flow{Name: "orders", DestinationID: "d", Schedule: flows.Schedule{Cron: "0 6 * * *"}}
			flow.Options.AtomicFlow = true
			test.change(&flow, &stream)
			flow.Streams = []flows.Stream{stream}
			can := able
			can.WriteModes = connectors.WriteModes()[:6]
			mustProblem(t, flow.Validate(can), test.field)
			can.Atomicity = connectors.AtomicTable
			if test.field == "" {
				mustProblem(t, flow.Validate(can), "atomic")
			}
		})
	}
	stream := flows.Stream{
		From: []flows.StreamInput{{SourceID: "s", Dataset: "d"}}, Table: "orders", WriteMode: connectors.Insert, StateKey: "a",
	}
	twin, other := stream, stream
	twin.StateKey, other.Table = "b", "other"
	mustProblem(t, flows.Flow{Name: "f", DestinationID: "d", Streams: []flows.Stream{stream, twin}}.Validate(able), "streams[1].table")
	upper, folding := other, able
	upper.Table, upper.StateKey, folding.FoldsCase = "Orders", "c", true
	mustProblem(t, flows.Flow{Name: "f", DestinationID: "d", Streams: []flows.Stream{stream, upper}}.Validate(able), "")
	mustProblem(t, flows.Flow{Name: "f", DestinationID: "d", Streams: []flows.Stream{stream, upper}}.Validate(folding), "streams[1].table")
	mustProblem(t, flows.Flow{Name: "f", DestinationID: "d", Streams: []flows.Stream{stream, other}}.Validate(able), "streams[1].state_key")
	mustProblem(t, flows.Flow{Name: "f", DestinationID: "d"}.Validate(able), "streams")
}
