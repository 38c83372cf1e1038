package web

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"leat/flows"
	"leat/ui/component"
	"leat/ui/page"
)

// The sizes of a log.
const (
	// shownLines is how many lines the page shows.
	shownLines = 500
	// scannedLines is how far back a filter looks for them.
	scannedLines = 20_000
	// logChunk is how many lines are read at once.
	logChunk = 1000
)

// logView is the end of a run's log, or the part before the asked line.
func (s *Server) logView(ctx context.Context, run flows.Run, query url.Values) (page.Log, error) {
	view := page.Log{Level: query.Get("level"), Stream: query.Get("stream")}
	for _, stream := range run.Streams {
		view.Streams = append(view.Streams, component.Option{Value: stream.Table, Label: stream.Table})
	}
	end, err := s.lastLine(ctx, run.ID)
	if err != nil {
		return view, err
	}
	view.LastID = strconv.FormatInt(end, 10)
	if before, err := strconv.ParseInt(query.Get("before"), 10, 64); err == nil && before > 0 && before <= end {
		end = before - 1
	}
	lines, first, err := s.linesUntil(ctx, run.ID, end, view)
	if err != nil {
		return view, err
	}
	view.Lines = logLines(lines)
	if first > 1 {
		view.EarlierHref = listHref(page.One(page.RunsPath, run.ID), query, "before", strconv.FormatInt(first, 10))
	}
	return view, nil
}

// lastLine finds the number of the newest line without reading the log: lines are
// numbered without gaps, so doubling and halving finds it in a few look-ups.
func (s *Server) lastLine(ctx context.Context, runID string) (int64, error) {
	exists := func(seq int64) (bool, error) {
		lines, err := s.Runs.Log(ctx, runID, seq-1, 1)
		if err != nil {
			return false, fmt.Errorf("read the log: %w", err)
		}
		return len(lines) > 0, nil
	}
	low, high := int64(0), int64(1)
	for {
		ok, err := exists(high)
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		low, high = high, high*2
	}
	for low+1 < high {
		middle := (low + high) / 2
		ok, err := exists(middle)
		if err != nil {
			return 0, err
		}
		if ok {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

// linesUntil reads backwards from end until there are enough lines that pass the
// filter. first is the number of the earliest line looked at.
func (s *Server) linesUntil(ctx context.Context, runID string, end int64, filter page.Log) (lines []flows.LogLine, first int64, err error) {
	first = end + 1
	for len(lines) < shownLines && first > 1 && end-first < scannedLines {
		from := max(first-shownLines, 1)
		part, err := s.Runs.Log(ctx, runID, from-1, int(first-from))
		if err != nil {
			return nil, 0, fmt.Errorf("read the log: %w", err)
		}
		var passed []flows.LogLine
		for _, line := range part {
			if passesFilter(line, filter) {
				passed = append(passed, line)
			}
		}
		lines, first = append(passed, lines...), from
	}
	if len(lines) > shownLines {
		lines = lines[len(lines)-shownLines:]
		first = lines[0].Seq
	}
	return lines, first, nil
}

func passesFilter(line flows.LogLine, filter page.Log) bool {
	if filter.Stream != "" && line.Table != filter.Stream {
		return false
	}
	switch filter.Level {
	case "error":
		return line.Level == "error"
	case "warning":
		return line.Level == "error" || line.Level == "warning"
	default:
		return true
	}
}

func logLines(lines []flows.LogLine) []component.LogLine {
	out := make([]component.LogLine, len(lines))
	for i, line := range lines {
		level := line.Level
		if level == "warning" {
			level = "warn"
		}
		out[i] = component.LogLine{ID: strconv.FormatInt(line.Seq, 10), At: line.At, Level: level, Stream: line.Table, Text: line.Message}
	}
	return out
}
