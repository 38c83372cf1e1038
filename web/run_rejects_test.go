package web_test

import (
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"leat/accounts"
	"leat/connectors"
	"leat/flows"
)

// rejecting stores a run that rejected rows, which the engine then yields.
func (p *pages) rejecting(rows ...flows.RejectedRow) {
	p.t.Helper()
	p.world()
	run := p.addRun("r1", 1, flows.RunRunning)
	run.Status, run.EndedAt = flows.RunSucceeded, run.QueuedAt.Add(1)
	stream := &run.Streams[0]
	stream.Status, stream.Counts = flows.RunSucceeded, connectors.Counts{Read: 10, Written: 6, Rejected: 4}
	stream.RejectReasons = []connectors.RejectCount{{Column: "price", Reason: "is too large", Rows: 3}, {Reason: "a unique column is NULL", Rows: 1}}
	if err := p.store.FinishRun(p.t.Context(), run.Lease, run); err != nil {
		p.t.Fatal(err)
	}
	p.engine.rejects = rows
}

const rejectsPath = "/runs/r1/rejects?stream=0"

func TestRejectsShowReasonsAndNoValues(t *testing.T) {
	p := newPages(t)
	p.rejecting(flows.RejectedRow{Column: "price", Reason: "is too large", Row: `{"note":"` + canary + `"}`})
	for role, mayDownload := range map[accounts.Role]bool{accounts.Viewer: false, accounts.Operator: false, accounts.Editor: true, accounts.Owner: true} {
		v := p.as(role)
		page := v.get("/runs/r1").want(t, http.StatusOK)
		reasons := page.Find("[data-testid=reject]")
		first, second := strings.Join(strings.Fields(reasons.First().Text()), " "), strings.Join(strings.Fields(reasons.Last().Text()), " ")
		if first != "3 rejected: price is too large" || second != "1 rejected: a unique column is NULL" || reasons.Last().Find("code").Length() != 0 {
			t.Errorf("%s sees %q and %q", role, first, second)
		}
		if got := page.Find("a[href='"+rejectsPath+"']").Length() == 1; got != mayDownload {
			t.Errorf("%s is offered the download: %v", role, got)
		}
		live := ""
		for _, e := range v.events("/runs/r1/events", "", func([]event) bool { return false }) {
			live += e.data
		}
		if strings.Contains(live, "rejects?stream") != mayDownload {
			t.Errorf("%s gets another fragment than page", role)
		}
		want := http.StatusForbidden
		if mayDownload {
			want = http.StatusOK
		}
		got := v.get(rejectsPath).want(t, want)
		if strings.Contains(page.body, canary) || strings.Contains(got.body, canary) != mayDownload {
			t.Errorf("%s: a value is where it should not be, or not where it should", role)
		}
	}
	p.visitor().get(rejectsPath).want(t, http.StatusSeeOther)
	if strings.Contains(p.logged.String(), canary) {
		t.Error("a value is in the log")
	}
}

func TestRejectsAsCSV(t *testing.T) {
	p := newPages(t)
	hostile := []string{`=HYPERLINK("x")`, "+1", "-1", "@SUM(A1)", "\tx", "fine, \"quoted\"\nlines"}
	var rows []flows.RejectedRow
	for _, text := range hostile {
		rows = append(rows, flows.RejectedRow{At: "2026-01-01T00:00:00Z", Column: text, Reason: text, Row: text})
	}
	p.rejecting(rows...)
	v := p.as(accounts.Editor)
	got := v.get(rejectsPath).want(t, http.StatusOK)
	if kind, name := got.header.Get("Content-Type"), got.header.Get("Content-Disposition"); kind != "text/csv; charset=utf-8" || !strings.HasPrefix(name, "attachment") {
		t.Errorf("it is sent as %s, %s", kind, name)
	}
	lines, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil || len(lines) != 1+len(hostile) || strings.Join(lines[0], " ") != "rejected_at column reason row" {
		t.Fatalf("%d lines, %v: %q", len(lines), err, got.body)
	}
	for i, line := range lines[1:] {
		want := "'" + hostile[i]
		if i == len(hostile)-1 {
			want = hostile[i]
		}
		if line[1] != want || line[2] != want || line[3] != want {
			t.Errorf("%q became %q", hostile[i], line)
		}
	}
	for _, path := range []string{"/runs/r1/rejects", "/runs/r1/rejects?stream=1", "/runs/none/rejects?stream=0"} {
		v.get(path).want(t, http.StatusNotFound)
	}
}

func TestRejectsThatCannotBeRead(t *testing.T) {
	p := newPages(t)
	p.rejecting()
	v := p.as(accounts.Editor)
	if got := v.get(rejectsPath).want(t, http.StatusOK); got.body != "rejected_at,column,reason,row\n" {
		t.Errorf("no rows: %q", got.body)
	}
	p.engine.rejectsErr = &connectors.Error{Kind: connectors.NotFound, Message: "there is no table dbo.orders__rejects", Fix: "Restore it."}
	page := v.get(rejectsPath).want(t, http.StatusBadGateway)
	if text := page.Find("main").Text(); !strings.Contains(text, "There is no table dbo.orders__rejects. Restore it.") || page.header.Get("Content-Disposition") != "" {
		t.Errorf("the page says %q", strings.Join(strings.Fields(text), " "))
	}
	// An error in the middle must not look like the end.
	p.engine.rejects = make([]flows.RejectedRow, 5000)
	p.engine.rejectsErr = errors.New("the connection broke")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.base+rejectsPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := v.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); response.StatusCode != http.StatusOK || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("status %d, and the answer ends with %v", response.StatusCode, err)
	}
}
