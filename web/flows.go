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

// flowStates are the states to filter by.
var flowStates = []string{"live", "running", "reconnecting", "broken", "paused"}

// flows lists the flows.
func (s *Server) flows(c echo.Context) error {
	ctx := c.Request().Context()
	query := c.QueryParams()
	all, last, err := s.fittingFlows(ctx, query)
	if err != nil {
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
	word, _ := strings.CutPrefix(query.Get("sort"), "-")
	if word == "" || word == "name" { // the names are enough to find the page
		slices.SortStableFunc(all, func(a, b flows.Flow) int { return byName(a.Name, b.Name, query.Get("sort")) })
		all, view.Pager = pageOf(all, query, page.FlowsPath, "flows")
		view.Items, err = s.flowItems(ctx, all, nil)
	} else {
		var items []page.FlowItem
		items, err = s.flowItems(ctx, all, last)
		sortFlows(items, query.Get("sort"))
		view.Items, view.Pager = pageOf(items, query, page.FlowsPath, "flows")
	}
	if err != nil {
		return err
	}
	return s.ok(c, page.FlowsPage(view))
}

// fittingFlows are the flows that fit the filter, with the runs that were looked at:
// few, unless the list is sorted by something that needs more.
func (s *Server) fittingFlows(ctx context.Context, query url.Values) ([]flows.Flow, map[string][]flows.Run, error) {
	all, err := s.Flows.Flows(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list flows: %w", err)
	}
	count := judgedRuns
	if sort := strings.TrimPrefix(query.Get("sort"), "-"); sort != "" && sort != "name" {
		count = barCount
	}
	last, err := s.Runs.LastRuns(ctx, count)
	if err != nil {
		return nil, nil, fmt.Errorf("list the last runs: %w", err)
	}
	ends, err := s.endNames(ctx)
	if err != nil {
		return nil, nil, err
	}
	all = slices.DeleteFunc(all, func(f flows.Flow) bool {
		state := query.Get("state")
		return !matchesQuery(query.Get("q"), append(tablesOf(f), f.Name, ends[f.DestinationID], sourceNames(f, ends))...) ||
			state != "" && stateOf(f, last[f.ID]).State != state
	})
	return all, last, nil
}

// flowItems are flows as lines of a list. Runs that are not given are read.
func (s *Server) flowItems(ctx context.Context, all []flows.Flow, last map[string][]flows.Run) ([]page.FlowItem, error) {
	ends, err := s.endNames(ctx)
	if err != nil {
		return nil, err
	}
	if last == nil {
		last = map[string][]flows.Run{}
		for _, f := range all {
			if last[f.ID], err = s.Runs.Runs(ctx, flows.RunFilter{FlowID: f.ID, Limit: barCount}); err != nil {
				return nil, fmt.Errorf("list the last runs: %w", err)
			}
		}
	}
	rows, err := s.dayRows(ctx, last)
	if err != nil {
		return nil, err
	}
	var items []page.FlowItem
	for _, f := range all {
		item := s.flowItem(f, last[f.ID], ends)
		item.Rows = rows[f.ID]
		items = append(items, item)
	}
	return items, nil
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

func (s *Server) flowItem(f flows.Flow, runs []flows.Run, ends map[string]string) page.FlowItem {
	status := s.statusOf(f, runs)
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

// dayRows adds up what each flow read in the last 24 hours, as far as its last runs
// reach.
func (s *Server) dayRows(ctx context.Context, last map[string][]flows.Run) (map[string]int64, error) {
	since := s.Now().Add(-24 * time.Hour)
	flowOf := map[string]string{}
	var ids []string
	for flowID, runs := range last {
		for _, run := range runs {
			if run.QueuedAt.After(since) {
				flowOf[run.ID] = flowID
				ids = append(ids, run.ID)
			}
		}
	}
	counts, err := s.Runs.RunCounts(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("count the rows of a day: %w", err)
	}
	rows := map[string]int64{}
	for id, count := range counts {
		rows[flowOf[id]] += count.Read
	}
	return rows, nil
}

// sortFlows sorts by a word, descending with a leading dash; flows without a time come
// last.
func sortFlows(items []page.FlowItem, by string) {
	word, descending := strings.CutPrefix(by, "-")
	slices.SortStableFunc(items, func(a, b page.FlowItem) int {
		order := 0
		switch word {
		case "success":
			order = a.LastSuccess.Compare(b.LastSuccess)
		case "next":
			order = cmp.Or(boolOrder(a.NextRun.IsZero(), b.NextRun.IsZero()), a.NextRun.Compare(b.NextRun))
		case "rows":
			order = cmp.Compare(a.Rows, b.Rows)
		}
		if order == 0 {
			order = cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		}
		if descending {
			order = -order
		}
		return order
	})
}

// byName compares names, descending for "-name".
func byName(a, b, sort string) int {
	order := cmp.Compare(strings.ToLower(a), strings.ToLower(b))
	if strings.HasPrefix(sort, "-") {
		return -order
	}
	return order
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
