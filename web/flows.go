package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/flows"
	"leat/ui/component"
	"leat/ui/page"
)

// perPage is the length of lists.
const perPage = 50

// day is what "the last day" means on pages.
const day = 24 * time.Hour

// flowStates are the states to filter by.
var flowStates = []string{"live", "running", "reconnecting", "broken", "paused"}

// flows lists the flows. It looks at runs of the flows that it shows, and of all only
// as far as the filter and the order need it.
func (s *Server) flows(c echo.Context) error {
	ctx := c.Request().Context()
	query := c.QueryParams()
	ends, err := s.endNames(ctx)
	if err != nil {
		return err
	}
	all, err := s.fittingFlows(ctx, query, ends)
	if err != nil {
		return err
	}
	if err := s.sortFlows(ctx, all, query.Get("sort")); err != nil {
		return err
	}
	view := page.Flows{
		Shell: s.shell(c, "Flows", "flows"), CanEdit: may(c, accounts.Edit), CanOperate: may(c, accounts.Operate),
		Query: query.Get("q"), State: query.Get("state"),
	}
	for _, state := range flowStates {
		view.States = append(view.States, component.Option{Value: state, Label: component.StateOf(state).Word})
	}
	describeSort(&view, query)
	all, view.Pager = pageOf(all, query, page.FlowsPath, "flows")
	if view.Items, err = s.flowItems(ctx, all, ends); err != nil {
		return err
	}
	return s.ok(c, page.FlowsPage(view))
}

// fittingFlows are the flows that fit the filter.
func (s *Server) fittingFlows(ctx context.Context, query url.Values, ends map[string]string) ([]flows.Flow, error) {
	all, err := s.Flows.Flows(ctx)
	if err != nil {
		return nil, fmt.Errorf("list flows: %w", err)
	}
	state := query.Get("state")
	var last map[string][]flows.Run
	if state != "" {
		if last, err = s.Runs.LastRuns(ctx, judgedRuns); err != nil {
			return nil, fmt.Errorf("list the last runs: %w", err)
		}
	}
	return slices.DeleteFunc(all, func(f flows.Flow) bool {
		return !matchesQuery(query.Get("q"), append(tablesOf(f), f.Name, ends[f.DestinationID], sourceNames(f, ends))...) ||
			state != "" && stateOf(f, last[f.ID]).State != state
	}), nil
}

// flowItems are the flows of one page as lines.
func (s *Server) flowItems(ctx context.Context, shown []flows.Flow, ends map[string]string) ([]page.FlowItem, error) {
	if len(shown) == 0 {
		return nil, nil
	}
	ids := names(shown, func(f flows.Flow) string { return f.ID })
	last, err := s.Runs.LastRuns(ctx, barCount, ids...)
	if err != nil {
		return nil, fmt.Errorf("list the last runs: %w", err)
	}
	rows, err := s.dayRows(ctx, ids...)
	if err != nil {
		return nil, err
	}
	succeeded, err := s.lastSuccesses(ctx)
	if err != nil {
		return nil, err
	}
	var items []page.FlowItem
	for _, f := range shown {
		item := s.flowItem(f, last[f.ID], succeeded[f.ID], ends)
		item.Rows = rows[f.ID]
		items = append(items, item)
	}
	return items, nil
}

// dayRows is what flows read in the last 24 hours, by flow id.
func (s *Server) dayRows(ctx context.Context, flowIDs ...string) (map[string]int64, error) {
	sums, err := s.Runs.RunSums(ctx, s.Now().Add(-day), flowIDs...)
	if err != nil {
		return nil, fmt.Errorf("add up the rows of a day: %w", err)
	}
	rows := map[string]int64{}
	for _, sum := range sums {
		rows[sum.FlowID] = sum.RowsRead
	}
	return rows, nil
}

func (s *Server) lastSuccesses(ctx context.Context) (map[string]time.Time, error) {
	succeeded, err := s.Runs.LastSuccesses(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the last successes: %w", err)
	}
	return succeeded, nil
}

// sourceNames lists the sources that a flow reads.
func sourceNames(f flows.Flow, ends map[string]string) string {
	var sources []string
	for id := range sourcesOf(f) {
		sources = append(sources, ends[id])
	}
	slices.Sort(sources)
	return strings.Join(sources, ", ")
}

func tablesOf(f flows.Flow) []string {
	return names(f.Streams, func(x flows.Stream) string { return x.Table })
}

func (s *Server) flowItem(f flows.Flow, runs []flows.Run, lastSuccess time.Time, ends map[string]string) page.FlowItem {
	status := s.statusOf(f, runs, lastSuccess)
	item := page.FlowItem{
		ID: f.ID, Name: f.Name, State: status.State, Freshness: status.Freshness, Destination: ends[f.DestinationID],
		Bars: s.runBars(runs), LastSuccess: status.LastSuccess, NextRun: status.NextRun, Active: status.ActiveRunID != "",
	}
	item.Source = sourceNames(f, ends)
	if status.Failed != nil && status.Failed.Error != nil {
		item.Error = sentence(status.Failed.Error.Message)
	}
	return item
}

// endNames are the names of sources and destinations by id.
func (s *Server) endNames(ctx context.Context) (map[string]string, error) {
	sources, err := s.Sources.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	destinations, err := s.Destinations.Destinations(ctx)
	if err != nil {
		return nil, fmt.Errorf("list destinations: %w", err)
	}
	out := map[string]string{}
	for _, source := range sources {
		out[source.ID] = source.Name
	}
	for _, destination := range destinations {
		out[destination.ID] = destination.Name
	}
	return out, nil
}

// sortFlows sorts by a word, descending with a leading dash, and by name where that is
// equal.
func (s *Server) sortFlows(ctx context.Context, all []flows.Flow, by string) error {
	word, descending := strings.CutPrefix(by, "-")
	compare, err := s.flowOrder(ctx, all, word)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b flows.Flow) int {
		order := cmp.Or(compare(a.ID, b.ID), cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
		if descending {
			order = -order
		}
		return order
	})
	return nil
}

// flowOrder compares flows by what a word stands for; those that are not due come last.
func (s *Server) flowOrder(ctx context.Context, all []flows.Flow, word string) (func(a, b string) int, error) {
	switch word {
	case "success":
		succeeded, err := s.lastSuccesses(ctx)
		return func(a, b string) int { return succeeded[a].Compare(succeeded[b]) }, err
	case "rows":
		rows, err := s.dayRows(ctx)
		return func(a, b string) int { return cmp.Compare(rows[a], rows[b]) }, err
	case "next":
		next := map[string]time.Time{}
		for _, f := range all {
			next[f.ID] = s.nextRun(f)
		}
		return func(a, b string) int {
			return cmp.Or(boolOrder(next[a].IsZero(), next[b].IsZero()), next[a].Compare(next[b]))
		}, nil
	default:
		return func(string, string) int { return 0 }, nil
	}
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// describeSort says how the list is sorted and where the heads lead.
func describeSort(view *page.Flows, query url.Values) {
	current := query.Get("sort")
	word, descending := strings.CutPrefix(current, "-")
	if word == "" {
		word = "name"
	}
	view.Sorted, view.Direction = word, "ascending"
	if descending {
		view.Direction = "descending"
	}
	view.SortHref = map[string]string{}
	for _, column := range []string{"name", "success", "next", "rows"} {
		next := column
		if column == word && !descending {
			next = "-" + column
		}
		view.SortHref[column] = listHref(page.FlowsPath, query, "sort", next)
	}
}

// listHref is a list's address with one parameter changed, from its first page.
func listHref(path string, query url.Values, name, value string) string {
	q := url.Values{}
	for key, values := range query {
		if key != "page" {
			q[key] = values
		}
	}
	q.Set(name, value)
	return path + "?" + q.Encode()
}

// pageOf cuts one page out of a whole list.
func pageOf[T any](items []T, query url.Values, path, noun string) ([]T, component.Pager) {
	pager := pagerOf(len(items), query, path, noun)
	if pager.Total == 0 {
		return nil, pager
	}
	return items[pager.From-1 : pager.To], pager
}

// pagerOf says which lines of total the asked page shows.
func pagerOf(total int, query url.Values, path, noun string) component.Pager {
	pager := component.Pager{Total: total, Noun: noun}
	number, err := strconv.Atoi(query.Get("page"))
	if last := (total + perPage - 1) / perPage; err != nil || number < 1 {
		number = 1
	} else if number > last {
		number = max(last, 1)
	}
	pager.From, pager.To = (number-1)*perPage+1, min(number*perPage, total)
	if number > 1 {
		pager.PrevHref = listHref(path, query, "page", strconv.Itoa(number-1))
	}
	if pager.To < total {
		pager.NextHref = listHref(path, query, "page", strconv.Itoa(number+1))
	}
	return pager
}
