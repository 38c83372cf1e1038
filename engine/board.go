package engine

import (
	"slices"
	"sync"
	"time"

	"leat/flows"
)

// board is what is known of a run while it is executed: the state of its streams and
// the lines of its log. The loads write on it, the keeper carries it to the store.
type board struct {
	now func() time.Time

	mu      sync.Mutex
	streams []flows.StreamRun
	lines   []flows.LogLine
	changed bool
}

// start puts one line per route on the board.
func (b *board) start(routes []route) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.streams = make([]flows.StreamRun, len(routes))
	for i, r := range routes {
		b.streams[i] = queued(i, r)
	}
	b.changed = true
}

// queued is a stream that was not begun.
func queued(index int, r route) flows.StreamRun {
	return flows.StreamRun{
		Index: index, Table: flows.FormatTable(r.table), Dataset: r.dataset.Name, WriteMode: r.stream.WriteMode,
		Status: flows.RunQueued, Phase: flows.PhaseWaiting, EstimatedRows: -1,
	}
}

// update changes one stream.
func (b *board) update(i int, change func(*flows.StreamRun)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.streams[i])
	b.changed = true
}

// stream returns a copy of one stream.
func (b *board) stream(i int) flows.StreamRun {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.streams[i]
}

// all returns a copy of the streams.
func (b *board) all() []flows.StreamRun {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.streams)
}

// The levels of log lines.
const (
	levelInfo    = "info"
	levelWarning = "warning"
	levelError   = "error"
)

// log adds a line; the table is empty when the line is about the run.
func (b *board) log(level, table, message string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, flows.LogLine{At: b.now(), Level: level, Table: table, Message: message})
}

// take gives the lines that were not stored yet, and the streams when they changed
// since the last call, else nil.
func (b *board) take() ([]flows.StreamRun, []flows.LogLine) {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := b.lines
	b.lines = nil
	if !b.changed {
		return nil, lines
	}
	b.changed = false
	return slices.Clone(b.streams), lines
}

// putBack returns what could not be stored.
func (b *board) putBack(changed bool, lines []flows.LogLine) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changed = b.changed || changed
	b.lines = append(lines, b.lines...)
}
