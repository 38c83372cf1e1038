package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"leat/connectors"
	"leat/flows"
	"leat/record"
	"leat/ui/page"
)

// previewedStreams is how many streams of a flow show rows.
const previewedStreams = 5

// previewFlow shows what the flow would do. Nothing is saved and nothing written.
func (s *Server) previewFlow(c echo.Context, edit flowEdit, form url.Values) error {
	ctx := c.Request().Context()
	s.lookAtEnds(ctx, &edit)
	edit.complete()
	if err := edit.judge(); err != nil {
		return err
	}
	delete(edit.problems, "consent") // the preview asks for it too
	if len(edit.problems) > 0 {
		return s.showFlow(c, http.StatusUnprocessableEntity, edit)
	}
	plans, err := s.Engine.PlanFlow(ctx, edit.typed)
	if err != nil {
		edit.problems.Add("", problemLine(err))
		return s.showFlow(c, http.StatusUnprocessableEntity, edit)
	}
	view := page.FlowPreview{
		Shell: s.shell(c, "Preview of "+edit.typed.Name, "flows"), ID: edit.stored.ID, Name: edit.typed.Name,
		Fields: carried(form), Schedule: scheduleSentence(edit.typed.Schedule), Consents: edit.neededConsent(),
	}
	for i, plan := range plans {
		view.Streams = append(view.Streams, s.streamPreview(ctx, &edit, plan, i < previewedStreams))
	}
	return s.ok(c, page.FlowPreviewPage(view))
}

// carried are the posted fields, to be posted again.
func carried(form url.Values) []page.Posted {
	var out []page.Posted
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if name == "action" || name == "consent" {
			continue
		}
		for _, value := range form[name] {
			out = append(out, page.Posted{Name: name, Value: value})
		}
	}
	return out
}

// streamPreview shows one table: columns, statements and the first rows.
func (s *Server) streamPreview(ctx context.Context, edit *flowEdit, plan flows.StreamPlan, rows bool) page.StreamPreview {
	i := edit.streamOf(plan)
	stream, seen := edit.typed.Streams[i], edit.seen[i]
	table := flows.FormatTable(plan.Table)
	if plan.Plan.Table.Name != "" {
		table = flows.FormatTable(plan.Plan.Table)
	}
	view := page.StreamPreview{
		Dataset: plan.Dataset, Table: table, WriteMode: string(stream.WriteMode), Exists: plan.Plan.Exists, Rows: -1,
		Statements: plan.Plan.Statements, Warnings: plan.Plan.Warnings,
	}
	if plan.Problem != nil {
		view.Error = errorBox(plan.Problem)
	}
	if seen.description == nil || seen.dataset.Pattern != "" {
		return view
	}
	view.Rows = seen.description.EstimatedRows
	view.Columns = columnPlans(seen, plan.Plan)
	view.Warnings = append(view.Warnings, seen.description.Warnings...)
	if rows {
		s.previewRows(ctx, seen, &view)
	}
	return view
}

func (s *Server) previewRows(ctx context.Context, seen streamSeen, view *page.StreamPreview) {
	found, err := s.Engine.Preview(ctx, seen.source.AuthorizerID, connectors.Selection{
		Dataset: seen.dataset.Dataset, Columns: seen.dataset.Columns, Key: seen.dataset.Key,
	}, previewRows)
	if err != nil {
		view.Warnings = append(view.Warnings, "No rows can be shown: "+problemLine(err))
		return
	}
	table := dataTable("First rows of "+view.Dataset, found, seen.key(), seen.dataset.Cursor)
	view.Data = &table
}

// columnPlans follows each source column to its target column.
func columnPlans(seen streamSeen, plan connectors.Plan) []page.ColumnPlan {
	var out []page.ColumnPlan
	for _, column := range seen.description.Schema.Columns {
		if len(seen.dataset.Columns) > 0 && !slices.Contains(seen.dataset.Columns, column.Name) {
			continue
		}
		shown := page.ColumnPlan{Source: column.Name, SourceType: column.Native, Note: column.Note, Target: column.Name}
		if shown.SourceType == "" {
			shown.SourceType = record.TypeName(column.Type)
		}
		if target, ok := plan.Columns[column.Name]; ok {
			shown.Target = target
		} else if plan.Columns != nil {
			shown.Target, shown.Change = "", "removed"
		}
		if !plan.Exists && shown.Change == "" && plan.Columns != nil {
			shown.Change = "new"
		}
		out = append(out, shown)
	}
	return out
}
