package web

import (
	"context"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/authorizers"
	"leat/connectors"
	"leat/flows"
	"leat/ui/component"
	"leat/ui/page"
)

// destinations lists the places to load into.
func (s *Server) destinations(c echo.Context) error {
	ctx := c.Request().Context()
	all, err := s.Destinations.Destinations(ctx)
	if err != nil {
		return fmt.Errorf("list destinations: %w", err)
	}
	ways, err := s.authorizersByID(ctx)
	if err != nil {
		return err
	}
	used, err := s.flowUse(ctx)
	if err != nil {
		return err
	}
	view := page.Destinations{Shell: s.shell(c, "Destinations", "destinations"), CanEdit: may(c, accounts.Edit), Query: c.QueryParam("q")}
	for _, d := range all {
		way := s.authorizerItem(ways[d.AuthorizerID])
		item := page.DestinationItem{
			ID: d.ID, Name: d.Name, Authorizer: authorizerRef(ways[d.AuthorizerID]), Connector: way.Connector, Where: way.Where,
			DefaultSchema: d.DefaultSchema, UsedBy: len(used.destinations[d.ID]),
		}
		if matchesQuery(view.Query, item.Name, item.Connector, item.Where, way.Name) {
			view.Items = append(view.Items, item)
		}
	}
	return s.ok(c, page.DestinationsPage(view))
}

func authorizerRef(a authorizers.Authorizer) page.Ref {
	return page.Ref{Label: a.Name, Href: page.One(page.AuthorizersPath, a.ID)}
}

func (s *Server) authorizersByID(ctx context.Context) (map[string]authorizers.Authorizer, error) {
	all, err := s.Authorizers.Authorizers(ctx)
	if err != nil {
		return nil, fmt.Errorf("list authorizers: %w", err)
	}
	out := map[string]authorizers.Authorizer{}
	for _, a := range all {
		out[a.ID] = a
	}
	return out, nil
}

// authorizerOptions are the authorizers that can play a role, and which one to choose
// when the form names none.
func (s *Server) authorizerOptions(ctx context.Context, plays func(connectors.Capabilities) bool) ([]component.Option, map[string]authorizers.Authorizer, error) {
	ways, err := s.authorizersByID(ctx)
	if err != nil {
		return nil, nil, err
	}
	all, err := s.Authorizers.Authorizers(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list authorizers: %w", err)
	}
	var options []component.Option
	for _, a := range all {
		descriptor, ok := s.descriptor(a.Connector)
		if ok && plays(descriptor.Capabilities) {
			options = append(options, component.Option{Value: a.ID, Label: a.Name + " (" + descriptor.Title + ")"})
		}
	}
	return options, ways, nil
}

func authorizerNames(ways map[string]authorizers.Authorizer) []string {
	var out []string
	for _, a := range ways {
		out = append(out, a.Name)
	}
	return out
}

func canLoad(c connectors.Capabilities) bool { return c.Loads }
func canRead(c connectors.Capabilities) bool { return c.Reads }

// use lists the flows that read each source and write to each destination.
type use struct{ sources, destinations map[string][]page.Ref }

func (s *Server) flowUse(ctx context.Context) (use, error) {
	all, err := s.Flows.Flows(ctx)
	if err != nil {
		return use{}, fmt.Errorf("list flows: %w", err)
	}
	out := use{sources: map[string][]page.Ref{}, destinations: map[string][]page.Ref{}}
	for _, f := range all {
		ref := page.Ref{Label: "Flow " + f.Name, Href: page.One(page.FlowsPath, f.ID)}
		out.destinations[f.DestinationID] = append(out.destinations[f.DestinationID], ref)
		for id := range sourcesOf(f) {
			out.sources[id] = append(out.sources[id], ref)
		}
	}
	return out, nil
}

// sourcesOf is the set of sources that a flow reads.
func sourcesOf(f flows.Flow) map[string]bool {
	out := map[string]bool{}
	for _, stream := range f.Streams {
		for _, input := range stream.From {
			out[input.SourceID] = true
		}
	}
	return out
}

// askDeleteDestination asks, or says what is in the way.
func (s *Server) askDeleteDestination(c echo.Context) error {
	d, err := s.Destinations.Destination(c.Request().Context(), c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the destination: %w", err)
	}
	return s.confirmDestination(c, http.StatusOK, d)
}

func (s *Server) confirmDestination(c echo.Context, status int, d flows.Destination) error {
	used, err := s.flowUse(c.Request().Context())
	if err != nil {
		return err
	}
	here := page.One(page.DestinationsPath, d.ID)
	return s.confirm(c, status, page.Confirm{
		Shell: s.shell(c, "Delete "+d.Name, "destinations"), Title: "Delete destination " + d.Name,
		Text:   "It is removed from Leat. The tables at the destination stay as they are.",
		Action: here + "/delete", Button: "Delete destination", CancelHref: here,
		Refusal: "The destination is in use", Users: used.destinations[d.ID],
	})
}

// deleteDestination removes one that no flow uses.
func (s *Server) deleteDestination(c echo.Context) error {
	ctx := c.Request().Context()
	d, err := s.Destinations.Destination(ctx, c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the destination: %w", err)
	}
	if err := s.Destinations.DeleteDestination(ctx, d.ID); inUse(err) {
		return s.confirmDestination(c, http.StatusConflict, d)
	} else if err != nil {
		return fmt.Errorf("delete the destination: %w", err)
	}
	s.flash(ctx, "ok", "Destination "+d.Name+" is deleted.")
	return redirect(c, page.DestinationsPath)
}
