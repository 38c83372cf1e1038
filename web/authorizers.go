package web

import (
	"context"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/authorizers"
	"leat/connectors"
	"leat/ui/page"
)

// authorizers lists the saved ways into systems.
func (s *Server) authorizers(c echo.Context) error {
	ctx := c.Request().Context()
	all, err := s.Authorizers.Authorizers(ctx)
	if err != nil {
		return fmt.Errorf("list authorizers: %w", err)
	}
	used, err := s.authorizerUse(ctx)
	if err != nil {
		return err
	}
	view := page.Authorizers{Shell: s.shell(c, "Authorizers", "authorizers"), CanEdit: may(c, accounts.Edit), Query: c.QueryParam("q")}
	for _, a := range all {
		item := s.authorizerItem(a)
		item.UsedBy = used[a.ID]
		if matchesQuery(view.Query, item.Name, item.Connector, item.Where) {
			view.Items = append(view.Items, item)
		}
	}
	return s.ok(c, page.AuthorizersPage(view))
}

func (s *Server) authorizerItem(a authorizers.Authorizer) page.AuthorizerItem {
	item := page.AuthorizerItem{ID: a.ID, Name: a.Name, Connector: a.Connector, Incomplete: len(a.Missing) > 0}
	if descriptor, ok := s.descriptor(a.Connector); ok {
		item.Connector, item.Where = descriptor.Title, where(a, descriptor)
		if descriptor.Capabilities.Networked {
			item.TLS = string(a.TLS.Mode)
		}
	}
	if a.LastCheck != nil {
		item.CheckedAt, item.CheckState = a.LastCheck.At, "failed"
		if a.LastCheck.OK {
			item.CheckState = "passed"
		}
	}
	return item
}

// where says where an authorizer leads, from its plain settings only.
func where(a authorizers.Authorizer, descriptor connectors.Descriptor) string {
	if descriptor.Where == nil {
		return ""
	}
	return descriptor.Where(authorizers.Authorizer{Settings: a.Settings}.Merged(descriptor))
}

// descriptor finds what is known of a kind of system.
func (s *Server) descriptor(kind string) (connectors.Descriptor, bool) {
	connector, ok := s.Catalog.Connector(kind)
	if !ok {
		return connectors.Descriptor{}, false
	}
	return connector.Descriptor(), true
}

// authorizerUse counts the sources and destinations of each authorizer.
func (s *Server) authorizerUse(ctx context.Context) (map[string]int, error) {
	sources, err := s.Sources.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	destinations, err := s.Destinations.Destinations(ctx)
	if err != nil {
		return nil, fmt.Errorf("list destinations: %w", err)
	}
	count := map[string]int{}
	for _, source := range sources {
		count[source.AuthorizerID]++
	}
	for _, destination := range destinations {
		count[destination.AuthorizerID]++
	}
	return count, nil
}

// authorizerUsers are links to what uses an authorizer.
func (s *Server) authorizerUsers(ctx context.Context, id string) ([]page.Ref, error) {
	sources, err := s.Sources.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	destinations, err := s.Destinations.Destinations(ctx)
	if err != nil {
		return nil, fmt.Errorf("list destinations: %w", err)
	}
	var refs []page.Ref
	for _, source := range sources {
		if source.AuthorizerID == id {
			refs = append(refs, page.Ref{Label: "Source " + source.Name, Href: page.One(page.SourcesPath, source.ID)})
		}
	}
	for _, destination := range destinations {
		if destination.AuthorizerID == id {
			refs = append(refs, page.Ref{Label: "Destination " + destination.Name, Href: page.One(page.DestinationsPath, destination.ID)})
		}
	}
	return refs, nil
}

// askDeleteAuthorizer asks, or says what is in the way.
func (s *Server) askDeleteAuthorizer(c echo.Context) error {
	a, err := s.Authorizers.Authorizer(c.Request().Context(), c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the authorizer: %w", err)
	}
	return s.confirmAuthorizer(c, http.StatusOK, a)
}

func (s *Server) confirmAuthorizer(c echo.Context, status int, a authorizers.Authorizer) error {
	users, err := s.authorizerUsers(c.Request().Context(), a.ID)
	if err != nil {
		return err
	}
	here := page.One(page.AuthorizersPath, a.ID)
	return s.confirm(c, status, page.Confirm{
		Shell: s.shell(c, "Delete "+a.Name, "authorizers"), Title: "Delete authorizer " + a.Name,
		Text:   "Its settings and secrets are removed from Leat. Nothing changes in the system it leads to.",
		Action: here + "/delete", Button: "Delete authorizer", CancelHref: here,
		Refusal: "The authorizer is in use", Users: users,
	})
}

// confirm renders the page that asks; when something is in the way it is a conflict.
func (s *Server) confirm(c echo.Context, status int, view page.Confirm) error {
	return s.render(c, status, page.ConfirmPage(view))
}

// deleteAuthorizer removes one that nothing uses.
func (s *Server) deleteAuthorizer(c echo.Context) error {
	ctx := c.Request().Context()
	a, err := s.Authorizers.Authorizer(ctx, c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the authorizer: %w", err)
	}
	if err := s.Authorizers.DeleteAuthorizer(ctx, a.ID); inUse(err) {
		return s.confirmAuthorizer(c, http.StatusConflict, a)
	} else if err != nil {
		return fmt.Errorf("delete the authorizer: %w", err)
	}
	s.flash(ctx, "ok", "Authorizer "+a.Name+" is deleted.")
	return redirect(c, page.AuthorizersPath)
}
