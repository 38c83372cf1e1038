package component

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
)

func render(t *testing.T, c templ.Component) *goquery.Document {
	t.Helper()
	var b strings.Builder
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestNumbersAndTimesInWords(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for got, want := range map[string]string{
		Count(1204331):                         "1\u202f204\u202f331",
		Count(-1000):                           "−1\u202f000",
		Count(999):                             "999",
		Approx(1_200_000):                      "~1.2 M",
		Approx(-1):                             "",
		Bytes(13_000_000):                      "12 MiB",
		Bytes(1536):                            "1.5 KiB",
		Rate(21_300):                           "21 k/s",
		Elapsed(100 * time.Second):             "1 min 40 s",
		Elapsed(50 * time.Hour):                "2 d 2 h",
		Relative(now.Add(-5*time.Minute), now): "5 min ago",
		Relative(now.Add(2*time.Hour), now):    "in 2 h",
		Absolute(now):                          "21 Nov 2026 12:00:00 UTC",
		Plural(1, "flow", "flows"):             "1 flow",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSecretsAreNeverRendered(t *testing.T) {
	for _, typ := range []string{"password", "text", "textarea"} {
		for _, set := range []bool{false, true} {
			doc := render(t, Input(Field{Name: "p", Label: "P", Type: typ, Secret: true, SecretSet: set, Value: "hunter2"}))
			html, err := doc.Html()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(html, "hunter2") {
				t.Errorf("type %s, set %v: the secret is in the page", typ, set)
			}
			if set != (doc.Find("[name='clear.p']").Length() == 1) {
				t.Errorf("type %s, set %v: wrong choice to remove the stored value", typ, set)
			}
		}
	}
}

func TestFieldLinksItsHelpAndError(t *testing.T) {
	doc := render(t, Input(Field{Name: "setting.host", Label: "Host", Help: "Name or address.", Error: "The host is empty."}))
	input := doc.Find("input[name='setting.host']")
	ids, _ := input.Attr("aria-describedby")
	for _, id := range strings.Fields(ids) {
		if doc.Find("#"+id).Length() != 1 {
			t.Errorf("aria-describedby names %q, which is not in the page", id)
		}
	}
	if len(strings.Fields(ids)) != 2 || input.AttrOr("aria-invalid", "") != "true" {
		t.Errorf("input is not tied to hint and error: %q", ids)
	}
	if id, _ := input.Attr("id"); doc.Find("label[for='"+id+"']").Text() == "" {
		t.Error("input has no label")
	}
}

func TestEveryStateHasWordIconAndTone(t *testing.T) {
	for name := range states {
		doc := render(t, Badge(name))
		if doc.Find("svg *").Length() == 0 || strings.TrimSpace(doc.Text()) != states[name].Word {
			t.Errorf("state %q is not shown by sign and word: %q", name, doc.Text())
		}
	}
	if StateOf("waiting to retry").Word != "Retry due" || StateOf("Succeeded").Tone != ToneOK {
		t.Error("states are not found under their other spellings")
	}
	if got := StateOf("melting"); got.Word != "melting" || got.Tone != ToneOff {
		t.Errorf("an unknown state must be shown as it is, got %+v", got)
	}
}

func TestRunBarsKeepTheLastThirtyAndSayWhatTheyShow(t *testing.T) {
	var runs []RunBar
	for range 40 {
		runs = append(runs, RunBar{State: "succeeded", Duration: time.Minute})
	}
	runs[39].State = "failed"
	runs[38].State, runs[37].State = "partial", "skipped"
	for class, want := range map[string]int{"b-ok": 27, "b-hollow": 1, "f-warn": 1, "b-bad": 1} {
		path := render(t, RunBars(runs)).Find("path." + class)
		if got := strings.Count(path.AttrOr("d", ""), "M"); path.Length() != 1 || got != want {
			t.Errorf("%s has %d shapes in %d paths, want %d", class, got, path.Length(), want)
		}
	}
	if d := render(t, RunBars(runs)).Find(".b-bad").AttrOr("d", ""); d != "M147 0V15m0 2v3" {
		t.Errorf("the newest bar is not at the right with a notch: %s", d)
	}
	if got := Summary(runs[36:]); got != "4 runs: 1 succeeded, 1 skipped, 1 partial, 1 failed" {
		t.Errorf("summary is %q", got)
	}
	if d := render(t, RunBars(nil)).Find("path.b-none").AttrOr("d", ""); strings.Count(d, "M") != 30 {
		t.Error("a flow without runs must show empty places")
	}
}

func TestUnknownTotalIsNeverZeroPercent(t *testing.T) {
	if _, has := render(t, Progress("orders", 0, 0)).Find("progress").Attr("value"); has {
		t.Error("a progress without total must not carry a value")
	}
	if got := render(t, Progress("orders", 12, 10)).Find("progress").AttrOr("value", ""); got != "10" {
		t.Errorf("more rows than estimated must show a full bar, got %q", got)
	}
}

func TestNullAndEmptyTextDiffer(t *testing.T) {
	doc := render(t, Data(DataTable{Columns: []DataColumn{{Name: "a"}, {Name: "b"}}, Rows: [][]Cell{{{Null: true}, {}}}}))
	if doc.Find("td .null").Length() != 1 || doc.Find("td .chip").Text() != "empty text" {
		html, _ := doc.Find("tbody").Html()
		t.Errorf("null and empty text look alike: %s", html)
	}
}
