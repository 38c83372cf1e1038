package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"leat/connectors"
	"leat/engine"
	"leat/flows"
)

// runCommand runs a flow in this process, with or without a server beside it.
type runCommand struct {
	Flow        string   `arg:"" help:"Name of the flow."`
	Wait        bool     `help:"When the flow runs elsewhere, follow that run instead of failing."`
	FullRefresh bool     `help:"Read everything again, whatever the stored position."`
	Stream      []string `sep:"none" placeholder:"TABLE" help:"With --full-refresh: only this target table. May be given more than once."`
}

// Run exits 0 only when the run succeeded.
func (c *runCommand) Run(a *app) error {
	if len(c.Stream) > 0 && !c.FullRefresh {
		return usage("--stream belongs to --full-refresh")
	}
	return a.withPlatform(func(p *platform) error {
		flow, err := p.flow(a.ctx, c.Flow)
		if err != nil {
			return err
		}
		run, err := p.engine.RunFlow(a.ctx, flow.ID, engine.RunOptions{
			Trigger: flows.TriggerManual, FullRefresh: c.FullRefresh, Streams: c.Stream, Wait: c.Wait,
			Notice: func(sentence string) { fmt.Fprintln(a.stdio.err, "leat:", sentence) },
		})
		if err != nil {
			return err
		}
		result := resultOf(run)
		if err := a.print(result, func(w io.Writer) { printResult(w, result) }); err != nil {
			return err
		}
		if run.Status != flows.RunSucceeded {
			return failed()
		}
		return nil
	})
}

// runResult is a finished run as JSON.
type runResult struct {
	Run       string          `json:"run"`
	Flow      string          `json:"flow"`
	Status    flows.RunStatus `json:"status"`
	StartedAt *time.Time      `json:"started_at"`
	EndedAt   *time.Time      `json:"ended_at"`
	Streams   []streamResult  `json:"streams"`
	Error     *flows.RunError `json:"error,omitempty"`
}

// streamResult is one stream of it.
type streamResult struct {
	Table     string               `json:"table"`
	WriteMode connectors.WriteMode `json:"write_mode"`
	Status    flows.RunStatus      `json:"status"`
	Recipe    string               `json:"recipe"`
	connectors.Counts
	Warnings []string        `json:"warnings"`
	Error    *flows.RunError `json:"error"`
}

func resultOf(run flows.Run) runResult {
	out := runResult{
		Run: run.ID, Flow: run.FlowName, Status: run.Status, Error: run.Error,
		StartedAt: optional(run.StartedAt), EndedAt: optional(run.EndedAt), Streams: []streamResult{},
	}
	for _, s := range run.Streams {
		out.Streams = append(out.Streams, streamResult{
			Table: s.Table, WriteMode: s.WriteMode, Status: s.Status, Recipe: s.Recipe,
			Counts: s.Counts, Warnings: append([]string{}, s.Warnings...), Error: s.Error,
		})
	}
	return out
}

func printResult(w io.Writer, result runResult) {
	fmt.Fprintf(w, "run %s of %s: %s\n", result.Run, result.Flow, result.Status)
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "TABLE\tMODE\tSTATUS\tREAD\tWRITTEN\tUNCHANGED\tSKIPPED\tREJECTED\tRECIPE")
	for _, s := range result.Streams {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n", s.Table, s.WriteMode, s.Status,
			s.Read, s.Written, s.Unchanged, s.Skipped+s.Duplicate, s.Rejected, s.Recipe)
	}
	_ = table.Flush() // a closed stdout has no reader to tell
	for _, s := range result.Streams {
		for _, warning := range s.Warnings {
			fmt.Fprintf(w, "%s: %s\n", s.Table, warning)
		}
		printRunError(w, s.Table, s.Error)
	}
	printRunError(w, result.Flow, result.Error)
}

func printRunError(w io.Writer, where string, err *flows.RunError) {
	if err == nil {
		return
	}
	fmt.Fprintf(w, "%s: %s\n", where, (&connectors.Error{Message: err.Message, Fix: err.Fix}).Error())
}
