package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"leat/flows"
)

// runsCommand lists runs.
type runsCommand struct {
	Flow  string `arg:"" optional:"" help:"Only runs of this flow."`
	Limit int    `default:"20" help:"How many, newest first."`
}

// Run prints one line per run.
func (c *runsCommand) Run(a *app) error {
	return a.withPlatform(func(p *platform) error {
		filter := flows.RunFilter{Limit: c.Limit}
		if c.Flow != "" {
			flow, err := p.flow(a.ctx, c.Flow)
			if err != nil {
				return err
			}
			filter.FlowID = flow.ID
		}
		runs, err := p.store.Runs(a.ctx, filter)
		if err != nil {
			return fmt.Errorf("list runs: %w", err)
		}
		lines := make([]runLine, len(runs))
		for i, run := range runs {
			lines[i] = lineOf(run)
		}
		return a.print(lines, func(w io.Writer) { printRuns(w, lines) })
	})
}

// runLine is a run in a list.
type runLine struct {
	Run       string          `json:"run"`
	Flow      string          `json:"flow"`
	Status    flows.RunStatus `json:"status"`
	QueuedAt  *time.Time      `json:"queued_at"`
	StartedAt *time.Time      `json:"started_at"`
	EndedAt   *time.Time      `json:"ended_at"`
	Error     *flows.RunError `json:"error"`
}

func lineOf(run flows.Run) runLine {
	return runLine{
		Run: run.ID, Flow: run.FlowName, Status: run.Status, QueuedAt: optional(run.QueuedAt),
		StartedAt: optional(run.StartedAt), EndedAt: optional(run.EndedAt), Error: run.Error,
	}
}

// optional turns the zero time into null.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func printRuns(w io.Writer, lines []runLine) {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	defer table.Flush() //nolint:errcheck // a closed stdout has no reader to tell
	fmt.Fprintln(table, "RUN\tFLOW\tSTATUS\tQUEUED\tTOOK\tERROR")
	for _, line := range lines {
		message := ""
		if line.Error != nil {
			message = line.Error.Message
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", line.Run, line.Flow, line.Status, clock(line.QueuedAt), took(line), message)
	}
}

func clock(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

func took(line runLine) string {
	if line.StartedAt == nil || line.EndedAt == nil {
		return ""
	}
	return line.EndedAt.Sub(*line.StartedAt).Round(time.Millisecond).String()
}

// logsCommand prints the log of a run.
type logsCommand struct {
	RunID  string `arg:"" name:"run" help:"The run's id, as leat runs prints it."`
	Follow bool   `help:"Go on until the run ends."`
}

// logPage is how many lines are read at a time.
const logPage = 500

// Run prints the lines that there are, and with --follow those to come.
func (c *logsCommand) Run(a *app) error {
	return a.withPlatform(func(p *platform) error {
		after := int64(0)
		for {
			run, err := p.store.Run(a.ctx, c.RunID)
			if err != nil {
				return fmt.Errorf("find run %s: %w", c.RunID, err)
			}
			if after, err = c.printNew(a, p, after); err != nil {
				return err
			}
			if !c.Follow || !run.Status.Active() {
				return nil
			}
			select {
			case <-a.ctx.Done():
				return failed()
			case <-time.After(500 * time.Millisecond):
			}
		}
	})
}

// printNew prints the lines behind after and returns the last one's number.
func (c *logsCommand) printNew(a *app, p *platform, after int64) (int64, error) {
	for {
		lines, err := p.store.Log(a.ctx, c.RunID, after, logPage)
		if err != nil {
			return after, fmt.Errorf("read the log of run %s: %w", c.RunID, err)
		}
		for _, line := range lines {
			after = line.Seq
			if err := a.print(line, func(w io.Writer) { printLogLine(w, line) }); err != nil {
				return after, err
			}
		}
		if len(lines) < logPage {
			return after, nil
		}
	}
}

func printLogLine(w io.Writer, line flows.LogLine) {
	table := ""
	if line.Table != "" {
		table = line.Table + ": "
	}
	fmt.Fprintf(w, "%s %-7s %s%s\n", line.At.UTC().Format(time.RFC3339), line.Level, table, line.Message)
}
