package page

import (
	"time"

	"leat/ui/component"
	"leat/ui/layout"
)

// Home is the first page after logging in.
type Home struct {
	Shell   layout.Shell
	CanEdit bool
	// Attention is what waits for a person, the worst first.
	Attention []Attention
	Running   []RunItem
	Recent    []RunItem
	Day       DayFigures
	// Checklist shows the first steps until all are done. It is empty when dismissed;
	// dismissing posts to /checklist/dismiss.
	Checklist []Step
	// NoFlows shows the invitation to create the first flow.
	NoFlows bool
}

// An Attention is one thing that waits for a person.
type Attention struct {
	State  string
	Title  string
	Href   string
	Text   string
	Fix    string
	At     time.Time
	Button Ref
}

// DayFigures are the sums of the last 24 hours.
type DayFigures struct {
	Succeeded int
	Failed    int
	Rows      int64
	Bytes     int64
}

// A Step is one line of the checklist.
type Step struct {
	Label string
	Help  string
	Href  string
	Done  bool
}

// A RunItem is one run in a list.
type RunItem struct {
	ID       string
	FlowID   string
	FlowName string
	State    string
	Trigger  string // "Schedule", "Anna"
	Started  time.Time
	Took     time.Duration // so far, when it runs
	Rows     int64         // read
	Changed  int64
	Rejected int64
	Error    string
	// Estimated rows of a running one, 0 or less when unknown.
	Estimated int64
}

func (v Home) stepsDone() int {
	n := 0
	for _, s := range v.Checklist {
		if s.Done {
			n++
		}
	}
	return n
}

// runColumns are the heads of lists of runs.
func runColumns(withFlow bool) []component.Column {
	columns := []component.Column{{Label: "Status"}}
	if withFlow {
		columns = append(columns, component.Column{Label: "Flow"})
	} else {
		columns = append(columns, component.Column{Label: "Run"})
	}
	return append(columns, component.Column{Label: "Started"}, component.Column{Label: "By"}, component.Column{Label: "Duration", Numeric: true},
		component.Column{Label: "Rows read", Numeric: true}, component.Column{Label: "Rejected", Numeric: true})
}
