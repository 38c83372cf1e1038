package web

import (
	"context"
	"fmt"
	"strings"

	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/flows"
	"leat/ui/component"
	"leat/ui/page"
)

// flowHead reads a flow with its last runs and fills the head that its pages share.
func (s *Server) flowHead(c echo.Context) (flows.Flow, []flows.Run, page.Flow, flowStatus, error) {
	ctx := c.Request().Context()
	f, err := s.Flows.Flow(ctx, c.Param("id"))
	if err != nil {
		return f, nil, page.Flow{}, flowStatus{}, fmt.Errorf("find the flow: %w", err)
	}
	runs, err := s.Runs.Runs(ctx, flows.RunFilter{FlowID: f.ID, Limit: barCount})
	if err != nil {
		return f, nil, page.Flow{}, flowStatus{}, fmt.Errorf("list its runs: %w", err)
	}
	count, err := s.Runs.CountRuns(ctx, flows.RunFilter{FlowID: f.ID})
	if err != nil {
		return f, nil, page.Flow{}, flowStatus{}, fmt.Errorf("count its runs: %w", err)
	}
	succeeded, err := s.lastSuccesses(ctx)
	if err != nil {
		return f, nil, page.Flow{}, flowStatus{}, err
	}
	status := s.statusOf(f, runs, succeeded[f.ID])
	head := page.Flow{
		Shell: s.shell(c, f.Name, "flows"), CanEdit: may(c, accounts.Edit), CanOperate: may(c, accounts.Operate),
		ID: f.ID, Name: f.Name, State: status.State, Freshness: status.Freshness, ActiveRunID: status.ActiveRunID, RunCount: count,
	}
	return f, runs, head, status, nil
}

// flow is the overview of one flow.
func (s *Server) flow(c echo.Context) error {
	ctx := c.Request().Context()
	f, runs, head, status, err := s.flowHead(c)
	if err != nil {
		return err
	}
	view := page.FlowOverview{
		Flow: head, Bars: s.runBars(runs), Schedule: scheduleSentence(f.Schedule), Unscheduled: !s.Schedules && !f.Schedule.Manual(), NextRun: status.NextRun, LastSuccess: status.LastSuccess,
	}
	if status.Failed != nil {
		view.Error = runErrorBox(status.Failed.Error)
	}
	if view.Recent, err = s.runItems(ctx, runs[:min(len(runs), recentRuns)]); err != nil {
		return err
	}
	destination, err := s.Destinations.Destination(ctx, f.DestinationID)
	if err != nil {
		return fmt.Errorf("find the destination: %w", err)
	}
	view.Destination = page.Ref{Label: destination.Name, Href: page.One(page.DestinationsPath, destination.ID)}
	if err := s.flowStreams(ctx, f, runs, &view); err != nil {
		return err
	}
	return s.ok(c, page.FlowPage(view))
}

// flowStreams shows the streams with what their last run did.
func (s *Server) flowStreams(ctx context.Context, f flows.Flow, runs []flows.Run, view *page.FlowOverview) error {
	last, err := s.lastStreams(ctx, runs)
	if err != nil {
		return err
	}
	for _, stream := range f.Streams {
		shown := page.FlowStream{Table: stream.Table, WriteMode: string(stream.WriteMode), Unique: strings.Join(stream.Unique, ", ")}
		if len(stream.From) > 0 {
			source, err := s.Sources.Source(ctx, stream.From[0].SourceID)
			if err != nil {
				return fmt.Errorf("find the source: %w", err)
			}
			shown.Source, shown.Dataset = page.Ref{Label: source.Name, Href: page.One(page.SourcesPath, source.ID)}, stream.From[0].Dataset
			dataset, _ := source.Dataset(shown.Dataset)
			shown.Reading = readingWords(dataset)
			if shown.Unique == "" && stream.WriteMode.NeedsKey() {
				shown.Unique = orWord(strings.Join(dataset.Key, ", "), "the key")
			}
		}
		if run, ok := lastOf(last, stream); ok {
			shown.State, shown.LastRows = string(run.Status), run.Read
			view.Warnings = append(view.Warnings, run.Warnings...)
		}
		view.Streams = append(view.Streams, shown)
	}
	return nil
}

// lastStreams are the streams of the newest run that ran to an end.
func (s *Server) lastStreams(ctx context.Context, runs []flows.Run) ([]flows.StreamRun, error) {
	last := lastEnded(runs)
	if last == nil {
		return nil, nil
	}
	run, err := s.Runs.Run(ctx, last.ID)
	if err != nil {
		return nil, fmt.Errorf("read the last run: %w", err)
	}
	return run.Streams, nil
}

// lastOf finds a stream in a run: by its table as typed, or by the dataset.
func lastOf(runs []flows.StreamRun, stream flows.Stream) (flows.StreamRun, bool) {
	for _, run := range runs {
		if run.Table == stream.Table || strings.HasSuffix(run.Table, "."+stream.Table) ||
			len(stream.From) > 0 && run.Dataset == stream.From[0].Dataset && run.WriteMode == stream.WriteMode {
			return run, true
		}
	}
	return flows.StreamRun{}, false
}

func orWord(text, word string) string {
	if text == "" {
		return word
	}
	return text
}

// flowRuns lists the runs of one flow.
func (s *Server) flowRuns(c echo.Context) error {
	ctx := c.Request().Context()
	f, _, head, _, err := s.flowHead(c)
	if err != nil {
		return err
	}
	filter := flows.RunFilter{FlowID: f.ID, Status: statusFilter(c.QueryParam("state"))}
	runs, pager, err := s.runPage(c, filter, page.Sub(page.FlowsPath, f.ID, "runs"))
	if err != nil {
		return err
	}
	view := page.FlowRuns{Flow: head, RunState: c.QueryParam("state"), RunStates: runStates(), Pager: pager}
	if view.Runs, err = s.runItems(ctx, runs); err != nil {
		return err
	}
	return s.ok(c, page.FlowRunsPage(view))
}

// flowSettings shows a flow as configuration.
func (s *Server) flowSettings(c echo.Context) error {
	f, _, head, _, err := s.flowHead(c)
	if err != nil {
		return err
	}
	view := page.FlowSettings{Flow: head, Facts: []component.Pair{
		{Label: "Created", Value: component.Absolute(f.CreatedAt)},
		{Label: "Changed", Value: component.Absolute(f.UpdatedAt)},
		{Label: "Id", Value: f.ID, ID: "flow-id"},
	}}
	if s.Export != nil {
		if view.YAML, err = s.Export.ExportFlow(c.Request().Context(), f.ID); err != nil {
			return fmt.Errorf("write the configuration: %w", err)
		}
	}
	return s.ok(c, page.FlowSettingsPage(view))
}
