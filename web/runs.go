package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/flows"
	"leat/ui/component"
	"leat/ui/page"
)

// runs lists all runs.
func (s *Server) runs(c echo.Context) error {
	ctx := c.Request().Context()
	all, err := s.Flows.Flows(ctx)
	if err != nil {
		return fmt.Errorf("list flows: %w", err)
	}
	view := page.Runs{
		Shell: s.shell(c, "Runs", "runs"), Flow: c.QueryParam("flow"), State: c.QueryParam("state"), Trigger: c.QueryParam("trigger"), States: runStates(),
	}
	for _, f := range all {
		view.Flows = append(view.Flows, component.Option{Value: f.ID, Label: f.Name})
	}
	for _, trigger := range []flows.Trigger{flows.TriggerSchedule, flows.TriggerManual} {
		view.Triggers = append(view.Triggers, component.Option{Value: string(trigger), Label: triggerWord(trigger)})
	}
	filter := flows.RunFilter{FlowID: view.Flow, Status: statusFilter(view.State), Trigger: flows.Trigger(view.Trigger)}
	runs, pager, err := s.runPage(c, filter, page.RunsPath)
	if err != nil {
		return err
	}
	view.Pager = pager
	if view.Runs, err = s.runItems(ctx, runs); err != nil {
		return err
	}
	return s.ok(c, page.RunsPage(view))
}

// statusFilter takes a state of the filter; one that does not exist selects nothing.
func statusFilter(state string) []flows.RunStatus {
	if state == "" {
		return nil
	}
	if state == string(flows.RunRunning) { // people call it running until it is known
		return []flows.RunStatus{flows.RunRunning, flows.RunUnknown}
	}
	return []flows.RunStatus{flows.RunStatus(state)}
}

// runPage reads the asked page of a list of runs.
func (s *Server) runPage(c echo.Context, filter flows.RunFilter, path string) ([]flows.Run, component.Pager, error) {
	ctx := c.Request().Context()
	total, err := s.Runs.CountRuns(ctx, filter)
	if err != nil {
		return nil, component.Pager{}, fmt.Errorf("count runs: %w", err)
	}
	pager := pagerOf(total, c.QueryParams(), path, "runs")
	filter.Limit, filter.Offset = perPage, pager.From-1
	runs, err := s.Runs.Runs(ctx, filter)
	if err != nil {
		return nil, component.Pager{}, fmt.Errorf("list runs: %w", err)
	}
	return runs, pager, nil
}

// run shows one run, live while it is active.
func (s *Server) run(c echo.Context) error {
	ctx := c.Request().Context()
	run, err := s.Runs.Run(ctx, c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the run: %w", err)
	}
	view := s.runView(run, nil)
	view.Shell, view.CanOperate = s.shell(c, "Run of "+run.FlowName, "runs"), may(c, accounts.Operate)
	view.CanPreview = may(c, accounts.Preview)
	if view.Log, err = s.logView(ctx, run, c.QueryParams()); err != nil {
		return err
	}
	return s.ok(c, page.RunPage(view))
}

// cancelRun asks the run to stop.
func (s *Server) cancelRun(c echo.Context) error {
	ctx := c.Request().Context()
	run, err := s.Runs.Run(ctx, c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the run: %w", err)
	}
	if !run.Status.Active() {
		s.flash(ctx, "info", "The run has ended already.")
		return redirect(c, page.One(page.RunsPath, run.ID))
	}
	if err := s.Runs.RequestCancel(ctx, run.ID); err != nil {
		return fmt.Errorf("cancel the run: %w", err)
	}
	return redirect(c, page.One(page.RunsPath, run.ID))
}

// rates are the rows per second of each stream, when they were measured.
type rates map[int]float64

// runView fills the page of a run without its shell and log.
func (s *Server) runView(run flows.Run, measured rates) page.Run {
	view := page.Run{
		ID: run.ID, FlowID: run.FlowID, FlowName: run.FlowName, State: string(run.Status), Trigger: triggerWord(run.Trigger),
		Live: run.Status.Active(), CancelRequested: run.CancelRequested, Attempt: run.Attempt, Node: run.Lease.Node,
		FullRefresh: run.FullRefresh, Queued: run.QueuedAt, ScheduledFor: run.ScheduledFor, Started: run.StartedAt, Ended: run.EndedAt,
		Error: runErrorBox(run.Error),
	}
	if run.Status == flows.RunWaiting {
		view.RetryAt = run.Lease.Until
	}
	streams := slices.Clone(run.Streams)
	slices.SortFunc(streams, func(a, b flows.StreamRun) int { return a.Index - b.Index })
	for _, stream := range streams {
		view.Streams = append(view.Streams, s.runStream(stream, measured))
	}
	if view.Error != nil && len(view.Streams) == 1 && view.Streams[0].Error != nil && *view.Streams[0].Error == *view.Error {
		view.Streams[0].Error = nil // said once, at the head
	}
	return view
}

func (s *Server) runStream(stream flows.StreamRun, measured rates) page.RunStream {
	out := page.RunStream{
		Index: stream.Index, Table: stream.Table, Dataset: stream.Dataset, WriteMode: string(stream.WriteMode), State: string(stream.Status), Phase: string(stream.Phase),
		Recipe: recipeWords(stream), Read: stream.Read, Written: stream.Written, Unchanged: stream.Unchanged, Duplicate: stream.Duplicate,
		Skipped: stream.Skipped, Rejected: stream.Rejected, Changed: stream.Changed, Bytes: stream.Bytes, Estimated: stream.EstimatedRows,
		LastRow: stream.LastRowAt, Error: runErrorBox(stream.Error), Warnings: stream.Warnings,
	}
	switch {
	case !stream.EndedAt.IsZero() && !stream.StartedAt.IsZero():
		out.Took = stream.EndedAt.Sub(stream.StartedAt)
	case !stream.StartedAt.IsZero():
		out.Took = s.Now().Sub(stream.StartedAt)
	}
	if rate, ok := measured[stream.Index]; ok {
		out.RowsPerSecond = rate
	} else if out.Took > time.Second {
		out.RowsPerSecond = float64(stream.Read) / out.Took.Seconds()
	}
	for _, reject := range stream.RejectReasons {
		out.Rejects = append(out.Rejects, page.RejectItem{Column: reject.Column, Reason: reject.Reason, Rows: reject.Rows})
	}
	return out
}

// recipeWords says how rows were applied, and why that way.
func recipeWords(stream flows.StreamRun) string {
	if stream.Reason == "" || stream.Recipe == "" {
		return stream.Recipe
	}
	return stream.Recipe + ": " + stream.Reason
}

// runLog sends the whole log as text.
func (s *Server) runLog(c echo.Context) error {
	ctx := c.Request().Context()
	run, err := s.Runs.Run(ctx, c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the run: %w", err)
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/plain; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="run-`+run.ID+`.log"`)
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	for after := int64(0); ; {
		lines, err := s.Runs.Log(ctx, run.ID, after, logChunk)
		if err != nil {
			return errors.Join(http.ErrAbortHandler, err)
		}
		for _, line := range lines {
			after = line.Seq
			if _, err := fmt.Fprintln(c.Response(), logText(line)); err != nil {
				return nil //nolint:nilerr // the reader has gone; there is nobody to tell
			}
		}
		if len(lines) < logChunk {
			return nil
		}
	}
}

func logText(line flows.LogLine) string {
	table := ""
	if line.Table != "" {
		table = line.Table + ": "
	}
	return fmt.Sprintf("%s %-7s %s%s", line.At.UTC().Format(time.RFC3339Nano), line.Level, table, line.Message)
}
