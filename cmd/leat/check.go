package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"leat/authorizers"
	"leat/connectors"
)

// checkCommand tests the connection of an authorizer.
type checkCommand struct {
	Authorizer string `arg:"" help:"Name of the authorizer."`
}

// Run prints one line per stage and exits 1 when one failed.
func (c *checkCommand) Run(a *app) error {
	return a.withPlatform(func(p *platform) error {
		authorizer, err := p.authorizer(a.ctx, c.Authorizer)
		if err != nil {
			return err
		}
		report := p.engine.Check(a.ctx, authorizer)
		if err := p.store.RecordCheck(a.ctx, authorizer.ID, report.Result()); err != nil {
			return fmt.Errorf("store the outcome: %w", err)
		}
		err = a.print(report, func(w io.Writer) {
			table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
			for _, stage := range report.Stages {
				fmt.Fprintf(table, "%s\t%s\t%d ms\t%s\n", stage.Name, stage.Status, stage.Milliseconds, stage.Detail)
			}
			_ = table.Flush() // a closed stdout has no reader to tell
			if !report.OK {
				fmt.Fprintln(w, (&connectors.Error{Message: report.Message, Fix: report.Fix}).Error())
			}
		})
		if err != nil {
			return err
		}
		if !report.OK {
			return failed()
		}
		return nil
	})
}

// authorizer finds an authorizer by name.
func (p *platform) authorizer(ctx context.Context, name string) (authorizers.Authorizer, error) {
	authorizer, err := p.store.AuthorizerByName(ctx, name)
	if err != nil {
		return authorizers.Authorizer{}, fmt.Errorf("find the authorizer %q: %w", name, err)
	}
	return authorizer, nil
}

// discoverCommand lists what an authorizer can read.
type discoverCommand struct {
	Authorizer string `arg:"" help:"Name of the authorizer."`
}

// Run prints one line per dataset.
func (c *discoverCommand) Run(a *app) error {
	return a.withPlatform(func(p *platform) error {
		authorizer, err := p.authorizer(a.ctx, c.Authorizer)
		if err != nil {
			return err
		}
		found, err := p.engine.Discover(a.ctx, authorizer.ID)
		if err != nil {
			return err
		}
		return a.print(datasetLines(found), func(w io.Writer) { printDatasets(w, found) })
	})
}

// datasetLine is a dataset as JSON.
type datasetLine struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	// EstimatedRows is null when nobody knows.
	EstimatedRows *int64 `json:"estimated_rows"`
}

func datasetLines(found []connectors.DatasetInfo) []datasetLine {
	lines := make([]datasetLine, len(found))
	for i, info := range found {
		lines[i] = datasetLine{Schema: info.Schema, Name: info.Name, Kind: info.Kind}
		if info.EstimatedRows >= 0 {
			lines[i].EstimatedRows = &info.EstimatedRows
		}
	}
	return lines
}

func printDatasets(w io.Writer, found []connectors.DatasetInfo) {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, info := range found {
		rows := "rows unknown"
		if info.EstimatedRows >= 0 {
			rows = fmt.Sprintf("~%d rows", info.EstimatedRows)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", connectors.Dataset{Schema: info.Schema, Name: info.Name}, info.Kind, rows)
	}
	_ = table.Flush() // a closed stdout has no reader to tell
}
