package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"leat/connectors"
	"leat/flows"
	"leat/ui/page"
)

// flowEdit is a flow being typed, with what the form has to know of its ends.
type flowEdit struct {
	formVersion
	stored, typed flows.Flow
	problems      connectors.Problems
	// consents are the values that are ticked; posted says that the form came from a person
	// and not from the store.
	consents []string
	posted   bool
	warnings []string
	back     string

	sources      []flows.Source
	destinations []flows.Destination
	capabilities connectors.Capabilities
	// ends is what is known of the ends of each stream; asked says that they were asked.
	ends  []streamSeen
	asked bool
}

func (e *flowEdit) here() string {
	if e.stored.ID == "" {
		return page.New(page.FlowsPath)
	}
	return page.Sub(page.FlowsPath, e.stored.ID, "edit")
}

// newFlow shows the empty form, or the one that was left for another.
func (s *Server) newFlow(c echo.Context) error {
	edit := flowEdit{problems: connectors.Problems{}}
	if form, ok := s.draft(c); ok {
		edit = readFlowEdit(flows.Flow{}, form)
		clear(edit.problems)
	} else {
		edit.typed.Streams = []flows.Stream{{From: []flows.StreamInput{{}}}}
	}
	return s.comeBack(c, edit)
}

// editFlow shows the form of a saved flow.
func (s *Server) editFlow(c echo.Context) error {
	f, err := s.Flows.Flow(c.Request().Context(), c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the flow: %w", err)
	}
	edit := flowEdit{stored: f, typed: f, problems: connectors.Problems{}, formVersion: formVersion{seen: f.UpdatedAt}}
	if form, ok := s.draft(c); ok {
		edit = readFlowEdit(f, form)
		clear(edit.problems)
	}
	return s.comeBack(c, edit)
}

// comeBack puts what was just created into the form.
func (s *Server) comeBack(c echo.Context, edit flowEdit) error {
	if err := s.loadEnds(c.Request().Context(), &edit); err != nil {
		return err
	}
	s.findEnds(c.Request().Context(), &edit)
	if edit.posted {
		edit.agree()
	} else {
		edit.consents = edit.agreements()
	}
	if id := c.QueryParam("destination"); id != "" {
		edit.typed.DestinationID = id
	}
	if id := c.QueryParam("source"); id != "" {
		edit.takeSource(id)
	}
	return s.showFlow(c, http.StatusOK, edit)
}

// takeSource puts a new source into the first stream without one, and its further
// datasets into streams of their own.
func (e *flowEdit) takeSource(id string) {
	at := slices.IndexFunc(e.typed.Streams, func(x flows.Stream) bool { return x.From[0].SourceID == "" })
	source := e.source(id)
	if at < 0 || len(source.Datasets) == 0 {
		return
	}
	for i, d := range source.Datasets {
		input := flows.StreamInput{SourceID: id, Dataset: d.Name}
		if i == 0 {
			e.typed.Streams[at].From[0] = input
			continue
		}
		e.typed.Streams = slices.Insert(e.typed.Streams, at+i, flows.Stream{From: []flows.StreamInput{input}})
	}
}

func (e *flowEdit) source(id string) flows.Source {
	i := slices.IndexFunc(e.sources, func(x flows.Source) bool { return x.ID == id })
	if i < 0 {
		return flows.Source{}
	}
	return e.sources[i]
}

func (e *flowEdit) destination() flows.Destination {
	i := slices.IndexFunc(e.destinations, func(x flows.Destination) bool { return x.ID == e.typed.DestinationID })
	if i < 0 {
		return flows.Destination{}
	}
	return e.destinations[i]
}

func readFlowEdit(stored flows.Flow, form url.Values) flowEdit {
	edit := flowEdit{stored: stored, problems: connectors.Problems{}, posted: true, consents: form["consent"], back: returnPath(form), formVersion: versionIn(form, stored.ID)}
	edit.typed = readFlow(stored, form, edit.problems)
	if len(edit.typed.Streams) == 0 {
		edit.typed.Streams = []flows.Stream{{From: []flows.StreamInput{{}}}}
	}
	return edit
}

// loadEnds reads the lists that the form chooses from.
func (s *Server) loadEnds(ctx context.Context, edit *flowEdit) error {
	var err error
	if edit.sources, err = s.Sources.Sources(ctx); err != nil {
		return fmt.Errorf("list sources: %w", err)
	}
	if edit.destinations, err = s.Destinations.Destinations(ctx); err != nil {
		return fmt.Errorf("list destinations: %w", err)
	}
	return nil
}

// saveFlow takes the form and the preview's form.
func (s *Server) saveFlow(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	var stored flows.Flow
	if id := c.Param("id"); id != "" {
		if stored, err = s.Flows.Flow(ctx, id); err != nil {
			return fmt.Errorf("find the flow: %w", err)
		}
	}
	edit := readFlowEdit(stored, form)
	if err := s.loadEnds(ctx, &edit); err != nil {
		return err
	}
	s.findEnds(ctx, &edit)
	edit.agree()
	action := form.Get("action")
	if !slices.Contains([]string{"preview", "save", "overwrite"}, action) { // those take what was shown
		edit.follow(form)
	}
	if i, ok := actionIndex(action, "remove"); ok && i < len(edit.typed.Streams) && len(edit.typed.Streams) > 1 {
		edit.typed.Streams = slices.Delete(edit.typed.Streams, i, i+1)
		action = "refresh"
	}
	switch action {
	case "new-source":
		return s.leaveFor(c, page.New(page.SourcesPath), edit.here(), form)
	case "new-destination":
		return s.leaveFor(c, page.New(page.DestinationsPath), edit.here(), form)
	case "add-stream":
		edit.typed.Streams = append(edit.typed.Streams, flows.Stream{From: []flows.StreamInput{{}}})
		return s.reshowFlow(c, edit)
	case "refresh", "edit":
		return s.reshowFlow(c, edit)
	case "preview":
		return s.previewFlow(c, edit, form)
	default:
		return s.storeFlow(c, edit)
	}
}

// reshowFlow renders the form as typed; nobody asked yet whether it is right.
func (s *Server) reshowFlow(c echo.Context, edit flowEdit) error {
	clear(edit.problems)
	return s.showFlow(c, http.StatusOK, edit)
}

// storeFlow saves what was typed when neither the domain nor the ends have anything
// against it.
func (s *Server) storeFlow(c echo.Context, edit flowEdit) error {
	findings, _ := s.judgeFlow(c.Request().Context(), &edit)
	if len(edit.problems) > 0 {
		return s.showFlow(c, http.StatusUnprocessableEntity, edit)
	}
	return s.keepFlow(c, edit, openPoints(findings))
}

// keepFlow stores the flow; open says what is left to do or to check.
func (s *Server) keepFlow(c echo.Context, edit flowEdit, open string) error {
	ctx := c.Request().Context()
	f := edit.typed
	if f.ID == "" {
		f.ID, f.CreatedAt = s.NewID(), s.Now()
	}
	if err := s.Edits.EditFlow(ctx, f, edit.edit(c)); edit.overtaken(err, "flow", page.One(page.FlowsPath, f.ID)) {
		return s.showFlow(c, http.StatusUnprocessableEntity, edit)
	} else if nameTaken(err) {
		edit.problems.Add("name", "Another flow is called "+f.Name+". Choose another name.")
		return s.showFlow(c, http.StatusUnprocessableEntity, edit)
	} else if err != nil {
		return fmt.Errorf("save the flow: %w", err)
	}
	if open != "" {
		s.flash(ctx, "warn", "Flow "+f.Name+" is saved. "+open)
	} else {
		s.flash(ctx, "ok", "Flow "+f.Name+" is saved.")
	}
	return redirect(c, page.One(page.FlowsPath, f.ID))
}
