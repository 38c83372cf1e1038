package web_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leat/accounts"
	"leat/flows"
)

func diff(a, b any) string { return cmp.Diff(a, b) }

func TestRunPageShowsCountsAndLog(t *testing.T) {
	p := newPages(t)
	p.world()
	p.addRun("r1", 1200, flows.RunFailed)
	v := p.as(accounts.Viewer)
	page := v.get("/runs/r1").want(t, http.StatusOK)
	if page.Find("[data-figure=read] dd").Text() != "1\u202f200" {
		t.Errorf("rows read: %q", page.Find("[data-figure=read]").Text())
	}
	if page.Find(".log-line").Length() != 500 || !strings.Contains(page.Find(".log-line").Last().Text(), "line 1200") {
		t.Errorf("%d lines, the last %q", page.Find(".log-line").Length(), page.Find(".log-line").Last().Text())
	}
	earlier, ok := page.Find("#run-log a[href*='before=']").Attr("href")
	if !ok {
		t.Fatal("nothing leads to the earlier lines")
	}
	if first := v.get(earlier).Find(".log-line").First().Text(); !strings.Contains(first, "line 201") {
		t.Errorf("the earlier lines begin with %q", first)
	}
	log := v.get("/runs/r1/log").want(t, http.StatusOK)
	if lines := strings.Count(log.body, "\n"); lines != 1200 || !strings.HasPrefix(log.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the download has %d lines", lines)
	}
	v.get("/runs/none").want(t, http.StatusNotFound)
	v.get("/runs/none/events").want(t, http.StatusNotFound)
}

func TestRunListsFilterAndTurnPages(t *testing.T) {
	p := newPages(t)
	p.world()
	for i := range 60 {
		status := flows.RunSucceeded
		if i%10 == 0 {
			status = flows.RunFailed
		}
		p.addRun("r"+strings.Repeat("x", i+1), 0, status)
	}
	v := p.as(accounts.Viewer)
	first := v.get("/runs").want(t, http.StatusOK)
	if first.Find("[data-testid=run]").Length() != 50 || !strings.Contains(first.Find(".pager").Text(), "1–50 of 60") {
		t.Errorf("%d runs, %q", first.Find("[data-testid=run]").Length(), first.Find(".pager").Text())
	}
	next := v.get(first.Find(".pager a").AttrOr("href", ""))
	if next.Find("[data-testid=run]").Length() != 10 {
		t.Errorf("the second page has %d runs", next.Find("[data-testid=run]").Length())
	}
	if failed := v.get("/flows/f1/runs?state=failed"); failed.Find("[data-testid=run]").Length() != 6 {
		t.Errorf("%d runs failed", failed.Find("[data-testid=run]").Length())
	}
	if none := v.get("/runs?trigger=schedule"); none.Find("[data-testid=run]").Length() != 0 || !strings.Contains(none.Find("main").Text(), "No match") {
		t.Error("a filter that fits nothing does not say so")
	}
}

// event is one server-sent event.
type event struct{ name, id, data string }

// events reads server-sent events until one is called end, or there are enough.
func (v *visitor) events(path, lastID string, enough func([]event) bool) []event {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	response, err := v.http.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	var all []event
	var next event
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			next.name = value
		case "id":
			next.id = value
		case "data":
			next.data += value + "\n"
		case "":
			if next.name != "" {
				all = append(all, next)
			}
			if next.name == "end" || enough(all) {
				return all
			}
			next = event{}
		}
	}
	v.t.Fatalf("the stream broke off after %d events: %v", len(all), lines.Err())
	return nil
}

// linesOf lists the numbers of the log lines in events.
func linesOf(events []event) []string {
	var out []string
	for _, e := range events {
		for part := range strings.SplitSeq(e.data, `id="log-`) {
			if id, _, ok := strings.Cut(part, `"`); ok && e.name == "log" && id != "" && !strings.Contains(id, "<") {
				out = append(out, id)
			}
		}
	}
	return out
}

func TestEventsLoseAndDoubleNoLine(t *testing.T) {
	p := newPages(t)
	p.world()
	run := p.addRun("r1", 3, flows.RunRunning)
	v := p.as(accounts.Viewer)
	first := v.events("/runs/r1/events?after=1", "", func(all []event) bool { return len(linesOf(all)) == 2 })
	if got := strings.Join(linesOf(first), " "); got != "2 3" {
		t.Fatalf("the page has line 1 and gets %s", got)
	}
	last := ""
	for _, e := range first {
		if e.id != "" {
			last = e.id
		}
	}
	p.log("r1", 4, 5) // while nobody listens
	run.Status, run.EndedAt = flows.RunSucceeded, time.Now()
	run.Streams[0].Status = flows.RunSucceeded
	if err := p.store.FinishRun(t.Context(), run.Lease, run); err != nil {
		t.Fatal(err)
	}
	rest := v.events("/runs/r1/events?after=1", last, func([]event) bool { return false })
	if got := strings.Join(linesOf(rest), " "); got != "4 5 6 7 8" {
		t.Errorf("after coming back the page gets %s", got)
	}
	if end := rest[len(rest)-1]; end.name != "end" {
		t.Errorf("the last event is %s", end.name)
	}
	var names []string
	for _, e := range rest {
		names = append(names, e.name)
		if e.name == "streams" && !strings.Contains(e.data, "Succeeded") {
			t.Error("a finished stream is not shown as finished")
		}
	}
	if got := strings.Join(names, " "); got != "log head facts streams end" {
		t.Errorf("the events are %s", got)
	}
}

// TestDurationMovesWhileARunGoesOn listens until the clock of a running run has moved.
func TestDurationMovesWhileARunGoesOn(t *testing.T) {
	p := newPages(t)
	p.world()
	p.addRun("r1", 1, flows.RunRunning)
	v := p.as(accounts.Viewer)
	facts := func(all []event) []string {
		var said []string
		for _, e := range all {
			if e.name == "facts" {
				said = append(said, e.data)
			}
		}
		return said
	}
	said := facts(v.events("/runs/r1/events?after=9", "", func(all []event) bool { return len(facts(all)) == 2 }))
	if !strings.Contains(said[0], "Duration") || said[0] == said[1] {
		t.Errorf("the duration stands still:\n%s", said[1])
	}
	page := v.get("/runs/r1").want(t, http.StatusOK)
	if text := page.Find("#run-facts[sse-swap=facts]").Text(); !strings.Contains(text, "Duration") || !strings.Contains(text, "As of ") {
		t.Errorf("without script the page says %q", text)
	}
}

// TestQueuedRunCountsNoStreams looks at a run whose streams are not known yet.
func TestQueuedRunCountsNoStreams(t *testing.T) {
	p := newPages(t)
	p.world()
	if err := p.store.EnqueueRun(t.Context(), flows.Run{ID: "q1", FlowID: "f1", FlowName: "orders", Trigger: flows.TriggerManual, QueuedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	said := p.as(accounts.Viewer).get("/runs/q1").want(t, http.StatusOK).Find("#run-streams").Text()
	if strings.Contains(said, "0 streams") || !strings.Contains(said, "as soon as the run has begun") {
		t.Errorf("the streams of a queued run: %q", said)
	}
}

func TestARunThatWaitsToRetrySaysSo(t *testing.T) {
	p := newPages(t)
	p.world()
	run := p.addRun("r1", 0, flows.RunRunning)
	run.Status, run.Lease.Until = flows.RunWaiting, time.Now().Add(time.Minute)
	run.Error = &flows.RunError{Kind: "unreachable", Message: "the server ended the session", Retryable: true}
	if err := p.store.FinishRun(t.Context(), run.Lease, run); err != nil {
		t.Fatal(err)
	}
	text := p.as(accounts.Viewer).get("/runs/r1").want(t, http.StatusOK).Find("main").Text()
	for _, want := range []string{"It will be tried again", "next attempt is due", "The server ended the session"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestWaitingRunNamesItsNextAttempt looks at a run that will be tried again.
func TestWaitingRunNamesItsNextAttempt(t *testing.T) {
	p := newPages(t)
	p.world()
	run := p.addRun("r1", 1, flows.RunRunning)
	run.Status, run.Error = flows.RunWaiting, &flows.RunError{Kind: "unreachable", Message: "the server does not answer"}
	run.Lease.Until = time.Now().Add(90 * time.Second)
	if err := p.store.FinishRun(t.Context(), run.Lease, run); err != nil {
		t.Fatal(err)
	}
	page := p.as(accounts.Viewer).get("/runs/r1").want(t, http.StatusOK)
	if said := page.Find("#run-head").Text(); !strings.Contains(said, "Retry due") || !strings.Contains(said, "The next attempt is due at "+time.Now().Format("2 Jan 2006")) {
		t.Errorf("the head says %q", strings.Join(strings.Fields(said), " "))
	}
	if said := page.Find("#run-facts").Text(); !strings.Contains(said, "Next attempt") || !strings.Contains(said, "in 1 min") {
		t.Errorf("the facts say %q", strings.Join(strings.Fields(said), " "))
	}
}
