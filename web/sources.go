package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/flows"
	"leat/ui/page"
)

// sources lists the saved selections.
func (s *Server) sources(c echo.Context) error {
	ctx := c.Request().Context()
	all, err := s.Sources.Sources(ctx)
	if err != nil {
		return fmt.Errorf("list sources: %w", err)
	}
	ways, err := s.authorizersByID(ctx)
	if err != nil {
		return err
	}
	used, err := s.flowUse(ctx)
	if err != nil {
		return err
	}
	view := page.Sources{Shell: s.shell(c, "Sources", "sources"), CanEdit: may(c, accounts.Edit), Query: c.QueryParam("q")}
	for _, source := range all {
		way := ways[source.AuthorizerID]
		item := page.SourceItem{
			ID: source.ID, Name: source.Name, Authorizer: authorizerRef(way), Connector: s.authorizerItem(way).Connector,
			Datasets: len(source.Datasets), Summary: firstNames(source.Datasets), UsedBy: len(used.sources[source.ID]),
		}
		if matchesQuery(view.Query, append(datasetNames(source.Datasets), item.Name, way.Name, item.Connector)...) {
			view.Items = append(view.Items, item)
		}
	}
	return s.ok(c, page.SourcesPage(view))
}

func datasetNames(datasets []flows.SourceDataset) []string {
	return names(datasets, func(d flows.SourceDataset) string { return d.Name })
}

// shownNames is how many datasets a list names.
const shownNames = 3

func firstNames(datasets []flows.SourceDataset) string {
	all := datasetNames(datasets)
	if len(all) > shownNames {
		return strings.Join(all[:shownNames], ", ") + ", …"
	}
	return strings.Join(all, ", ")
}

// askDeleteSource asks, or says what is in the way.
func (s *Server) askDeleteSource(c echo.Context) error {
	source, err := s.Sources.Source(c.Request().Context(), c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the source: %w", err)
	}
	return s.confirmSource(c, http.StatusOK, source)
}

func (s *Server) confirmSource(c echo.Context, status int, source flows.Source) error {
	used, err := s.flowUse(c.Request().Context())
	if err != nil {
		return err
	}
	here := page.One(page.SourcesPath, source.ID)
	return s.confirm(c, status, page.Confirm{
		Shell: s.shell(c, "Delete "+source.Name, "sources"), Title: "Delete source " + source.Name,
		Text:   "The selection is removed from Leat. The system it reads stays as it is.",
		Action: here + "/delete", Button: "Delete source", CancelHref: here,
		Refusal: "The source is in use", Users: used.sources[source.ID],
	})
}

// deleteSource removes one that no flow reads.
func (s *Server) deleteSource(c echo.Context) error {
	ctx := c.Request().Context()
	source, err := s.Sources.Source(ctx, c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the source: %w", err)
	}
	if err := s.Sources.DeleteSource(ctx, source.ID); inUse(err) {
		return s.confirmSource(c, http.StatusConflict, source)
	} else if err != nil {
		return fmt.Errorf("delete the source: %w", err)
	}
	s.flash(ctx, "ok", "Source "+source.Name+" is deleted.")
	return redirect(c, page.SourcesPath)
}
