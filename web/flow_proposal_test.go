package web_test

import (
	"net/http"
	"slices"
	"testing"

	"leat/accounts"
	"leat/connectors"
	"leat/flows"
)

// TestAnotherDatasetGetsItsOwnProposal changes the dataset of a new stream. orders has a
// key, notes has none.
func TestAnotherDatasetGetsItsOwnProposal(t *testing.T) {
	p := newPages(t)
	w := p.world()
	w.source.Datasets = append(w.source.Datasets, flows.SourceDataset{Name: "public.notes", Dataset: connectors.Dataset{Schema: "public", Name: "notes"}})
	if err := p.store.SaveSource(t.Context(), w.source); err != nil {
		t.Fatal(err)
	}
	v := p.as(accounts.Editor)
	fresh := v.get("/flows/new").want(t, http.StatusOK).form(t, "flow-form")
	stored := v.get("/flows/f1/edit").want(t, http.StatusOK).form(t, "flow-form")
	cases := map[string]struct {
		path         string
		changes      []string
		mode, unique string
	}{
		"nobody chose":          {"/flows", nil, "truncate_insert", ""},
		"a mode was chosen":     {"/flows", []string{"stream.0.write_mode", "insert_ignore"}, "insert_ignore", ""},
		"columns were chosen":   {"/flows", []string{"stream.0.unique", "note"}, "truncate_insert", "note"},
		"the stream was stored": {"/flows/f1", nil, "upsert", "id"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			form := fresh
			if c.path != "/flows" {
				form = stored
			}
			if form.Get("stream.0.write_mode") != "upsert" || form.Get("stream.0.unique") != "id" {
				t.Fatalf("the form begins with %v", form)
			}
			changed := sent(sent(form, c.changes...), "stream.0.dataset", "public.notes", "action", "refresh")
			got := v.post(c.path, changed).want(t, http.StatusOK).form(t, "flow-form")
			if got.Get("stream.0.write_mode") != c.mode || got.Get("stream.0.unique") != c.unique {
				t.Errorf("notes gets %q by %q, want %q by %q", got.Get("stream.0.write_mode"), got.Get("stream.0.unique"), c.mode, c.unique)
			}
		})
	}
	back := v.post("/flows", sent(fresh, "stream.0.dataset", "public.notes", "action", "refresh")).want(t, http.StatusOK).form(t, "flow-form")
	again := v.post("/flows", sent(back, "stream.0.dataset", "public.orders", "action", "refresh")).want(t, http.StatusOK).form(t, "flow-form")
	if again.Get("stream.0.write_mode") != "upsert" || !slices.Equal(again["stream.0.unique"], []string{"id"}) {
		t.Errorf("orders gets %q by %v", again.Get("stream.0.write_mode"), again["stream.0.unique"])
	}
}
