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
	for _, i := range flows.AppendsAll(edit.typed, edit.known()) {
		edit.typed.Streams[i].AppendAll = true // the preview asks for it too
	}
	_, plans := s.judgeFlow(ctx, &edit)
	if len(edit.problems) > 0 && len(plans) == 0 {
		return s.showFlow(c, http.StatusUnprocessableEntity, edit)
	}
	view := page.FlowPreview{
		Shell: s.shell(c, "Preview of "+edit.typed.Name, "flows"), ID: edit.stored.ID, Name: edit.typed.Name,
		Fields: carried(form), Schedule: scheduleSentence(edit.typed.Schedule), Consents: edit.neededConsents(),
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
	stream, seen := edit.typed.Streams[plan.Stream], edit.ends[plan.Stream]
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
	if seen.Description == nil || seen.Dataset.Pattern != "" {
		return view
	}
	view.Rows = seen.Description.EstimatedRows
	view.Columns = columnPlans(seen, plan.Plan)
	view.Warnings = append(view.Warnings, seen.Description.Warnings...)
	if rows {
		s.previewRows(ctx, stream, seen, &view)
	}
	return view
}

func (s *Server) previewRows(ctx context.Context, stream flows.Stream, seen streamSeen, view *page.StreamPreview) {
	found, err := s.Engine.Preview(ctx, seen.source.AuthorizerID, connectors.Selection{
		Dataset: seen.Dataset.Dataset, Columns: seen.Dataset.Columns, Key: stream.CheckedKey(seen.Dataset.Key),
	}, previewRows)
	if err != nil {
		view.Warnings = append(view.Warnings, "No rows can be shown: "+problemLine(err))
		return
	}
	view.Warnings = append(view.Warnings, found.Warnings...)
	table := dataTable("First rows of "+view.Dataset, found, seen.Key(), seen.Dataset.Cursor)
	view.Data = &table
}

// columnPlans follows each source column to its target column.
func columnPlans(seen streamSeen, plan connectors.Plan) []page.ColumnPlan {
	var out []page.ColumnPlan
	for _, column := range seen.Description.Schema.Columns {
		if len(seen.Dataset.Columns) > 0 && !slices.Contains(seen.Dataset.Columns, column.Name) {
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
