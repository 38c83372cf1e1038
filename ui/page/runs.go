package page

import (
	"time"

	"leat/ui/component"
	"leat/ui/layout"
)

// Runs is the list of all runs; its filter is a GET with flow (id), state and trigger.
type Runs struct {
	Shell    layout.Shell
	Flow     string
	Flows    []component.Option
	State    string
	States   []component.Option
	Trigger  string
	Triggers []component.Option
	Runs     []RunItem
	Pager    component.Pager
}

func (v Runs) filtered() bool { return v.Flow != "" || v.State != "" || v.Trigger != "" }

// Run is the page of one run. Cancel posts to /runs/{id}/cancel, "Run again" to
// /flows/{flow}/run. The log filter is a GET with level and stream.
//
// While Live, the page listens to /runs/{id}/events?after=LOGID with these events,
// whose data is a rendered fragment:
//
//	head     RunHead, when the status changes
//	facts    RunFacts, at most once a second
//	streams  RunStreams, at most once a second
//	log      component.LogLines of the new lines
//	end      no data; sent last, closes the stream
type Run struct {
	Shell           layout.Shell
	CanOperate      bool
	CanPreview      bool // may see rows
	ID              string
	FlowID          string
	FlowName        string
	State           string
	Trigger         string
	Live            bool
	CancelRequested bool
	Attempt         int
	Node            string
	FullRefresh     bool
	Queued          time.Time
	ScheduledFor    time.Time
	Started         time.Time
	Ended           time.Time
	RetryAt         time.Time // of a run that waits to retry
	Error           *ErrorBox
	Streams         []RunStream
	Log             Log
}

// A RunStream is one stream of a run with its counts. Read equals the sum of Written,
// Unchanged, Duplicate, Skipped and Rejected once it is done.
type RunStream struct {
	Index     int
	Table     string
	Dataset   string
	WriteMode string
	State     string
	Phase     string // waiting, claiming, reading, applying, done
	Recipe    string // how it was applied, in words
	Read      int64
	Written   int64
	Unchanged int64
	Duplicate int64
	Skipped   int64
	Rejected  int64
	Changed   int64
	Bytes     int64
	// RowsPerSecond of the last seconds; Estimated rows, 0 or less when unknown.
	RowsPerSecond float64
	Estimated     int64
	LastRow       time.Time
	Took          time.Duration
	Error         *ErrorBox
	Warnings      []string
	Rejects       []RejectItem
}

// A RejectItem counts rejected rows of one reason; it holds no values. Column is empty
// when the reason is about the whole row.
type RejectItem struct {
	Column string
	Reason string
	Rows   int64
}

// A Log is the part of a run's log that the page shows.
type Log struct {
	Lines []component.LogLine
	// Level is the least level shown: "", info, warning or error.
	Level  string
	Stream string
	// Streams are the tables to filter by.
	Streams []component.Option
	// EarlierHref leads to older lines, when there are any.
	EarlierHref string
	// LastID is the newest line's id; the event stream goes on after it.
	LastID string
}

var logLevels = []component.Option{
	{Value: "", Label: "All lines"}, {Value: "warning", Label: "Warnings and errors"}, {Value: "error", Label: "Errors"},
}

var phases = map[string]string{
	"waiting": "waiting", "claiming": "claiming the table", "reading": "reading", "applying": "applying", "done": "done",
}

func (s RunStream) phase() string {
	if word, ok := phases[s.Phase]; ok {
		return word
	}
	return s.Phase
}

// shownRejects is how many reasons for rejecting rows a stream lists.
const shownRejects = 20

// moreRejects is how many reasons are not listed.
func (s RunStream) moreRejects() int { return max(len(s.Rejects)-shownRejects, 0) }

// hasRejects says that there are rows to download: a stream that is done keeps them
// beside its table.
func (s RunStream) hasRejects() bool { return s.Rejected > 0 && s.State == "succeeded" }

func (v Run) rejectsURL(s RunStream) string {
	return Sub(RunsPath, v.ID, "rejects") + "?stream=" + itoa(s.Index)
}

func (s RunStream) running() bool { return s.State == "running" }

// rest estimates the time that is left, from the estimated total; 0 when unknown.
func (s RunStream) rest() time.Duration {
	if s.Estimated <= s.Read || s.RowsPerSecond <= 0 {
		return 0
	}
	return time.Duration(float64(s.Estimated-s.Read)/s.RowsPerSecond) * time.Second
}

// quiet is how long no row has come, when that is long enough to be said.
func (s RunStream) quiet(now time.Time) time.Duration {
	if !s.running() || s.LastRow.IsZero() || now.Sub(s.LastRow) < 2*time.Second {
		return 0
	}
	return now.Sub(s.LastRow)
}

// figures are the counts in words and numbers, without those that say nothing: a
// zero while rows are still to come looks like a failure.
func (s RunStream) figures() []component.Pair {
	if s.Read == 0 && s.State != "succeeded" && s.State != "partial" {
		return nil
	}
	ended := !s.running() && s.State != "waiting" && s.State != "unknown"
	all := []struct {
		label string
		n     int64
		show  bool
	}{
		{"read", s.Read, true},
		{"written", s.Written, ended || s.Written > 0},
		{"changed", s.Changed, s.Changed > 0},
		{"unchanged", s.Unchanged, s.Unchanged > 0},
		{"duplicate", s.Duplicate, s.Duplicate > 0},
		{"skipped", s.Skipped, s.Skipped > 0},
		{"rejected", s.Rejected, s.Rejected > 0},
	}
	var out []component.Pair
	for _, f := range all {
		if f.show {
			out = append(out, component.Pair{Label: f.label, Value: component.Count(f.n)})
		}
	}
	return append(out, component.Pair{Label: "data", Value: component.Bytes(s.Bytes)})
}

func (v Run) eventsURL() string {
	return Sub(RunsPath, v.ID, "events") + "?after=" + v.Log.LastID
}

// streamsTitle counts the streams; before a run has them there is nothing to count.
func (v Run) streamsTitle() string {
	if len(v.Streams) == 0 {
		return "Streams"
	}
	return component.Plural(len(v.Streams), "stream", "streams")
}

// noStreams says why no stream is shown.
func (v Run) noStreams() string {
	if v.Live {
		return "The streams appear here as soon as the run has begun."
	}
	return "The run ended before a stream had begun."
}

func (v Run) took() time.Duration {
	if v.Started.IsZero() {
		return 0
	}
	if v.Ended.IsZero() {
		return v.Shell.Now.Sub(v.Started)
	}
	return v.Ended.Sub(v.Started)
}
