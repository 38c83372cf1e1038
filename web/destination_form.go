package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"leat/authorizers"
	"leat/connectors"
	"leat/flows"
	"leat/ui/component"
	"leat/ui/page"
)

// askTimeout is how long a form waits for a system before it goes on without it.
const askTimeout = 5 * time.Second

// destinationEdit is a destination being typed.
type destinationEdit struct {
	formVersion
	stored, typed flows.Destination
	problems      connectors.Problems
	back          string
	// schema is filled once it was asked for.
	schema page.SchemaState
	asked  bool
	// returned says that a new destination comes back from the form of an authorizer.
	returned bool
}

// newDestination shows the empty form, or the one that was left for another.
func (s *Server) newDestination(c echo.Context) error {
	form, drafted := s.draft(c)
	edit := destinationEdit{typed: readDestination(flows.Destination{}, form), problems: connectors.Problems{}, back: returnPath(form)}
	if !drafted {
		edit.back = returnPath(c.QueryParams())
	}
	if id := c.QueryParam("authorizer"); id != "" {
		edit.typed.AuthorizerID, edit.returned = id, true
	}
	return s.showDestination(c, http.StatusOK, edit)
}

// editDestination shows the form of a saved one.
func (s *Server) editDestination(c echo.Context) error {
	d, err := s.Destinations.Destination(c.Request().Context(), c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the destination: %w", err)
	}
	edit := destinationEdit{stored: d, typed: d, problems: connectors.Problems{}, back: returnPath(c.QueryParams())}
	edit.seen = d.UpdatedAt
	if form, ok := s.draft(c); ok {
		edit.typed, edit.back, edit.formVersion = readDestination(d, form), returnPath(form), versionIn(form, d.ID)
	}
	if id := c.QueryParam("authorizer"); id != "" {
		edit.typed.AuthorizerID = id
	}
	return s.showDestination(c, http.StatusOK, edit)
}

func readDestination(stored flows.Destination, form url.Values) flows.Destination {
	d := stored
	d.Name, d.AuthorizerID, d.DefaultSchema = word(form, "name"), form.Get("authorizer"), word(form, "default_schema")
	return d
}

// saveDestination takes the form: save, refresh or new-authorizer.
func (s *Server) saveDestination(c echo.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	edit := destinationEdit{problems: connectors.Problems{}, back: returnPath(form), formVersion: versionIn(form, c.Param("id"))}
	here := page.New(page.DestinationsPath)
	if id := c.Param("id"); id != "" {
		if edit.stored, err = s.Destinations.Destination(c.Request().Context(), id); err != nil {
			return fmt.Errorf("find the destination: %w", err)
		}
		here = page.One(page.DestinationsPath, id)
	}
	edit.typed = readDestination(edit.stored, form)
	switch form.Get("action") {
	case "new-authorizer":
		return s.leaveFor(c, page.New(page.AuthorizersPath), here, form)
	case "refresh":
		return s.showDestination(c, http.StatusOK, edit)
	default:
		return s.storeDestination(c, edit)
	}
}

// storeDestination saves what was typed. A schema that is missing is refused; one that
// could not be asked for is saved unchecked.
func (s *Server) storeDestination(c echo.Context, edit destinationEdit) error {
	ctx := c.Request().Context()
	way, capabilities, err := s.wayOf(ctx, edit.typed.AuthorizerID)
	if err != nil {
		return err
	}
	if way.ID == "" {
		edit.problems.Add("authorizer", "Choose an authorizer, or make a new one.")
		return s.showDestination(c, http.StatusUnprocessableEntity, edit)
	}
	found, err := problemsOf(edit.typed.Validate(capabilities))
	if err != nil {
		return fmt.Errorf("judge the destination: %w", err)
	}
	for field, text := range found {
		edit.problems.Add(field, fieldSentence(text))
	}
	edit.askSchema(ctx, s, way)
	if edit.schema.Missing {
		edit.problems.Add("default_schema", "This schema does not exist. See below what creates it, or take another.")
	}
	if edit.schema.Denied {
		edit.problems.Add("default_schema", "This user may not create tables in this schema. See below what allows it, or take another.")
	}
	if len(edit.problems) > 0 {
		return s.showDestination(c, http.StatusUnprocessableEntity, edit)
	}
	return s.keepDestination(c, edit)
}

func (s *Server) keepDestination(c echo.Context, edit destinationEdit) error {
	ctx := c.Request().Context()
	d := edit.typed
	if d.ID == "" {
		d.ID, d.CreatedAt = s.NewID(), s.Now()
	}
	if err := s.Edits.EditDestination(ctx, d, edit.edit(c)); edit.overtaken(err, "destination", page.One(page.DestinationsPath, d.ID)) {
		return s.showDestination(c, http.StatusUnprocessableEntity, edit)
	} else if nameTaken(err) {
		edit.problems.Add("name", "Another destination is called "+d.Name+". Choose another name.")
		return s.showDestination(c, http.StatusUnprocessableEntity, edit)
	} else if err != nil {
		return fmt.Errorf("save the destination: %w", err)
	}
	if edit.schema.Unreachable != "" {
		s.flash(ctx, "warn", "Destination "+d.Name+" is saved unchecked: "+edit.schema.Unreachable)
	} else {
		s.flash(ctx, "ok", "Destination "+d.Name+" is saved.")
	}
	if edit.back != "" {
		return redirect(c, withParam(edit.back, "destination", d.ID))
	}
	return redirect(c, page.DestinationsPath)
}

// wayOf finds an authorizer and what its kind can do; both are zero when there is none.
func (s *Server) wayOf(ctx context.Context, id string) (authorizers.Authorizer, connectors.Capabilities, error) {
	if id == "" {
		return authorizers.Authorizer{}, connectors.Capabilities{}, nil
	}
	a, err := s.Authorizers.Authorizer(ctx, id)
	if isMissing(err) {
		return authorizers.Authorizer{}, connectors.Capabilities{}, nil
	}
	if err != nil {
		return a, connectors.Capabilities{}, fmt.Errorf("find the authorizer: %w", err)
	}
	descriptor, _ := s.descriptor(a.Connector)
	return a, descriptor.Capabilities, nil
}

// askSchema asks the destination whether the default schema can be used.
func (e *destinationEdit) askSchema(ctx context.Context, s *Server, way authorizers.Authorizer) {
	if e.asked || e.typed.DefaultSchema == "" {
		return
	}
	e.asked = true
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	schemas, err := s.Engine.AuthorizerSchemas(ctx, way.ID)
	if err != nil {
		e.schema.Unreachable = problemLine(err)
		return
	}
	e.schema = schemaState(e.typed.DefaultSchema, schemas, way.Settings["username"])
}

// schemaState compares the wanted schema with what is there.
func schemaState(wanted string, schemas []connectors.SchemaInfo, user string) page.SchemaState {
	state := page.SchemaState{Checked: true, Missing: true}
	exists := false
	for _, schema := range schemas {
		if schema.Writable {
			state.Writable = append(state.Writable, schema.Name)
		}
		if schema.Name == wanted {
			exists, state.Missing, state.Denied = true, false, !schema.Writable
		}
	}
	if !state.Missing && !state.Denied {
		return state
	}
	var statements []string
	if !exists {
		statements = append(statements, "CREATE SCHEMA "+quoted(wanted)+";")
	}
	if user != "" {
		statements = append(statements, "GRANT USAGE, CREATE ON SCHEMA "+quoted(wanted)+" TO "+quoted(user)+";")
	}
	state.FixSQL = strings.Join(statements, "\n")
	return state
}

// quoted writes a name for SQL that a person copies.
func quoted(name string) string {
	plain := name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) && (name[0] < '0' || name[0] > '9')
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// showDestination prefills what can be prefilled and renders the form.
func (s *Server) showDestination(c echo.Context, status int, edit destinationEdit) error {
	ctx := c.Request().Context()
	options, ways, err := s.authorizerOptions(ctx, canLoad)
	if err != nil {
		return err
	}
	if edit.typed.AuthorizerID == "" && len(options) == 1 && status == http.StatusOK {
		edit.typed.AuthorizerID = options[0].Value
	}
	way, known := ways[edit.typed.AuthorizerID]
	if known && edit.typed.DefaultSchema == "" {
		descriptor, _ := s.descriptor(way.Connector)
		edit.typed.DefaultSchema = descriptor.Capabilities.DefaultSchema
	}
	if edit.typed.Name == "" && status == http.StatusOK || edit.returned && isProposed(edit.typed.Name, append(authorizerNames(ways), proposedDestination)) {
		if edit.typed.Name, err = s.destinationName(ctx, way.Name); err != nil {
			return err
		}
	}
	if known {
		edit.askSchema(ctx, s, way)
	}
	return s.renderDestination(c, status, edit, options)
}

func (s *Server) renderDestination(c echo.Context, status int, edit destinationEdit, options []component.Option) error {
	title := edit.stored.Name
	if edit.stored.ID == "" {
		title = "New destination"
	}
	view := page.DestinationForm{
		Shell: s.shell(c, title, "destinations"), Form: edit.form(edit.problems, edit.back),
		ID: edit.stored.ID, Name: edit.typed.Name, AuthorizerID: edit.typed.AuthorizerID, Authorizers: options,
		DefaultSchema: edit.typed.DefaultSchema, Schema: edit.schema,
	}
	if edit.stored.ID != "" {
		used, err := s.flowUse(c.Request().Context())
		if err != nil {
			return err
		}
		view.UsedBy = used.destinations[edit.stored.ID]
	}
	if status == http.StatusOK {
		return s.ok(c, page.DestinationPage(view))
	}
	return s.refused(c, page.DestinationPage(view))
}

// proposedDestination is the name of a new destination while nothing is known of it.
const proposedDestination = "warehouse"

// destinationName is a free name for a new destination.
func (s *Server) destinationName(ctx context.Context, authorizer string) (string, error) {
	if authorizer == "" {
		authorizer = proposedDestination
	}
	all, err := s.Destinations.Destinations(ctx)
	if err != nil {
		return "", fmt.Errorf("list destinations: %w", err)
	}
	taken := names(all, func(d flows.Destination) string { return d.Name })
	return freeName(authorizer, taken), nil
}
