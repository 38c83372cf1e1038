package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/flows"
	"leat/ui/component"
	"leat/ui/layout"
	"leat/ui/page"
)

// The pace of an event stream.
const (
	lookEvery    = 500 * time.Millisecond
	streamsEvery = time.Second
	// beatEvery keeps proxies from closing a silent stream.
	beatEvery = 15 * time.Second
	// sessionEvery is how often a stream asks whether its session still lasts.
	sessionEvery = 2 * time.Second
)

// follower sends what changes about one run to one page.
type follower struct {
	server  *Server
	writer  http.ResponseWriter
	control *http.ResponseController
	shell   layout.Shell
	operate bool
	preview bool
	filter  page.Log

	after     int64 // the last log line sent
	head      string
	facts     string
	streams   string
	streamsAt time.Time
	beatAt    time.Time
	sessionAt time.Time
	before    map[int]measure
	measured  rates
}

// measure is what a stream had read at a moment.
type measure struct {
	at   time.Time
	rows int64
}

// runEvents sends server-sent events until the run ends, the reader goes, the reader's
// session ends or the server stops. Each log event carries the number of its last line, with which a browser
// that lost the connection goes on without losing or doubling a line.
func (s *Server) runEvents(c echo.Context) error {
	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	run, err := s.Runs.Run(ctx, c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the run: %w", err)
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	f := &follower{
		server: s, writer: c.Response(), control: http.NewResponseController(c.Response()),
		shell:   layout.Shell{Theme: themeOf(c.Request()), Path: page.One(page.RunsPath, run.ID)},
		operate: may(c, accounts.Operate), preview: may(c, accounts.Preview), after: startAfter(c.Request()), before: map[int]measure{}, measured: rates{},
		filter: pageFilter(c.Request()),
	}
	if err := f.follow(ctx, run.ID); err != nil && ctx.Err() == nil {
		s.Log.Debug("an event stream ended", "run_id", run.ID, "error", err)
	}
	return nil
}

// pageFilter is the log filter of the page that listens.
func pageFilter(r *http.Request) page.Log {
	from, err := url.Parse(r.Referer())
	if err != nil {
		return page.Log{}
	}
	return page.Log{Level: from.Query().Get("level"), Stream: from.Query().Get("stream")}
}

// startAfter is the last line that the page has: the browser's own note when it comes
// back, else the page's.
func startAfter(r *http.Request) int64 {
	for _, text := range []string{r.Header.Get("Last-Event-ID"), r.URL.Query().Get("after")} {
		if seq, err := strconv.ParseInt(text, 10, 64); err == nil && seq >= 0 {
			return seq
		}
	}
	return 0
}

func (f *follower) follow(ctx context.Context, runID string) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if lasts, err := f.sessionLasts(ctx); err != nil || !lasts {
			return err
		}
		run, err := f.server.Runs.Run(ctx, runID)
		if err != nil {
			return err
		}
		if err := f.look(ctx, run); err != nil {
			return err
		}
		if !run.Status.Active() {
			return f.send("end", "", "")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// sessionLasts asks now and then whether the reader is still logged in.
func (f *follower) sessionLasts(ctx context.Context) (bool, error) {
	now := f.server.Now()
	if now.Sub(f.sessionAt) < sessionEvery {
		return true, nil
	}
	f.sessionAt = now
	return f.server.sessionLasts(ctx)
}

// look sends what is new. The log goes before the states, so that the end of a run
// never overtakes its last lines.
func (f *follower) look(ctx context.Context, run flows.Run) error {
	if err := f.sendLog(ctx, run.ID); err != nil {
		return err
	}
	now := f.server.Now()
	f.measure(run, now)
	view := f.server.runView(run, f.measured)
	f.shell.Now = now
	view.Shell, view.CanOperate, view.CanPreview = f.shell, f.operate, f.preview
	if key := headKey(run); key != f.head {
		if err := f.render(ctx, "head", page.RunHead(view)); err != nil {
			return err
		}
		f.head = key
	}
	if now.Sub(f.streamsAt) >= streamsEvery || !run.Status.Active() {
		f.streamsAt = now
		if err := f.sendChanged(ctx, "facts", &f.facts, page.RunFacts(view)); err != nil {
			return err
		}
		if err := f.sendChanged(ctx, "streams", &f.streams, page.RunStreams(view)); err != nil {
			return err
		}
	}
	if now.Sub(f.beatAt) < beatEvery {
		return nil
	}
	f.beatAt = now
	return f.write(": still here\n\n")
}

// headKey changes when the head of the page does.
func headKey(run flows.Run) string {
	message := ""
	if run.Error != nil {
		message = run.Error.Message
	}
	return fmt.Sprint(run.Status, run.CancelRequested, run.Attempt, run.Lease.Node, run.StartedAt.IsZero(), message)
}

// sendChanged renders a part and sends it when it differs from what was sent last.
func (f *follower) sendChanged(ctx context.Context, event string, last *string, part templ.Component) error {
	var body bytes.Buffer
	if err := part.Render(ctx, &body); err != nil {
		return err
	}
	if body.String() == *last {
		return nil
	}
	*last = body.String()
	return f.send(event, "", *last)
}

// sendLog sends all lines that the page does not have.
func (f *follower) sendLog(ctx context.Context, runID string) error {
	for {
		lines, err := f.server.Runs.Log(ctx, runID, f.after, logChunk)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			return nil
		}
		f.after = lines[len(lines)-1].Seq
		var shown []flows.LogLine
		for _, line := range lines {
			if passesFilter(line, f.filter) {
				shown = append(shown, line)
			}
		}
		if len(shown) == 0 {
			continue
		}
		var body bytes.Buffer
		if err := component.LogLines(logLines(shown)).Render(ctx, &body); err != nil {
			return err
		}
		if err := f.send("log", strconv.FormatInt(f.after, 10), body.String()); err != nil {
			return err
		}
	}
}

// measure finds the rows per second since the last look.
func (f *follower) measure(run flows.Run, now time.Time) {
	for _, stream := range run.Streams {
		last, ok := f.before[stream.Index]
		passed := now.Sub(last.at)
		if ok && passed < 2*time.Second {
			continue
		}
		if ok {
			f.measured[stream.Index] = float64(stream.Read-last.rows) / passed.Seconds()
		}
		f.before[stream.Index] = measure{at: now, rows: stream.Read}
	}
}

func (f *follower) render(ctx context.Context, event string, part templ.Component) error {
	var body bytes.Buffer
	if err := part.Render(ctx, &body); err != nil {
		return err
	}
	return f.send(event, "", body.String())
}

// send writes one event. Each line of the data has its own field.
func (f *follower) send(event, id, data string) error {
	var b strings.Builder
	b.WriteString("event: " + event + "\n")
	if id != "" {
		b.WriteString("id: " + id + "\n")
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(data, "\r", ""), "\n") {
		b.WriteString("data: " + line + "\n")
	}
	b.WriteString("\n")
	return f.write(b.String())
}

func (f *follower) write(text string) error {
	if _, err := f.writer.Write([]byte(text)); err != nil {
		return err
	}
	return f.control.Flush()
}
