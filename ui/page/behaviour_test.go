package page

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"leat/ui/component"
)

func names(s *goquery.Selection) string {
	var out []string
	s.Each(func(_ int, e *goquery.Selection) { out = append(out, e.AttrOr("value", "")) })
	return strings.Join(out, " ")
}

func TestFormsPostTheDocumentedActions(t *testing.T) {
	pages := fixtures()
	for page, want := range map[string]struct{ form, action, buttons string }{
		"authorizer-new":    {"authorizer-form", "/authorizers", "save fill save test"},
		"authorizer-failed": {"authorizer-form", "/authorizers/a1", "save fill save test"},
		"source-edit":       {"source-form", "/sources/s1", "save new-authorizer refresh refresh add-query preview-0 remove-0 preview-1 remove-1 save"},
		"destination":       {"destination-form", "/destinations", "save new-authorizer refresh save"},
		"flow-new":          {"flow-form", "/flows", "preview new-destination new-source refresh add-stream preview save"},
		"flow-preview":      {"flow-preview", "/flows", "save save edit"},
	} {
		form := parse(t, renderPage(t, pages[page])).Find("form[data-testid='" + want.form + "']")
		if form.AttrOr("action", "") != want.action || form.AttrOr("method", "") != "post" {
			t.Errorf("%s posts to %q, want %q", page, form.AttrOr("action", ""), want.action)
		}
		if got := names(form.Find("button[name=action]")); got != want.buttons {
			t.Errorf("%s has the actions %q, want %q", page, got, want.buttons)
		}
	}
}

func TestPreviewCarriesThePostedFields(t *testing.T) {
	doc := parse(t, renderPage(t, fixtures()["flow-preview"]))
	if doc.Find("input[type=hidden][name=destination]").AttrOr("value", "") != "d1" {
		t.Error("the preview loses what was typed")
	}
}

func TestReadersSeeALockedForm(t *testing.T) {
	v := authorizerFixture("a1")
	v.ReadOnly = true
	doc := parse(t, renderPage(t, AuthorizerPage(v)))
	if doc.Find("form fieldset.lock[disabled]").Length() != 1 || doc.Find("a[href='/authorizers/a1/delete']").Length() != 0 {
		t.Error("a person who may only look can change the authorizer")
	}
}

func TestRefusedDeletionNamesTheUsersAndCannotBeSent(t *testing.T) {
	doc := parse(t, renderPage(t, fixtures()["confirm-inuse"]))
	if doc.Find("main a[href='/sources/s1']").Text() != "source shop-sales" {
		t.Error("the user in the way is not named")
	}
	if doc.Find("main form").Length() != 0 {
		t.Error("a refused deletion still has a form")
	}
}

func TestConfirmationAsksForTheStateAndTheName(t *testing.T) {
	form := parse(t, renderPage(t, fixtures()["confirm"])).Find("form[data-testid=confirm]")
	if got := names(form.Find("input[name=choice]")); got != "keep forget" {
		t.Errorf("choices are %q", got)
	}
	if form.Find("input[name=confirm][required]").Length() != 1 {
		t.Error("the name need not be typed")
	}
}

func TestWriteModesUseTheUsersColumnsAndExplainRefusals(t *testing.T) {
	cards := WriteModes(ModeTable{Key: "order_no", Value: "price", Only: []string{"insert", "upsert"}, Refused: map[string]string{"insert": "because"}})
	if len(cards) != 2 || cards[0].After.Columns[0] != "order_no" || cards[0].After.Columns[1] != "price" {
		t.Fatalf("cards are %+v", cards)
	}
	doc := parse(t, renderPage(t, component.Choices("m", "Mode", cards, "")))
	if doc.Find("input[value=insert][disabled]").Length() != 1 || !strings.Contains(doc.Text(), "because") {
		t.Error("a refused mode can be chosen or does not say why")
	}
	if len(WriteModes(ModeTable{})) != 8 {
		t.Error("not all eight write modes are shown")
	}
}

func TestManyStreamsStayWithinThePageBudget(t *testing.T) {
	v := flowFormFixture()
	for len(v.Streams) < 10 {
		v.Streams = append(v.Streams, v.Streams[0])
	}
	html := renderPage(t, FlowFormPage(v))
	if len(html) > 100_000 {
		t.Errorf("a form of 10 streams has %d bytes, the budget is 100,000", len(html))
	}
	if got := parse(t, html).Find("select[name='stream.9.write_mode'] option[selected]").AttrOr("value", ""); got != "upsert" {
		t.Errorf("the last stream's write mode is %q", got)
	}
}

func TestOnlyLiveRunsListen(t *testing.T) {
	live := parse(t, renderPage(t, RunPage(runLiveFixture())))
	if got := live.Find("[sse-connect]").AttrOr("sse-connect", ""); got != "/runs/01JD3K7QXYZ9/events?after=3" {
		t.Errorf("the live page listens to %q", got)
	}
	for _, event := range []string{"head", "streams", "log"} {
		if live.Find("[sse-swap='"+event+"']").Length() != 1 {
			t.Errorf("event %q has no single place", event)
		}
	}
	ended := parse(t, renderPage(t, RunPage(runFailedFixture())))
	if ended.Find("[sse-connect]").Length() != 0 || ended.Find("form[action$='/cancel']").Length() != 0 {
		t.Error("a finished run listens or can be cancelled")
	}
}

func TestRunSaysNothingInsteadOfZero(t *testing.T) {
	doc := parse(t, renderPage(t, RunPage(runLiveFixture())))
	if n := doc.Find("[data-table='analytics.refunds'] .figures").Length(); n != 0 {
		t.Error("a queued stream shows zeros")
	}
	orders := doc.Find("[data-table='analytics.orders']")
	if orders.Find("progress[value]").Length() != 1 || orders.Find("[data-figure=written]").Length() != 0 {
		t.Error("a reading stream must show how far it is and no written rows yet")
	}
	failed := runFailedFixture()
	failed.Streams[0].Read = 500
	page := parse(t, renderPage(t, RunPage(failed)))
	if got := page.Find("[data-table='analytics.invoices'] [data-figure=written] dd").Text(); got != "0" {
		t.Errorf("a failed stream that read rows must say that it wrote none, got %q", got)
	}
	if doc.Find("[data-table='analytics.events'] progress[value]").Length() != 0 {
		t.Error("an unknown total shows a share")
	}
}

func TestViewersGetNoButtons(t *testing.T) {
	v := flowsFixture()
	v.CanEdit, v.CanOperate = false, false
	doc := parse(t, renderPage(t, FlowsPage(v)))
	if doc.Find("main form[method=post]").Length() != 0 || doc.Find("a[href='/flows/new']").Length() != 0 {
		t.Error("a viewer sees buttons that the server refuses")
	}
}

// TestColumnPlansFillTheirTable holds each row of a preview to as many cells as heads,
// with and without the target's types.
func TestColumnPlansFillTheirTable(t *testing.T) {
	for _, targetType := range []string{"", "int8"} {
		columns := []ColumnPlan{{"id", "int8", "id", targetType, "new", ""}}
		doc := parse(t, renderPage(t, columnPlans(columns)))
		if heads, cells := doc.Find("thead th").Length(), doc.Find("tbody tr").First().Children().Length(); heads != cells || heads == 0 {
			t.Errorf("target type %q: %d heads for %d cells", targetType, heads, cells)
		}
	}
}
