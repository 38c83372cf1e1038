package web_test

import (
	"net/http"
	"strings"
	"testing"

	"leat/accounts"
	"leat/connectors"
	"leat/flows"
)

// refusesForeignRows lets the destination hold rows of others, which a plan refuses to
// remove until the stream says so.
func refusesForeignRows(p *pages) {
	p.engine.plan = func(f flows.Flow) ([]flows.StreamPlan, error) {
		var plans []flows.StreamPlan
		for i, stream := range f.Streams {
			mode := stream.WriteMode
			if mode == "" {
				mode = connectors.TruncateInsert
			}
			table, err := flows.ParseTable(stream.Table, "dbo")
			if err != nil {
				return nil, err
			}
			described, err := p.engine.describe(connectors.Dataset{Name: "notes"})
			if err != nil {
				return nil, err
			}
			plan := flows.StreamPlan{Stream: i, Description: &described, WriteMode: mode, Dataset: stream.From[0].Dataset, Table: table, Checked: true}
			if mode == connectors.TruncateInsert && stream.Takeover != connectors.TakeoverYes {
				plan.Problem = &connectors.Error{Kind: connectors.Ownership, Message: "50,000 rows of dbo.notes are not this stream's own", Fix: "Say takeover: true."}
			}
			plans = append(plans, plan)
		}
		return plans, nil
	}
}

// withNotes is the world with a dataset that has no key.
func withNotes(p *pages) {
	w := p.world()
	w.source.Datasets = append(w.source.Datasets, flows.SourceDataset{Name: "public.notes", Dataset: connectors.Dataset{Schema: "public", Name: "notes"}})
	if err := p.store.SaveSource(p.t.Context(), w.source); err != nil {
		p.t.Fatal(err)
	}
}

func TestTakingOverATableIsConfirmed(t *testing.T) {
	p := newPages(t)
	withNotes(p)
	refusesForeignRows(p)
	v := p.as(accounts.Editor)
	form := sent(v.get("/flows/new").form(t, "flow-form"), "name", "mine", "stream.0.dataset", "public.notes", "stream.0.table", "dbo.notes",
		"stream.0.write_mode", "truncate_insert", "stream.0.unique", "", "action", "save")
	asked := v.post("/flows", form).want(t, http.StatusUnprocessableEntity)
	consent := asked.Find("[data-testid=consents]")
	if !strings.Contains(consent.Text(), "50,000 rows") || consent.Find("input[checked]").Length() != 0 {
		t.Fatalf("the form asks %q", consent.Text())
	}
	form.Set("consent", consent.Find("input").AttrOr("value", ""))
	v.post("/flows", sent(form, "stream.0.table", "dbo.others")).want(t, http.StatusUnprocessableEntity)
	v.post("/flows", form).want(t, http.StatusSeeOther)
	saved, err := p.store.FlowByName(t.Context(), "mine")
	if err != nil || saved.Streams[0].Takeover != connectors.TakeoverYes {
		t.Fatalf("saved %+v: %v", saved, err)
	}

	edit := v.get("/flows/"+saved.ID+"/edit").want(t, http.StatusOK).form(t, "flow-form")
	if edit.Get("consent") == "" {
		t.Fatal("the form of the saved flow does not show the takeover as agreed")
	}
	v.post("/flows/"+saved.ID, sent(edit, "action", "save")).want(t, http.StatusSeeOther)
	moved := v.post("/flows/"+saved.ID, sent(edit, "action", "save", "stream.0.table", "dbo.others")).want(t, http.StatusUnprocessableEntity)
	if !strings.Contains(moved.Find("[data-testid=consents]").Text(), "dbo.others") {
		t.Error("another table is taken over without a question")
	}
}

func TestNoTableOfOthersIsProposedToBeReplaced(t *testing.T) {
	p := newPages(t)
	withNotes(p)
	v := p.as(accounts.Editor)
	choose := func() string {
		form := sent(v.get("/flows/new").form(t, "flow-form"), "stream.0.dataset", "public.notes", "action", "refresh")
		return v.post("/flows", form).want(t, http.StatusOK).form(t, "flow-form").Get("stream.0.write_mode")
	}
	if mode := choose(); mode != "truncate_insert" {
		t.Errorf("an empty table gets %s", mode)
	}
	refusesForeignRows(p)
	if mode := choose(); mode != "insert" {
		t.Errorf("a table of others gets %s", mode)
	}
}

func TestEndsAreAskedOnceWhenAFlowIsSaved(t *testing.T) {
	p := newPages(t)
	p.world()
	v := p.as(accounts.Editor)
	form := sent(v.get("/flows/new").form(t, "flow-form"), "name", "once", "action", "save")
	p.engine.asks.Store(0)
	v.post("/flows", form).want(t, http.StatusSeeOther)
	if asks := p.engine.asks.Load(); asks != 1 {
		t.Errorf("saving asks the ends %d times", asks)
	}
	refusesForeignRows(p)
	p.engine.asks.Store(0)
	v.post("/flows", sent(form, "name", "refused", "stream.0.write_mode", "truncate_insert", "stream.0.unique", "")).want(t, http.StatusUnprocessableEntity)
	if asks := p.engine.asks.Load(); asks != 1 {
		t.Errorf("a refused save asks the ends %d times", asks)
	}
}
