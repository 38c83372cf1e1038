package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"leat/authorizers"
	"leat/connectors"
	"leat/flows"
	"leat/ui/page"
)

// sourceEdit is a source being typed.
type sourceEdit struct {
	formVersion
	stored flows.Source
	typed  flows.Source // without datasets
	chosen []chosenDataset
	// added are ticked names that are not chosen yet.
	added    []string
	pattern  flows.SourceDataset
	query    string
	problems connectors.Problems
	back     string
	// open is the dataset whose card stands open, -1 for none; previewed the one whose
	// rows are shown.
	open, previewed int
	// fresh says that nothing has been chosen yet, so that prefilling is no surprise.
	fresh bool
	// returned says that a new source comes back from the form of an authorizer.
	returned bool
	way      authorizers.Authorizer
	kind     connectors.Descriptor
	listing  []connectors.DatasetInfo
	listed   error
}

func (e *sourceEdit) here() string {
	if e.stored.ID == "" {
		return page.New(page.SourcesPath)
	}
	return page.One(page.SourcesPath, e.stored.ID)
}

// newSource shows the empty form, or the one that was left for another.
func (s *Server) newSource(c echo.Context) error {
	form, drafted := s.draft(c)
	edit := readSource(flows.Source{}, form)
	edit.fresh = !drafted
	if !drafted {
		edit.back = returnPath(c.QueryParams())
	}
	if id := c.QueryParam("authorizer"); id != "" {
		edit.typed.AuthorizerID, edit.returned = id, true
	}
	return s.showSource(c, http.StatusOK, edit)
}

// editSource shows the form of a saved one.
func (s *Server) editSource(c echo.Context) error {
	source, err := s.Sources.Source(c.Request().Context(), c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the source: %w", err)
	}
	if form, ok := s.draft(c); ok {
		edit := readSource(source, form)
		if id := c.QueryParam("authorizer"); id != "" {
			edit.typed.AuthorizerID = id
		}
		return s.showSource(c, http.StatusOK, edit)
	}
	edit := sourceEdit{stored: source, typed: source, problems: connectors.Problems{}, back: returnPath(c.QueryParams()), open: -1, previewed: -1}
	edit.seen = source.UpdatedAt
	for _, d := range source.Datasets {
		if d.Pattern != "" && edit.pattern.Pattern == "" {
			edit.pattern = d
		} else if d.Pattern == "" {
			edit.chosen = append(edit.chosen, chosenDataset{SourceDataset: d, isQuery: d.Dataset.Query != ""})
		}
	}
	return s.showSource(c, http.StatusOK, edit)
}

// readSource reads the form over what is stored.
func readSource(stored flows.Source, form url.Values) sourceEdit {
	edit := sourceEdit{
		stored: stored, typed: stored, problems: connectors.Problems{}, back: returnPath(form), query: word(form, "q"), open: -1, previewed: -1,
		formVersion: versionIn(form, stored.ID),
	}
	edit.typed.Name, edit.typed.AuthorizerID = word(form, "name"), form.Get("authorizer")
	edit.chosen, edit.added = readTicks(form, readChosen(form, stored.Datasets, edit.typed.AuthorizerID))
	edit.pattern, _ = readPattern(form)
	return edit
}

// saveSource takes the form.
func (s *Server) saveSource(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	var stored flows.Source
	if id := c.Param("id"); id != "" {
		if stored, err = s.Sources.Source(c.Request().Context(), id); err != nil {
			return fmt.Errorf("find the source: %w", err)
		}
	}
	edit := readSource(stored, form)
	action := form.Get("action")
	if i, ok := actionIndex(action, "remove"); ok && i < len(edit.chosen) {
		edit.chosen = slices.Delete(edit.chosen, i, i+1)
		return s.showSource(c, http.StatusOK, edit)
	}
	if i, ok := actionIndex(action, "preview"); ok && i < len(edit.chosen) {
		edit.open, edit.previewed = i, i
		return s.showSource(c, http.StatusOK, edit)
	}
	switch action {
	case "new-authorizer":
		return s.leaveFor(c, page.New(page.AuthorizersPath), edit.here(), form)
	case "refresh":
		return s.showSource(c, http.StatusOK, edit)
	case "add-query":
		return s.showSource(c, http.StatusOK, edit.withQuery())
	case "upload":
		return s.uploadDataset(c, edit)
	default:
		return s.storeSource(c, edit)
	}
}

// withQuery adds an empty query.
func (e sourceEdit) withQuery() sourceEdit {
	taken := names(e.chosen, func(d chosenDataset) string { return d.Name })
	d := chosenDataset{isQuery: true}
	d.Name = freeName("query", taken)
	e.chosen = append(e.chosen, d)
	e.open = len(e.chosen) - 1
	return e
}

// uploadDataset keeps a sent file and chooses it.
func (s *Server) uploadDataset(c echo.Context, edit sourceEdit) error {
	if s.Uploads == nil {
		return echo.ErrNotFound
	}
	header, err := c.FormFile("upload")
	if err != nil || header.Size == 0 {
		edit.problems.Add("upload", "Choose a file first.")
		return s.showSource(c, http.StatusUnprocessableEntity, edit)
	}
	file, err := header.Open()
	if err != nil {
		return fmt.Errorf("open the sent file: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read
	name, err := s.Uploads.SaveFrom(c.Request().Context(), header.Filename, file, maxUpload)
	if err != nil {
		edit.problems.Add("upload", problemLine(err))
		return s.showSource(c, http.StatusUnprocessableEntity, edit)
	}
	taken := names(edit.chosen, func(d chosenDataset) string { return d.Name })
	edit.chosen = append(edit.chosen, chosenDataset{SourceDataset: flows.SourceDataset{
		Name: freeName(flows.FileStem(header.Filename), taken), Dataset: connectors.Dataset{Name: name},
	}})
	edit.open = len(edit.chosen) - 1
	return s.showSource(c, http.StatusOK, edit)
}

// storeSource saves what was typed when the domain has nothing against it.
func (s *Server) storeSource(c echo.Context, edit sourceEdit) error {
	ctx := c.Request().Context()
	var err error
	if edit.way, _, err = s.wayOf(ctx, edit.typed.AuthorizerID); err != nil {
		return err
	}
	if edit.way.ID == "" {
		edit.problems.Add("authorizer", "Choose an authorizer, or make a new one.")
		return s.showSource(c, http.StatusUnprocessableEntity, edit)
	}
	edit.kind, _ = s.descriptor(edit.way.Connector)
	s.choose(ctx, &edit)
	s.describeQueries(ctx, &edit)
	edit.typed.Datasets = edit.datasets()
	if err := edit.judge(); err != nil {
		return err
	}
	if len(edit.problems) > 0 {
		return s.showSource(c, http.StatusUnprocessableEntity, edit)
	}
	return s.keepSource(c, edit)
}

func (s *Server) keepSource(c echo.Context, edit sourceEdit) error {
	ctx := c.Request().Context()
	source := edit.typed
	if source.ID == "" {
		source.ID, source.CreatedAt = s.NewID(), s.Now()
	}
	if err := s.Edits.EditSource(ctx, source, edit.edit(c)); edit.overtaken(err, "source", page.One(page.SourcesPath, source.ID)) {
		return s.showSource(c, http.StatusUnprocessableEntity, edit)
	} else if nameTaken(err) {
		edit.problems.Add("name", "Another source is called "+source.Name+". Choose another name.")
		return s.showSource(c, http.StatusUnprocessableEntity, edit)
	} else if err != nil {
		return fmt.Errorf("save the source: %w", err)
	}
	s.flash(ctx, "ok", "Source "+source.Name+" is saved.")
	if edit.back != "" {
		return redirect(c, withParam(edit.back, "source", source.ID))
	}
	return redirect(c, page.SourcesPath)
}

// datasets are the chosen ones, the pattern, and what the form cannot show: further
// patterns of a source that was made by a configuration file.
func (e *sourceEdit) datasets() []flows.SourceDataset {
	var out []flows.SourceDataset
	for _, d := range e.chosen {
		out = append(out, d.SourceDataset)
	}
	first := true
	for _, d := range e.stored.Datasets {
		if d.Pattern == "" {
			continue
		}
		if !first {
			out = append(out, d)
		}
		if first && d.Pattern == e.pattern.Pattern { // keep its cursor, key and the rest
			exclude := e.pattern.Exclude
			e.pattern = d
			e.pattern.Exclude = exclude
		}
		first = false
	}
	if e.pattern.Pattern != "" {
		out = append(out, e.pattern)
	}
	return out
}

// judge asks the domain and names its problems after the form's inputs.
func (e *sourceEdit) judge() error {
	for i, d := range e.chosen {
		if d.noColumns {
			e.problems.Add(dsName(i, "columns"), "Tick at least one column.")
		}
		if d.problem != nil {
			e.problems.Add(dsName(i, "query"), problemLine(d.problem))
		}
	}
	found, err := problemsOf(e.typed.Validate(e.kind.Capabilities))
	if err != nil {
		return fmt.Errorf("judge the source: %w", err)
	}
	for field, text := range found {
		e.problems.Add(e.input(field), fieldSentence(text))
	}
	return nil
}

// input is the name of the form's field for a field of the domain, such as
// "datasets[2].cursor".
func (e *sourceEdit) input(field string) string {
	rest, ok := strings.CutPrefix(field, "datasets[")
	if !ok {
		return field
	}
	digits, inner, _ := strings.Cut(rest, "].")
	i, err := strconv.Atoi(strings.TrimSuffix(digits, "]"))
	if err != nil || i >= len(e.chosen) {
		return "pattern"
	}
	if inner == "" || inner == "dataset" {
		return "datasets"
	}
	if option, ok := strings.CutPrefix(inner, "options."); ok {
		inner = "option." + option
	}
	return dsName(i, inner)
}
