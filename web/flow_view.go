package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"leat/connectors"
	"leat/flows"
	"leat/ui/component"
	"leat/ui/page"
)

// showFlow prefills what can be prefilled and renders the form.
func (s *Server) showFlow(c echo.Context, status int, edit flowEdit) error {
	ctx := c.Request().Context()
	if status == http.StatusOK {
		edit.prefill()
	}
	if status == http.StatusOK && edit.stored.ID == "" && (edit.typed.Name == "" || isProposed(edit.typed.Name, edit.proposedNames())) {
		name, err := s.flowName(ctx, &edit)
		if err != nil {
			return err
		}
		edit.typed.Name = name
	}
	view := page.FlowForm{
		Shell: s.shell(c, "New flow", "flows"), Form: edit.form(edit.problems, edit.back),
		ID: edit.stored.ID, Name: edit.typed.Name, DestinationID: edit.typed.DestinationID,
		Schedule: s.scheduleForm(edit.typed.Schedule), Options: flowOptions(edit.typed.Options), Warnings: edit.warnings,
	}
	if edit.stored.ID != "" {
		view.Shell.Title = "Edit " + edit.stored.Name
	}
	if !onlySchedule(c) {
		s.lookAtSources(ctx, &edit)
		if err := s.fillFlowForm(ctx, &edit, &view); err != nil {
			return err
		}
	}
	if status == http.StatusOK {
		return s.ok(c, page.FlowFormPage(view))
	}
	return s.refused(c, page.FlowFormPage(view))
}

// onlySchedule says that htmx asked for the schedule's sentence and nothing else, so
// that no system has to be asked.
func onlySchedule(c echo.Context) bool {
	return isPart(c.Request()) && c.Request().Header.Get("HX-Target") == "schedule-next"
}

func (s *Server) fillFlowForm(ctx context.Context, edit *flowEdit, view *page.FlowForm) error {
	ways, err := s.authorizersByID(ctx)
	if err != nil {
		return err
	}
	label := func(name, authorizerID string) string {
		return name + " (" + s.authorizerItem(ways[authorizerID]).Connector + ")"
	}
	for _, d := range edit.destinations {
		view.Destinations = append(view.Destinations, component.Option{Value: d.ID, Label: label(d.Name, d.AuthorizerID)})
	}
	for _, source := range edit.sources {
		view.Sources = append(view.Sources, component.Option{Value: source.ID, Label: label(source.Name, source.AuthorizerID)})
	}
	for i := range edit.typed.Streams {
		if edit.typed.Streams[i].WriteMode == "" {
			edit.typed.Streams[i].WriteMode = edit.proposedMode(i)
		}
		view.Streams = append(view.Streams, edit.streamForm(i))
	}
	view.Consents = edit.neededConsents()
	return nil
}

// streamForm draws one stream.
func (e *flowEdit) streamForm(i int) page.StreamForm {
	stream, seen := e.typed.Streams[i], e.ends[i]
	form := page.StreamForm{
		StateKey: stream.StateKey, SourceID: stream.From[0].SourceID, Dataset: stream.From[0].Dataset, Table: stream.Table,
		Replace: string(stream.Replace), Drift: string(stream.Drift), Layout: string(stream.Layout),
		CreateIndexes: stream.CreateIndexes == nil || *stream.CreateIndexes, LoadedAt: stream.LoadedAt, RunID: stream.RunID,
		RawLayout: e.capabilities.RawLayout, Writers: strconv.Itoa(max(stream.Writers, 1)), MaxWriters: e.capabilities.Writers, Error: errorBox(seen.problem), Rejects: "0",
	}
	for _, recipe := range e.capabilities.Recipes {
		form.Recipes = append(form.Recipes, string(recipe))
	}
	if stream.Rejects != nil {
		form.Rejects = strconv.FormatInt(*stream.Rejects, 10)
	}
	if stream.MinRowsRatio != 0 {
		form.MinRowsRatio = strconv.FormatFloat(stream.MinRowsRatio, 'f', -1, 64)
	}
	for _, d := range seen.source.Datasets {
		form.Datasets = append(form.Datasets, component.Option{Value: d.Name, Label: d.Name})
	}
	if seen.Dataset.Name != "" {
		form.Reading = readingWords(seen.Dataset) + "."
		form.Modes = e.modes(i)
		form.Unique = uniquePicks(stream, seen)
		if !e.isStored(stream) {
			form.Proposal = &page.Proposal{For: proposedFor(stream.From[0]), Mode: string(e.proposedMode(i)), Unique: seen.Key()}
		}
	}
	return form
}

// readingWords says how a dataset is read.
func readingWords(d flows.SourceDataset) string {
	if d.Cursor != "" {
		return "Incremental by " + d.Cursor
	}
	return "Whole reads"
}

// modes are the cards of the write modes, drawn with the user's own columns.
func (e *flowEdit) modes(i int) []component.Choice {
	stream, seen := e.typed.Streams[i], e.ends[i]
	table := page.ModeTable{Selected: string(stream.WriteMode), Refused: map[string]string{}, Losses: map[string]string{}}
	for _, mode := range e.capabilities.WriteModes {
		table.Only = append(table.Only, string(mode))
	}
	if !flows.MayReplace(seen.Dataset) {
		table.Refused[string(connectors.TruncateInsert)] = refusedReplace(seen.Dataset)
	}
	if key := seen.Key(); len(key) > 0 {
		table.Key = strings.Join(key, ", ")
	}
	if seen.Description != nil {
		for _, column := range seen.Description.Schema.Columns {
			if !slices.Contains(seen.Key(), column.Name) {
				table.Value = column.Name
				break
			}
		}
	}
	if len(table.Only) == 0 { // no destination yet: show what any could do
		table.Refused = map[string]string{}
	}
	table.Losses[string(connectors.Delete)] = "Removes rows of the table."
	return page.WriteModes(table)
}

// uniquePicks are the columns to tick, those in use ticked.
func uniquePicks(stream flows.Stream, seen streamSeen) []component.Option {
	chosen := stream.Unique
	if len(chosen) == 0 {
		chosen = seen.Key()
	}
	var all []string
	if seen.Description != nil {
		all = seen.Description.Schema.Names()
	}
	for _, name := range chosen {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	var out []component.Option
	for _, name := range all {
		if len(seen.Dataset.Columns) > 0 && !slices.Contains(seen.Dataset.Columns, name) && !slices.Contains(chosen, name) {
			continue
		}
		out = append(out, component.Option{Value: name, Label: name, Selected: slices.Contains(chosen, name)})
	}
	return out
}

// flowOptions are the options of the whole flow.
func flowOptions(o flows.FlowOptions) []component.Field {
	parallelism, atomic := "", ""
	if o.Parallelism > 0 {
		parallelism = strconv.Itoa(o.Parallelism)
	}
	if o.AtomicFlow {
		atomic = "true"
	}
	return []component.Field{
		{Name: "option.parallelism", Label: "Streams at once", Type: "number", Value: parallelism, Width: "half", Help: fmt.Sprintf("Empty means %d.", flows.DefaultParallelism)},
		{Name: "option.lock_timeout", Label: "Longest wait for a lock", Value: o.LockTimeout, Width: "half", Help: "For example 30s."},
		{Name: "option.statement_timeout", Label: "Longest statement", Value: o.StatementTimeout, Width: "half", Help: "For example 30m."},
		{Name: "option.batch_timeout", Label: "Longest wait for a batch", Value: o.BatchTimeout, Width: "half", Help: "For example 5m."},
		{Name: "option.atomic_flow", Label: "All streams in one snapshot and one commit", Type: "checkbox", Value: atomic},
	}
}
