package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"leat/engine"
	"leat/flows"
)

// previewCommand shows the first rows that a flow would read.
type previewCommand struct {
	Flow  string `arg:"" help:"Name of the flow."`
	Limit int    `default:"10" help:"Rows per dataset."`
}

// datasetPreview is the preview of one stream's dataset.
type datasetPreview struct {
	Dataset string `json:"dataset"`
	flows.Preview
}

// Run prints one table per stream.
func (c *previewCommand) Run(a *app) error {
	return a.withPlatform(func(p *platform) error {
		flow, err := p.flow(a.ctx, c.Flow)
		if err != nil {
			return err
		}
		previews := []datasetPreview{}
		for _, stream := range flow.Streams {
			for _, input := range stream.From {
				found, err := c.preview(a, p, stream, input)
				if err != nil {
					return fmt.Errorf("preview %s: %w", input.Dataset, err)
				}
				previews = append(previews, found...)
			}
		}
		return a.print(previews, func(w io.Writer) {
			for _, preview := range previews {
				printPreview(w, preview)
			}
		})
	})
}

// preview reads the first rows of a dataset, or of all tables of a pattern.
func (c *previewCommand) preview(a *app, p *platform, stream flows.Stream, input flows.StreamInput) ([]datasetPreview, error) {
	source, err := p.store.Source(a.ctx, input.SourceID)
	if err != nil {
		return nil, err
	}
	dataset, ok := source.Dataset(input.Dataset)
	if !ok {
		return nil, flows.NotFound("dataset", input.Dataset)
	}
	datasets, err := p.engine.Expand(a.ctx, source.AuthorizerID, dataset)
	if err != nil {
		return nil, err
	}
	var out []datasetPreview
	for _, one := range datasets {
		selection := engine.SelectionOf(one)
		selection.Key = stream.CheckedKey(selection.Key)
		result, err := p.engine.Preview(a.ctx, source.AuthorizerID, selection, c.Limit)
		if err != nil {
			return nil, err
		}
		out = append(out, datasetPreview{one.Name, result})
	}
	return out, nil
}

func printPreview(w io.Writer, preview datasetPreview) {
	fmt.Fprintf(w, "%s\n", preview.Dataset)
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	heads := make([]string, len(preview.Columns))
	for i, column := range preview.Columns {
		heads[i] = column.Name + " " + column.Type
	}
	fmt.Fprintln(table, strings.Join(heads, "\t"))
	for _, row := range preview.Rows {
		cells := make([]string, len(row))
		for i, value := range row {
			cells[i] = "NULL"
			if value != nil {
				cells[i] = strings.NewReplacer("\t", `\t`, "\n", `\n`).Replace(*value)
			}
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	_ = table.Flush() // a closed stdout has no reader to tell
	for _, warning := range preview.Warnings {
		fmt.Fprintln(w, warning)
	}
}
