package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/flows"
	"leat/ui/component"
	"leat/ui/page"
)

// recentRuns is how many runs the first page shows.
const recentRuns = 10

// home says what needs a person, what runs, and what ran.
func (s *Server) home(c echo.Context) error {
	ctx := c.Request().Context()
	all, err := s.Flows.Flows(ctx)
	if err != nil {
		return fmt.Errorf("list flows: %w", err)
	}
	view := page.Home{Shell: s.shell(c, "Home", "home"), CanEdit: may(c, accounts.Edit), NoFlows: len(all) == 0}
	last, err := s.Runs.LastRuns(ctx, judgedRuns)
	if err != nil {
		return fmt.Errorf("list the last runs: %w", err)
	}
	succeeded, err := s.lastSuccesses(ctx)
	if err != nil {
		return err
	}
	for _, f := range all {
		if item, ok := s.attention(f, last[f.ID], succeeded[f.ID]); ok {
			view.Attention = append(view.Attention, item)
		}
	}
	if err := s.homeRuns(ctx, &view); err != nil {
		return err
	}
	if view.CanEdit && !isDismissed(c.Request()) {
		if view.Checklist, err = s.checklist(ctx, all, view); err != nil {
			return err
		}
	}
	return s.ok(c, page.HomePage(view))
}

// attention is a flow that waits for a person.
func (s *Server) attention(f flows.Flow, runs []flows.Run, lastSuccess time.Time) (page.Attention, bool) {
	status := stateOf(f, runs)
	status.LastSuccess = lastSuccess
	if isWaiting := status.State == "broken" || status.State == "reconnecting"; !isWaiting {
		if status.Freshness = s.freshness(f, status); status.Freshness != "stale" {
			return page.Attention{}, false
		}
	}
	item := page.Attention{State: status.State, Title: f.Name, Href: page.One(page.FlowsPath, f.ID)}
	if status.Failed == nil {
		item.State, item.At, item.Text = "stale", status.LastSuccess, "It has missed two of its runs."
		return item, true
	}
	item.At, item.Text = status.Failed.EndedAt, "The last run failed."
	if status.Failed.Error != nil {
		item.Text, item.Fix = sentence(status.Failed.Error.Message), status.Failed.Error.Fix
	}
	item.Button = page.Ref{Label: "See the run", Href: page.One(page.RunsPath, status.Failed.ID)}
	return item, true
}

// homeRuns fills what runs, what ran, and the sums of a day.
func (s *Server) homeRuns(ctx context.Context, view *page.Home) error {
	running, err := s.Runs.Runs(ctx, flows.RunFilter{Status: activeStatus, Limit: recentRuns})
	if err != nil {
		return fmt.Errorf("list running runs: %w", err)
	}
	recent, err := s.Runs.Runs(ctx, flows.RunFilter{Status: endedStatus, Limit: recentRuns})
	if err != nil {
		return fmt.Errorf("list the last runs: %w", err)
	}
	if view.Running, err = s.runItems(ctx, running); err != nil {
		return err
	}
	if view.Recent, err = s.runItems(ctx, recent); err != nil {
		return err
	}
	view.Day, err = s.dayFigures(ctx)
	return err
}

var (
	activeStatus = []flows.RunStatus{flows.RunQueued, flows.RunRunning, flows.RunWaiting, flows.RunUnknown}
	endedStatus  = []flows.RunStatus{flows.RunSucceeded, flows.RunPartial, flows.RunFailed, flows.RunCancelled, flows.RunSkipped}
)

// dayFigures are the sums of the runs of the last 24 hours.
func (s *Server) dayFigures(ctx context.Context) (page.DayFigures, error) {
	var figures page.DayFigures
	sums, err := s.Runs.RunSums(ctx, s.Now().Add(-day))
	if err != nil {
		return figures, fmt.Errorf("add up a day: %w", err)
	}
	for _, sum := range sums {
		figures.Succeeded += int(sum.Succeeded)
		figures.Failed += int(sum.Failed)
		figures.Rows += sum.RowsRead
		figures.Bytes += sum.Bytes
	}
	return figures, nil
}

// checklist are the first steps; each ticks itself.
func (s *Server) checklist(ctx context.Context, all []flows.Flow, view page.Home) ([]page.Step, error) {
	sources, err := s.Sources.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	destinations, err := s.Destinations.Destinations(ctx)
	if err != nil {
		return nil, fmt.Errorf("list destinations: %w", err)
	}
	firstFlow := page.FlowsPath
	if len(all) > 0 {
		firstFlow = page.One(page.FlowsPath, all[0].ID)
	}
	return []page.Step{
		{Label: "Create a source", Help: "What to read: tables, a query or files.", Href: page.New(page.SourcesPath), Done: len(sources) > 0},
		{Label: "Create a destination", Help: "Where the rows go.", Href: page.New(page.DestinationsPath), Done: len(destinations) > 0},
		{Label: "Create a flow", Help: "Which dataset goes to which table, how and when.", Href: page.New(page.FlowsPath), Done: len(all) > 0},
		{Label: "Run it once", Help: "And see the rows arrive.", Href: firstFlow, Done: len(view.Recent) > 0},
	}, nil
}

const checklistCookie = "leat_checklist"

func isDismissed(r *http.Request) bool {
	cookie, err := r.Cookie(checklistCookie)
	return err == nil && cookie.Value == "off"
}

// dismissChecklist hides the first steps in this browser.
func (s *Server) dismissChecklist(c echo.Context) error {
	s.setPreference(c, checklistCookie, "off")
	return redirect(c, "/")
}

// settings shows users and what this installation is.
func (s *Server) settings(c echo.Context) error {
	users, err := s.Users.Users(c.Request().Context())
	if err != nil {
		return fmt.Errorf("list users: %w", err)
	}
	view := page.Settings{Shell: s.shell(c, "Settings", "settings")}
	for _, user := range users {
		view.Users = append(view.Users, page.UserItem{
			Name: user.Name, Email: user.Email, Role: string(user.Role), Since: user.CreatedAt, You: user.ID == actor(c).ID,
		})
	}
	for _, fact := range s.About {
		view.About = append(view.About, component.Pair{Label: fact.Label, Value: fact.Value})
	}
	return s.ok(c, page.SettingsPage(view))
}

// gallery shows every part of the pages.
func (s *Server) gallery(c echo.Context) error {
	return s.ok(c, page.GalleryPage(page.Gallery{Shell: s.shell(c, "Parts", "")}))
}
