package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"leat/connectors"
	"leat/flows"
	"leat/ui/component"
	"leat/ui/page"
)

// The bounds of the form.
const (
	// shownDatasets is how many datasets of a listing are shown at once.
	shownDatasets = 500
	// describedAtOnce is how many chosen datasets are looked at for one page.
	describedAtOnce = 25
	// describeTimeout is how long that may take together.
	describeTimeout = 10 * time.Second
	// previewRows is how many rows the form shows.
	previewRows = 20
)

// showSource asks the system what the page needs and renders the form.
func (s *Server) showSource(c echo.Context, status int, edit sourceEdit) error {
	ctx := c.Request().Context()
	options, ways, err := s.authorizerOptions(ctx, canRead)
	if err != nil {
		return err
	}
	if edit.typed.AuthorizerID == "" && edit.fresh && len(options) == 1 {
		edit.typed.AuthorizerID = options[0].Value
	}
	edit.way = ways[edit.typed.AuthorizerID]
	edit.kind, _ = s.descriptor(edit.way.Connector)
	if edit.typed.Name == "" && status == http.StatusOK || edit.returned && isProposed(edit.typed.Name, append(authorizerNames(ways), proposedSource)) {
		if edit.typed.Name, err = s.sourceName(ctx, edit.way.Name); err != nil {
			return err
		}
	}
	onlyPreview := isPart(c.Request()) && edit.previewed >= 0
	if edit.way.ID != "" && !onlyPreview {
		s.list(ctx, &edit)
		s.choose(ctx, &edit)
		s.describeChosen(ctx, &edit)
	}
	view := s.sourceView(c, edit, options)
	if edit.way.ID != "" && edit.pattern.Pattern != "" && edit.listed == nil && !onlyPreview {
		view.PatternNote = s.patternNote(ctx, edit)
	}
	if edit.previewed >= 0 && edit.previewed < len(edit.chosen) {
		s.preview(ctx, edit, &view.Chosen[edit.previewed])
	}
	if edit.stored.ID != "" {
		used, err := s.flowUse(ctx)
		if err != nil {
			return err
		}
		view.UsedBy = used.sources[edit.stored.ID]
	}
	if status == http.StatusOK {
		return s.ok(c, page.SourcePage(view))
	}
	return s.refused(c, page.SourcePage(view))
}

// proposedSource is the name of a new source while nothing is known of it.
const proposedSource = "source"

// sourceName is a free name for a new source.
func (s *Server) sourceName(ctx context.Context, authorizer string) (string, error) {
	if authorizer == "" {
		authorizer = proposedSource
	}
	all, err := s.Sources.Sources(ctx)
	if err != nil {
		return "", fmt.Errorf("list sources: %w", err)
	}
	return freeName(authorizer, names(all, func(x flows.Source) string { return x.Name })), nil
}

// list asks what there is to read, once.
func (s *Server) list(ctx context.Context, edit *sourceEdit) {
	if edit.listing != nil || edit.listed != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	edit.listing, edit.listed = s.Engine.Discover(ctx, edit.way.ID)
}

// choose turns added ticks into chosen datasets.
func (s *Server) choose(ctx context.Context, edit *sourceEdit) {
	if len(edit.added) == 0 {
		return
	}
	s.list(ctx, edit)
	for _, name := range edit.added {
		d := chosenDataset{}
		d.Name = freeName(name, names(edit.chosen, func(x chosenDataset) string { return x.Name }))
		d.Dataset = datasetNamed(name, edit.listing, edit.kind.Capabilities.DefaultSchema != "")
		edit.chosen = append(edit.chosen, d)
	}
	edit.added = nil
}

// describeChosen looks at the chosen datasets, as many as a page can wait for.
func (s *Server) describeChosen(ctx context.Context, edit *sourceEdit) {
	if edit.listed != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	for i := range edit.chosen {
		d := &edit.chosen[i]
		if i < describedAtOnce && (!d.isQuery || d.Dataset.Query != "") {
			s.describe(ctx, edit.way.ID, d)
		}
	}
}

// describeQueries looks at the queries before they are saved: a query that cannot be
// described cannot be read either.
func (s *Server) describeQueries(ctx context.Context, edit *sourceEdit) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	for i := range edit.chosen {
		if d := &edit.chosen[i]; d.isQuery && d.Dataset.Query != "" {
			s.describe(ctx, edit.way.ID, d)
			if connectors.Is(d.problem, connectors.Unreachable) || ctx.Err() != nil {
				d.problem = nil // saved unchecked
			}
			if d.description != nil && sameSet(d.Columns, d.description.Schema.Names()) {
				d.Columns = nil
			}
		}
	}
}

func (s *Server) describe(ctx context.Context, authorizerID string, d *chosenDataset) {
	description, err := s.Engine.Describe(ctx, authorizerID, d.Dataset)
	if err != nil {
		d.problem = err
		return
	}
	d.description = &description
}

// patternNote says what a pattern selects now.
func (s *Server) patternNote(ctx context.Context, edit sourceEdit) string {
	found, err := s.Engine.Expand(ctx, edit.way.ID, edit.pattern)
	if err != nil {
		return problemLine(err)
	}
	return fmt.Sprintf("%d of %d match: %s.", len(found), len(edit.listing), firstNames(found))
}

// preview reads the first rows of one dataset.
func (s *Server) preview(ctx context.Context, edit sourceEdit, view *page.DatasetConfig) {
	d := edit.chosen[edit.previewed]
	start := time.Now()
	found, err := s.Engine.Preview(ctx, edit.way.ID, connectors.Selection{Dataset: d.Dataset, Columns: d.Columns, Key: d.Key}, previewRows)
	if err != nil {
		view.PreviewError = errorBox(err)
		return
	}
	table := dataTable("Preview of "+d.Name, found, d.Key, d.Cursor)
	view.Preview, view.PreviewTook, view.PreviewWarnings = &table, time.Since(start), found.Warnings
}

// sourceView fills the page.
func (s *Server) sourceView(c echo.Context, edit sourceEdit, options []component.Option) page.SourceForm {
	title := edit.stored.Name
	if edit.stored.ID == "" {
		title = "New source"
	}
	view := page.SourceForm{
		Shell: s.shell(c, title, "sources"), Form: edit.form(edit.problems, edit.back),
		ID: edit.stored.ID, Name: edit.typed.Name, AuthorizerID: edit.typed.AuthorizerID, Authorizers: options,
		CanQuery:  edit.way.ID != "" && edit.kind.Capabilities.Queries,
		CanUpload: edit.way.ID != "" && s.Uploads != nil && len(edit.kind.Capabilities.DatasetOptions) > 0,
		Pattern:   edit.pattern.Pattern, Exclude: strings.Join(edit.pattern.Exclude, ", "),
	}
	view.List = datasetList(edit)
	for i := range edit.chosen {
		view.Chosen = append(view.Chosen, datasetConfig(edit, i))
	}
	return view
}

// datasetList is the listing as far as it is searched for and shown.
func datasetList(edit sourceEdit) page.DatasetList {
	list := page.DatasetList{Loaded: edit.way.ID != "", Error: errorBox(edit.listed), Query: edit.query}
	chosen := names(edit.chosen, func(d chosenDataset) string { return d.Dataset.String() })
	for _, info := range edit.listing {
		name := listedName(info)
		if !matchesQuery(edit.query, name) {
			continue
		}
		list.Total++
		if len(list.Items) < shownDatasets {
			list.Items = append(list.Items, page.DatasetItem{
				Name: name, Kind: info.Kind, Rows: info.EstimatedRows, Selected: slices.Contains(chosen, name),
			})
		}
	}
	return list
}

// datasetConfig draws one chosen dataset.
func datasetConfig(edit sourceEdit, i int) page.DatasetConfig {
	d := edit.chosen[i]
	seen := seenDataset{Authorizer: edit.way.ID, Dataset: d.Dataset}
	out := page.DatasetConfig{
		Name: d.Name, IsQuery: d.isQuery, Query: d.Dataset.Query, Rows: -1, Cursor: d.Cursor, Overlap: d.Overlap, Nulls: string(d.Nulls),
		Open: i == edit.open || len(edit.chosen) == 1 || d.problem != nil, PreviewError: errorBox(d.problem),
	}
	if edit.kind.Capabilities.Cursors {
		out.NullsWays = nullsWays()
	}
	if d.description != nil {
		seen.Columns, seen.Primary = d.description.Schema.Names(), d.description.Schema.Key
		seen.Types = columnTypes(d.description.Schema)
		out.Rows, out.CursorHint = d.description.EstimatedRows, cursorHint(d.description.Cursors)
		out.Columns = describedColumns(d, len(edit.kind.Capabilities.DatasetOptions) > 0)
	} else {
		out.Columns = rememberedColumns(d.SourceDataset)
	}
	out.Options = optionFields(edit.kind.Capabilities.DatasetOptions, d, i)
	for _, field := range edit.kind.Capabilities.DatasetOptions {
		if field.Type == connectors.FieldBool {
			seen.Boxes = append(seen.Boxes, field.Name)
		}
	}
	out.Dataset = seen.encode()
	return out
}
