package page

import (
	"time"

	"leat/ui/component"
	"leat/ui/layout"
)

// Flows is the list of flows. Its filter is a GET with q and state; sorting is by the
// links in Columns.
type Flows struct {
	Shell      layout.Shell
	CanEdit    bool
	CanOperate bool
	Query      string
	State      string
	States     []component.Option
	// SortHref gives, by column word (name, success, next, rows), the link that sorts;
	// Sorted the word that is sorted by, and Direction ascending or descending.
	SortHref  map[string]string
	Sorted    string
	Direction string
	Items     []FlowItem
	Pager     component.Pager
}

// A FlowItem is one line of it.
type FlowItem struct {
	ID          string
	Name        string
	State       string
	Freshness   string // "", late or stale
	Source      string
	Destination string
	Bars        []component.RunBar
	LastSuccess time.Time
	NextRun     time.Time // zero for manual ones
	Rows        int64     // read in the last 24 hours
	Error       string
	Active      bool // a run is active
}

func (v Flows) columns() []component.Column {
	sorted := func(word string) string {
		if v.Sorted == word {
			return v.Direction
		}
		return ""
	}
	return []component.Column{
		{Label: "Status"},
		{Label: "Name", SortHref: v.SortHref["name"], Sorted: sorted("name")},
		{Label: "Last 30 runs"},
		{Label: "Last success", SortHref: v.SortHref["success"], Sorted: sorted("success")},
		{Label: "Next run", SortHref: v.SortHref["next"], Sorted: sorted("next")},
		{Label: "Rows, 24 h", Numeric: true, SortHref: v.SortHref["rows"], Sorted: sorted("rows")},
		{Label: "Actions", Hidden: true},
	}
}

// Flow is the head that the pages of one flow share. The buttons post to
// /flows/{id}/run (full_refresh=true reads everything again), /pause and /resume,
// which also restarts a broken flow.
type Flow struct {
	Shell       layout.Shell
	CanEdit     bool
	CanOperate  bool
	ID          string
	Name        string
	State       string
	Freshness   string
	ActiveRunID string
	RunCount    int
}

func (v Flow) tabs(current string) []component.Tab {
	count := ""
	if v.RunCount > 0 {
		count = component.Count(int64(v.RunCount))
	}
	return []component.Tab{
		{Label: "Overview", Href: One(FlowsPath, v.ID), Current: current == "overview"},
		{Label: "Runs", Href: Sub(FlowsPath, v.ID, "runs"), Current: current == "runs", Count: count},
		{Label: "Settings", Href: Sub(FlowsPath, v.ID, "settings"), Current: current == "settings"},
	}
}

// FlowOverview is the first page of one flow.
type FlowOverview struct {
	Flow
	Error    *ErrorBox
	Bars     []component.RunBar
	Schedule string // "Every 15 minutes, Europe/Prague"
	NextRun  time.Time
	// Unscheduled says that there is a schedule, but nobody who starts runs by it.
	Unscheduled bool
	LastSuccess time.Time
	LastRun     *RunItem
	Destination Ref
	Streams     []FlowStream
	Recent      []RunItem
	Warnings    []string
}

// A FlowStream is one stream of a flow as it stands.
type FlowStream struct {
	Source    Ref
	Dataset   string
	Table     string
	WriteMode string
	Unique    string // "id", "id, day"
	Reading   string // "incremental by updated_at" or "whole reads"
	Position  string // where the incremental read stands, in words
	State     string // of its last run
	LastRows  int64
}

// FlowRuns is the list of a flow's runs; its filter is a GET with state.
type FlowRuns struct {
	Flow
	RunState  string
	RunStates []component.Option
	Runs      []RunItem
	Pager     component.Pager
}

// FlowSettings shows the flow as configuration.
type FlowSettings struct {
	Flow
	Facts []component.Pair
	YAML  string
}
