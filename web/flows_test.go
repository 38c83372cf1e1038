package web_test

import (
	"bytes"
	"errors"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"leat/accounts"
	"leat/connectors"
	"leat/flows"
)

// form is the one form of a page with a test id.
func (a answer) form(t *testing.T, testid string) url.Values {
	t.Helper()
	return fields(t, a.Find("form[data-testid="+testid+"]"))
}

// sent is a copy of a form with changes.
func sent(form url.Values, changes ...string) url.Values {
	out := maps.Clone(form)
	for i := 0; i+1 < len(changes); i += 2 {
		out.Set(changes[i], changes[i+1])
	}
	return out
}

// TestFirstFlowWithoutScript goes through all forms, each opened by "Create new" of the
// one before, and comes back with everything typed.
func TestFirstFlowWithoutScript(t *testing.T) {
	p := newPages(t)
	v := p.as(accounts.Editor)
	flow := v.get("/flows/new").want(t, http.StatusOK).form(t, "flow-form")
	toDestination := v.follow(v.post("/flows", sent(flow, "name", "typed name", "schedule.preset", "0 2 * * *", "action", "new-destination")))
	destination := toDestination.form(t, "destination-form")
	kinds := v.follow(v.post("/destinations", sent(destination, "action", "new-authorizer")))
	authorizer := v.get(kinds.Find("[data-testid=connector]").AttrOr("href", "")).form(t, "authorizer-form")
	back := v.follow(v.post("/authorizers", sent(authorizer, "name", "dwh", "setting.host", "h", "setting.database", "d")))
	destination = back.form(t, "destination-form")
	if destination.Get("default_schema") != "dbo" || destination.Get("name") != "dwh" || destination.Get("authorizer") == "" {
		t.Fatalf("the destination is not prefilled: %v", destination)
	}
	back = v.follow(v.post("/destinations", destination))
	flow = back.form(t, "flow-form")
	if flow.Get("name") != "typed name" || flow.Get("schedule.preset") != "0 2 * * *" || flow.Get("destination") == "" {
		t.Fatalf("the flow lost what was typed: %v", flow)
	}
	source := v.follow(v.post("/flows", sent(flow, "action", "new-source"))).form(t, "source-form")
	if source.Get("authorizer") == "" || len(source["listed"]) != 2 {
		t.Fatalf("the only authorizer is not chosen: %v", source)
	}
	source["datasets"] = []string{"public.orders", "public.notes"}
	back = v.follow(v.post("/sources", source))
	flow = back.form(t, "flow-form")
	want := url.Values{
		"stream.0.dataset": {"public.orders"}, "stream.0.table": {"dbo.orders"}, "stream.0.write_mode": {"upsert"}, "stream.0.unique": {"id"},
		"stream.1.dataset": {"public.notes"}, "stream.1.table": {"dbo.notes"}, "stream.1.write_mode": {"truncate_insert"},
	}
	for name, values := range want {
		if !slices.Equal(flow[name], values) {
			t.Errorf("%s is %v, want %v", name, flow[name], values)
		}
	}
	preview := v.post("/flows", sent(flow, "action", "preview")).want(t, http.StatusOK)
	if preview.Find("[data-testid=stream-preview]").Length() != 2 || preview.Find("script:not([src])").Length() != 0 {
		t.Error("the preview lacks a stream, or runs what a row holds")
	}
	saved := v.post("/flows", sent(preview.form(t, "flow-preview"), "action", "save")).want(t, http.StatusSeeOther)
	v.get(saved.location).want(t, http.StatusOK)
	made, err := p.store.FlowByName(t.Context(), "typed name")
	if err != nil || len(made.Streams) != 2 || made.Schedule.Cron != "0 2 * * *" || made.Streams[0].Unique != nil {
		t.Fatalf("the flow is %+v: %v", made, err)
	}
	if made.Streams[0].StateKey != "typed name/dbo.orders" {
		t.Errorf("the state key is %q", made.Streams[0].StateKey)
	}
}

func TestFlowFormKeepsAndMarks(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	form := v.get("/flows/new").form(t, "flow-form")
	got := v.post("/flows", sent(form, "name", "a/b", "stream.0.table", "x.y.z", "schedule.preset", "custom", "schedule.cron", "* * *", "stream.0.rejects", "many"))
	got.want(t, http.StatusUnprocessableEntity)
	for _, field := range []string{"name", "stream.0.table", "schedule.cron", "stream.0.rejects"} {
		if got.Find(`[data-field="`+field+`"] .field-error`).Length() != 1 {
			t.Errorf("%s is not marked", field)
		}
	}
	kept := got.form(t, "flow-form")
	if kept.Get("name") != "a/b" || kept.Get("stream.0.table") != "x.y.z" || kept.Get("schedule.cron") != "* * *" {
		t.Errorf("what was typed is lost: %v", kept)
	}
	if got.Find("[data-testid=error-summary] a").Length() < 4 {
		t.Error("the summary does not lead to the fields")
	}
	taken := v.post("/flows", sent(form, "name", "orders", "stream.0.table", "dbo.other", "action", "save")).want(t, http.StatusUnprocessableEntity)
	if taken.Find(`[data-field="name"] .field-error`).Length() != 1 {
		t.Error("a second flow took the same name")
	}
}

func TestMissingSchemaIsRefusedWithItsSentence(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	fix := "CREATE SCHEMA lost; GRANT USAGE, CREATE ON SCHEMA lost TO reader"
	problem := &connectors.Error{Kind: connectors.NotFound, Message: `the schema "lost" does not exist`, Fix: fix}
	p.engine.plan = func(flows.Flow) ([]flows.StreamPlan, error) {
		return []flows.StreamPlan{{Table: connectors.Table{Schema: "lost", Name: "orders"}, Checked: true, Problem: problem}}, nil
	}
	form := sent(v.get("/flows/new").form(t, "flow-form"), "name", "new", "stream.0.table", "lost.orders", "action", "save")
	got := v.post("/flows", form).want(t, http.StatusUnprocessableEntity)
	if text := got.Find(`[data-field="stream.0.table"] .field-error`).Text(); !strings.Contains(text, fix) {
		t.Errorf("the field says %q", text)
	}
	p.engine.plan = func(flows.Flow) ([]flows.StreamPlan, error) {
		return []flows.StreamPlan{{Table: connectors.Table{Schema: "lost", Name: "orders"}, Problem: &connectors.Error{Kind: connectors.Unreachable, Message: "nobody answers"}}}, nil
	}
	saved := v.follow(v.post("/flows", form).want(t, http.StatusSeeOther))
	if text := saved.Find("[data-testid=flash]").Text(); !strings.Contains(text, "unchecked") || !strings.Contains(text, "obody answers") {
		t.Errorf("the page says %q", text)
	}
	destination := sent(v.get("/destinations/new").form(t, "destination-form"), "name", "lost", "default_schema", "My Lost")
	refused := v.post("/destinations", destination).want(t, http.StatusUnprocessableEntity)
	if text := refused.Find("#schema-state").Text(); !strings.Contains(text, `CREATE SCHEMA "My Lost"`) || !strings.Contains(text, "public") {
		t.Errorf("the form says %q", text)
	}
	p.engine.err = errors.New("nobody answers")
	v.post("/destinations", destination).want(t, http.StatusSeeOther)
}

func TestAppendingEverythingNeedsConsent(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	form := sent(v.get("/flows/new").form(t, "flow-form"), "name", "again", "stream.0.table", "dbo.again", "stream.0.write_mode", "insert", "action", "save")
	form.Set("schedule.preset", "0 * * * *")
	got := v.post("/flows", form).want(t, http.StatusUnprocessableEntity)
	consent := got.Find("[data-testid=consents]")
	if !strings.Contains(consent.Text(), "appends all ~1.2 k rows again") {
		t.Fatalf("the form asks %q", consent.Text())
	}
	form.Set("consent", consent.Find("input").AttrOr("value", ""))
	v.post("/flows", form).want(t, http.StatusSeeOther)
	v.post("/flows", sent(form, "name", "by hand", "schedule.preset", "manual", "consent", "")).want(t, http.StatusSeeOther)
}

func TestSourceFormChoosesDatasets(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	form := v.get("/sources/new").want(t, http.StatusOK).form(t, "source-form")
	form.Set("name", "picked")
	form["datasets"] = []string{"public.orders"}
	chosen := v.post("/sources", sent(form, "action", "refresh")).want(t, http.StatusOK).form(t, "source-form")
	if !slices.Equal(chosen["ds.0.columns"], []string{"id", "note", "updated_at"}) || !slices.Equal(chosen["ds.0.key"], []string{"id"}) {
		t.Fatalf("the columns are %v, the key %v", chosen["ds.0.columns"], chosen["ds.0.key"])
	}
	preview := v.post("/sources", sent(chosen, "action", "preview-0")).want(t, http.StatusOK)
	table := preview.Find("[data-testid=preview]")
	if table.Find("tbody tr").Length() != 2 || table.Find(".null").Length() != 1 || preview.Find("script:not([src])").Length() != 0 {
		t.Error("the preview is not shown as text")
	}
	chosen["ds.0.columns"] = []string{"id", "updated_at"}
	chosen.Set("ds.0.cursor", "updated_at")
	chosen.Set("ds.0.overlap", "1d")
	chosen["datasets"] = []string{"public.orders", "public.notes"}
	v.post("/sources", sent(chosen, "action", "save")).want(t, http.StatusSeeOther)
	saved, err := p.store.SourceByName(t.Context(), "picked")
	if err != nil || len(saved.Datasets) != 2 {
		t.Fatalf("saved %+v: %v", saved, err)
	}
	orders := saved.Datasets[0]
	if !slices.Equal(orders.Columns, []string{"id", "updated_at"}) || orders.Key != nil || orders.Cursor != "updated_at" || orders.Overlap != "1d" {
		t.Errorf("orders is saved as %+v", orders)
	}
	if notes := saved.Datasets[1]; notes.Columns != nil || notes.Dataset.Schema != "public" || notes.Dataset.Name != "notes" {
		t.Errorf("notes is saved as %+v", notes)
	}
}

func TestSourceSurvivesAnEditWhileItsSystemIsAway(t *testing.T) {
	p := newPages(t)
	w := p.world()
	w.source.Datasets = []flows.SourceDataset{
		{Name: "public.orders", Dataset: connectors.Dataset{Schema: "public", Name: "orders"}, Columns: []string{"id", "note"}, Key: []string{"note"}, Cursor: "id", Nulls: connectors.NullsFail},
		{Name: "big", Dataset: connectors.Dataset{Query: "SELECT 1 AS one"}},
		{Name: "public.*", Pattern: "public.*", Exclude: []string{"public.x_*"}},
	}
	if err := p.store.SaveSource(t.Context(), w.source); err != nil {
		t.Fatal(err)
	}
	owner := p.as(accounts.Owner)
	for _, away := range []error{nil, &connectors.Error{Kind: connectors.Unreachable, Message: "nobody answers"}} {
		p.engine.err = away
		form := owner.get("/sources/s1").want(t, http.StatusOK).form(t, "source-form")
		owner.post("/sources/s1", sent(form, "action", "save")).want(t, http.StatusSeeOther)
		saved, err := p.store.Source(t.Context(), "s1")
		if err != nil || len(saved.Datasets) != 3 {
			t.Fatalf("saved %+v: %v", saved.Datasets, err)
		}
		orders, pattern := saved.Datasets[0], saved.Datasets[2]
		if !slices.Equal(orders.Columns, []string{"id", "note"}) || !slices.Equal(orders.Key, []string{"note"}) || orders.Cursor != "id" || orders.Nulls != connectors.NullsFail {
			t.Errorf("with %v, orders is saved as %+v", away, orders)
		}
		if saved.Datasets[1].Dataset.Query != "SELECT 1 AS one" || !slices.Equal(pattern.Exclude, []string{"public.x_*"}) {
			t.Errorf("with %v, the rest is saved as %+v", away, saved.Datasets[1:])
		}
	}
}

func TestFlowSurvivesAnEditUnchanged(t *testing.T) {
	p := newPages(t)
	w := p.world()
	rejects, no := int64(5), false
	w.flow.Streams[0].Rejects, w.flow.Streams[0].CreateIndexes, w.flow.Streams[0].MinRowsRatio = &rejects, &no, 0.5
	w.flow.Streams[0].UniqueHints, w.flow.Streams[0].Parts, w.flow.Streams[0].Writers = [][]string{{"note"}}, 4, 3
	w.flow.Streams[0].Unique, w.flow.Streams[0].Drift, w.flow.Streams[0].LoadedAt = []string{"note"}, connectors.DriftAdd, true
	w.flow.Schedule = flows.Schedule{Cron: "7 3 * * 2", TimeZone: "Europe/Prague", Missed: "skip", Overlap: "queue"}
	w.flow.Options = flows.FlowOptions{AtomicFlow: true, Parallelism: 3, LockTimeout: "30s"}
	if err := p.store.SaveFlow(t.Context(), w.flow); err != nil {
		t.Fatal(err)
	}
	v := p.as(accounts.Editor)
	page := v.get("/flows/f1/edit").want(t, http.StatusOK)
	if page.Find("[data-testid=schedule-next]").Length() != 1 || !strings.Contains(page.Find("[data-testid=schedule-next]").Text(), "Next:") {
		t.Error("the next runs are not shown")
	}
	v.post("/flows/f1", sent(page.form(t, "flow-form"), "action", "save")).want(t, http.StatusSeeOther)
	before := w.flow
	after, err := p.store.Flow(t.Context(), "f1")
	if err != nil {
		t.Fatal(err)
	}
	if differ := diff(before.Streams, after.Streams) + diff(before.Schedule, after.Schedule) + diff(before.Options, after.Options); differ != "" {
		t.Errorf("an edit without a change changed (-before +after):\n%s", differ)
	}
}

func TestRunNowTwiceIsOneRun(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Operator)
	first := v.post("/flows/f1/run", url.Values{}).want(t, http.StatusSeeOther)
	second := v.post("/flows/f1/run", url.Values{}).want(t, http.StatusSeeOther)
	if first.location != second.location || !strings.HasPrefix(first.location, "/runs/") {
		t.Errorf("two presses lead to %q and %q", first.location, second.location)
	}
	conflict := v.post("/flows/f1/run", url.Values{"full_refresh": {"true"}}).want(t, http.StatusConflict)
	if conflict.Find(`main a[href="`+first.location+`"]`).Length() != 1 {
		t.Error("the conflict does not lead to the run")
	}
	editor := p.as(accounts.Editor)
	refused := editor.post("/flows/f1/delete", url.Values{"choice": {"keep"}}).want(t, http.StatusConflict)
	if refused.Find(`main a[href="`+first.location+`"]`).Length() != 1 {
		t.Error("the refusal does not lead to the run")
	}
	v.post(first.location+"/cancel", url.Values{}).want(t, http.StatusSeeOther)
	run, err := p.store.Run(t.Context(), strings.TrimPrefix(first.location, "/runs/"))
	if err != nil || run.Status != flows.RunCancelled {
		t.Fatalf("the queued run is %s: %v", run.Status, err)
	}
	editor.post("/flows/f1/delete", url.Values{"choice": {"forget"}}).want(t, http.StatusSeeOther)
	if !slices.Equal(p.engine.dropped, []string{"orders"}) {
		t.Errorf("dropped the state of %v", p.engine.dropped)
	}
}

func TestPauseAndResume(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Operator)
	v.post("/flows/f1/pause", url.Values{}).want(t, http.StatusSeeOther)
	if text := v.get("/flows").Find("[data-testid=flow]").Text(); !strings.Contains(text, "Paused") {
		t.Errorf("the list says %q", text)
	}
	v.post("/flows/f1/resume", url.Values{}).want(t, http.StatusSeeOther)
	f, err := p.store.Flow(t.Context(), "f1")
	if err != nil || f.Paused {
		t.Errorf("the flow is still paused: %v", err)
	}
}

func TestSentFileIsChosenWithItsOptions(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	form := sent(v.get("/sources/new").form(t, "source-form"), "name", "files", "pattern", "public.*", "action", "upload")
	var body bytes.Buffer
	writer := multipart.NewWriter(&body)
	for name, values := range form {
		for _, value := range values {
			if err := writer.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	file, err := writer.CreateFormFile("upload", "people.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("id,name\n1,Anna\n")); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.base+"/sources", &body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", writer.FormDataContentType())
	response, err := v.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	document, err := goquery.NewDocumentFromReader(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.uploads["uploads/x-people.csv"]; got != "id,name\n1,Anna\n" {
		t.Fatalf("the file holds %q", got)
	}
	if !strings.Contains(document.Text(), "2 of 2 match") {
		t.Error("the pattern does not say what it selects")
	}
	chosen := fields(t, document.Find("form[data-testid=source-form]"))
	if chosen.Get("ds.0.name") != "people" || chosen.Get("ds.0.option.header") != "true" || chosen.Get("ds.0.type.id") != "int64" {
		t.Fatalf("the file is not described: %v", chosen)
	}
	chosen.Del("ds.0.option.header") // a box without a tick is not sent
	v.post("/sources", sent(chosen, "ds.0.option.delimiter", ";", "ds.0.type.id", "text", "action", "save")).want(t, http.StatusSeeOther)
	saved, err := p.store.SourceByName(t.Context(), "files")
	if err != nil || len(saved.Datasets) != 2 {
		t.Fatalf("saved %+v: %v", saved, err)
	}
	got := saved.Datasets[0].Dataset
	if got.Name != "uploads/x-people.csv" || got.Options["header"] != "false" || got.Options["delimiter"] != ";" || !maps.Equal(got.Types, map[string]string{"id": "text"}) {
		t.Errorf("the file is saved as %+v", got)
	}
}

// TestNothingIsPromisedWithoutAScheduler looks at a scheduled flow where nobody starts
// runs that are due.
func TestNothingIsPromisedWithoutAScheduler(t *testing.T) {
	p := newPages(t)
	w := p.world()
	w.flow.Schedule = flows.Schedule{Cron: "0 2 * * *", TimeZone: "UTC"}
	if err := p.store.SaveFlow(t.Context(), w.flow); err != nil {
		t.Fatal(err)
	}
	v := p.as(accounts.Editor)
	next := func() string { return v.get("/flows/f1").Find("dt:contains('Next run') + dd").Text() }
	if said := next(); !strings.Contains(said, "02:00:00") {
		t.Errorf("with a scheduler the next run is %q", said)
	}
	p.server.Schedules = false
	if said := next(); strings.Contains(said, "02:00") || !strings.Contains(said, "starts no runs by itself") {
		t.Errorf("without a scheduler the next run is %q", said)
	}
	if said := v.get("/flows").Find("[data-testid=flow] [data-label='Next run']").Text(); !strings.Contains(said, "manual") {
		t.Errorf("the list says %q", said)
	}
	if said := v.get("/flows/f1/edit").Find("[data-testid=schedule-next]").Text(); strings.Contains(said, "Next:") || !strings.Contains(said, "starts no runs by itself") {
		t.Errorf("the form says %q", said)
	}
}
