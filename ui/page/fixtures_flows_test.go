package page

import (
	"strconv"
	"time"

	"github.com/a-h/templ"

	"leat/ui/component"
)

func flowFixtures() map[string]templ.Component {
	form := flowFormFixture()
	form.Errors = map[string]string{"name": "Another flow is called orders.", "stream.0.unique": "Upsert needs unique columns."}
	return map[string]templ.Component{
		"flows":         FlowsPage(flowsFixture()),
		"flows-empty":   FlowsPage(Flows{Shell: shell("Flows", "flows"), CanEdit: true}),
		"flow-new":      FlowFormPage(flowFormFixture()),
		"flow-refused":  FlowFormPage(form),
		"flow-preview":  FlowPreviewPage(flowPreviewFixture()),
		"flow":          FlowPage(flowFixture()),
		"flow-runs":     FlowRunsPage(FlowRuns{Flow: headFixture(), RunStates: runStates(), Runs: runItems(), Pager: component.Pager{From: 1, To: 4, Total: 128, NextHref: "?page=2", Noun: "runs"}}),
		"flow-settings": FlowSettingsPage(FlowSettings{Flow: headFixture(), Facts: []component.Pair{{Label: "Created", Value: "3 Oct 2026"}}, YAML: "flows:\n  - name: orders\n    destination: dwh\n"}),
		"runs":          RunsPage(Runs{Shell: shell("Runs", "runs"), Runs: append([]RunItem{runningItem()}, runItems()...), States: runStates(), Flows: []component.Option{{Value: "f1", Label: "orders"}}, Pager: component.Pager{From: 1, To: 5, Total: 5, Noun: "runs"}}),
		"run-live":      RunPage(runLiveFixture()),
		"run-failed":    RunPage(runFailedFixture()),
	}
}

func runStates() []component.Option {
	return []component.Option{{Value: "succeeded", Label: "Succeeded"}, {Value: "failed", Label: "Failed"}}
}

func flowsFixture() Flows {
	v := Flows{Shell: shell("Flows", "flows"), CanEdit: true, CanOperate: true, States: []component.Option{{Value: "live", Label: "Live"}}, SortHref: map[string]string{"name": "?sort=-name", "success": "?sort=success", "next": "?sort=next", "rows": "?sort=rows"}, Sorted: "name", Direction: "ascending", Pager: component.Pager{From: 1, To: 5, Total: 5, Noun: "flows"}}
	for i, state := range []string{"live", "running", "broken", "reconnecting", "paused"} {
		f := FlowItem{ID: "f" + strconv.Itoa(i), Name: []string{"orders", "events", "invoices", "customers", "old-prices"}[i], State: state, Source: "shop-sales", Destination: "dwh.analytics", Bars: galleryRuns(), LastSuccess: now.Add(-time.Duration(i*i*7+5) * time.Minute), NextRun: now.Add(10 * time.Minute), Rows: 1_204_331}
		switch state {
		case "broken":
			f.Error, f.Freshness = "permission denied for table invoices", "stale"
		case "running":
			f.Active = true
		case "paused":
			f.NextRun, f.Bars = time.Time{}, nil
		}
		v.Items = append(v.Items, f)
	}
	return v
}

func headFixture() Flow {
	return Flow{Shell: shell("orders", "flows"), CanEdit: true, CanOperate: true, ID: "f1", Name: "orders", State: "live", RunCount: 128}
}

func flowFixture() FlowOverview {
	return FlowOverview{
		Flow: headFixture(), Bars: galleryRuns(), Schedule: "Every 15 minutes, Europe/Prague", NextRun: now.Add(10 * time.Minute), LastSuccess: now.Add(-5 * time.Minute),
		Destination: Ref{"dwh", "/destinations/d1"}, Recent: runItems(), Warnings: []string{"Column voucher is new in public.orders and is left out. To load it: ALTER TABLE analytics.orders ADD COLUMN voucher text;"},
		Streams: []FlowStream{{Source: Ref{"shop-sales", "/sources/s1"}, Dataset: "public.orders", Table: "analytics.orders", WriteMode: "upsert", Unique: "id", Reading: "incremental by updated_at", Position: "up to 2026-11-21 09:24:58", State: "succeeded", LastRows: 1204}},
	}
}

func flowFormFixture() FlowForm {
	return FlowForm{
		Shell: shell("New flow", "flows"), Name: "orders", DestinationID: "d1", Destinations: []component.Option{{Value: "d1", Label: "dwh (PostgreSQL)"}}, Sources: []component.Option{{Value: "s1", Label: "shop-sales (PostgreSQL)"}},
		Streams: []StreamForm{{
			SourceID: "s1", Dataset: "public.orders", Datasets: []component.Option{{Value: "public.orders", Label: "public.orders"}}, Table: "analytics.orders", TableNote: "New table.", Reading: "Incremental by updated_at.",
			Modes:  WriteModes(ModeTable{Key: "id", Value: "total", Selected: "upsert", Refused: map[string]string{"truncate_insert": "public.orders is read incrementally, so a read is not the whole table."}, Losses: map[string]string{"delete": "Removes rows of analytics.orders."}}),
			Unique: []component.Option{{Value: "id", Label: "id", Selected: true}, {Value: "customer_id", Label: "customer_id"}}, CreateIndexes: true, Replace: "auto", Drift: "report", Rejects: "0",
		}},
		Schedule: ScheduleForm{Preset: "0 2 * * *", TimeZone: "Europe/Prague", Zones: []string{"Europe/Prague", "UTC"}, Missed: "once", Overlap: "skip", Sentence: "Every day at 02:00, Europe/Prague", NextRuns: []string{"Sun 22 Nov 02:00 +01:00", "Mon 23 Nov 02:00 +01:00"}, Notes: []string{"On 28 Mar 2027 the clock skips 02:00 to 03:00; the run starts at 03:00."}},
		Consents: []component.Option{{Value: "append-all", Label: "Each run appends all 1 204 331 rows again", Help: "Insert with whole reads on a schedule doubles the table every time."}},
	}
}

func flowPreviewFixture() FlowPreview {
	data := galleryData()
	return FlowPreview{
		Shell: shell("Preview", "flows"), Name: "orders", Fields: []Posted{{"name", "orders"}, {"destination", "d1"}}, Schedule: "Every day at 02:00, Europe/Prague",
		Streams: []StreamPreview{{
			Dataset: "public.orders", Table: "analytics.orders", WriteMode: "upsert", Rows: 1_200_000, Statements: []string{"CREATE TABLE analytics.orders (\n  id bigint NOT NULL,\n  total numeric(12,2)\n)", "CREATE UNIQUE INDEX ON analytics.orders (id)"}, Data: &data,
			Columns: []ColumnPlan{{"id", "int8", "id", "int8", "new", ""}, {"total", "numeric(12,2)", "total", "numeric(12,2)", "new", ""}, {"note", "text", "", "", "removed", "not ticked in the source"}},
		}},
	}
}

func runLiveFixture() Run {
	return Run{
		Shell: shell("Run of orders", "runs"), CanOperate: true, ID: "01JD3K7QXYZ9", FlowID: "f1", FlowName: "orders", State: "running", Trigger: "Schedule", Live: true, Attempt: 2, Node: "leat-1", Started: now.Add(-100 * time.Second), ScheduledFor: now.Add(-101 * time.Second),
		Streams: []RunStream{
			{Table: "analytics.orders", Dataset: "shop-sales public.orders", WriteMode: "upsert", State: "running", Phase: "reading", Read: 1_200_000, Bytes: 148 << 20, RowsPerSecond: 21_300, Estimated: 3_400_000, LastRow: now.Add(-3 * time.Second)},
			{Table: "analytics.events", Dataset: "shop-sales public.events", WriteMode: "insert", State: "running", Phase: "applying", Read: 88_120, Bytes: 9 << 20, Estimated: -1, LastRow: now},
			{Table: "analytics.customers", Dataset: "shop-sales public.customers", WriteMode: "upsert", State: "succeeded", Phase: "done", Read: 5000, Written: 4210, Unchanged: 780, Duplicate: 10, Changed: 310, Bytes: 1 << 20, Took: 2400 * time.Millisecond, Recipe: "on conflict, by the primary key"},
			{Table: "analytics.refunds", Dataset: "shop-sales public.refunds", WriteMode: "upsert", State: "queued"},
		},
		Log: Log{Lines: galleryLog(now)[:3], LastID: "3", Streams: []component.Option{{Value: "analytics.orders", Label: "analytics.orders"}, {Value: "analytics.events", Label: "analytics.events"}}},
	}
}

func runFailedFixture() Run {
	return Run{
		Shell: shell("Run of invoices", "runs"), CanOperate: true, ID: "01JD3K7QXYZ2", FlowID: "f2", FlowName: "invoices", State: "failed", Trigger: "Anna Nováková", Attempt: 1, Started: now.Add(-70 * time.Minute), Ended: now.Add(-69 * time.Minute),
		Error: &ErrorBox{Title: "permission denied for table invoices", Where: "Source shop-sales, dataset public.invoices", Fix: "Someone with the right runs:", FixSQL: "GRANT SELECT ON public.invoices TO reader;", Raw: "ERROR: permission denied for table invoices (SQLSTATE 42501)", Mend: Ref{"Open authorizer shop", "/authorizers/a1"}},
		Streams: []RunStream{
			{Table: "analytics.invoices", WriteMode: "upsert", State: "failed", Phase: "reading", Took: 3 * time.Second},
			{Table: "analytics.vouchers", WriteMode: "insert", State: "partial", Phase: "done", Read: 1000, Written: 997, Rejected: 3, Took: 2 * time.Second, Bytes: 40_000, Warnings: []string{"Column color is new at the source and is left out."}, Rejects: []RejectItem{{"price", "number is too large for numeric(8,2)", 3}}},
		},
		Log: Log{Lines: galleryLog(now), Level: ""},
	}
}
