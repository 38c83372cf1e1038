package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"leat/connectors"
	"leat/flows"
)

// stateCommand groups the commands about load state.
type stateCommand struct {
	Show  stateShowCommand  `cmd:"" help:"Show the state rows of a flow's destination."`
	Set   stateSetCommand   `cmd:"" help:"Store a position for a stream."`
	Reset stateResetCommand `cmd:"" help:"Forget the position of a stream: the next run reads everything."`
	Adopt stateAdoptCommand `cmd:"" help:"Take over the state that another installation left for a stream."`
}

// streamFlags name one stream of a flow.
type streamFlags struct {
	Flow  string `arg:"" help:"Name of the flow."`
	Table string `arg:"" help:"Target table of the stream, as leat state show prints it."`
}

type stateShowCommand struct {
	Flow string `arg:"" help:"Name of the flow."`
}

// stateLine is a state row as JSON.
type stateLine struct {
	Installation string    `json:"installation"`
	StateKey     string    `json:"state_key"`
	Table        string    `json:"table"`
	Fence        int64     `json:"fence"`
	Position     string    `json:"position"`
	UpdatedAt    time.Time `json:"updated_at"`
	Own          bool      `json:"own"`
}

// Run prints one line per state row of the flow's tables.
func (c *stateShowCommand) Run(a *app) error {
	return a.withPlatform(func(p *platform) error {
		flow, err := p.flow(a.ctx, c.Flow)
		if err != nil {
			return err
		}
		own, err := p.store.Installation(a.ctx)
		if err != nil {
			return fmt.Errorf("read the installation id: %w", err)
		}
		rows, err := p.engine.States(a.ctx, flow)
		if err != nil {
			return err
		}
		lines := make([]stateLine, len(rows))
		for i, row := range rows {
			lines[i] = stateLine{
				Installation: row.Installation, StateKey: row.StateKey, Table: row.Table.String(), Fence: row.Fence,
				Position: string(row.Position), UpdatedAt: row.UpdatedAt.UTC(), Own: row.Installation == own,
			}
		}
		return a.print(lines, func(w io.Writer) { printStates(w, lines) })
	})
}

func printStates(w io.Writer, lines []stateLine) {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "TABLE\tSTATE KEY\tFENCE\tPOSITION\tUPDATED\tINSTALLATION")
	for _, line := range lines {
		installation := line.Installation
		if line.Own {
			installation = "this one"
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\n", line.Table, line.StateKey, line.Fence, line.Position,
			line.UpdatedAt.Format(time.RFC3339), installation)
	}
	_ = table.Flush() // a closed stdout has no reader to tell
}

type stateSetCommand struct {
	streamFlags
	Position string `arg:"" help:"The position as JSON, in the form that leat state show prints."`
}

// Run stores the position.
func (c *stateSetCommand) Run(a *app) error {
	return editState(a, c.streamFlags, "position stored", func(ctx context.Context, p *platform, flow flows.Flow) error {
		return p.engine.SetState(ctx, flow, c.Table, connectors.Position(c.Position))
	})
}

type stateResetCommand struct{ streamFlags }

// Run forgets the position.
func (c *stateResetCommand) Run(a *app) error {
	return editState(a, c.streamFlags, "position forgotten", func(ctx context.Context, p *platform, flow flows.Flow) error {
		return p.engine.SetState(ctx, flow, c.Table, "")
	})
}

type stateAdoptCommand struct{ streamFlags }

// Run takes over another installation's state.
func (c *stateAdoptCommand) Run(a *app) error {
	return editState(a, c.streamFlags, "state adopted", func(ctx context.Context, p *platform, flow flows.Flow) error {
		return p.engine.AdoptState(ctx, flow, c.Table)
	})
}

// editState finds the flow, edits and says so.
func editState(a *app, stream streamFlags, done string, edit func(context.Context, *platform, flows.Flow) error) error {
	return a.withPlatform(func(p *platform) error {
		flow, err := p.flow(a.ctx, stream.Flow)
		if err != nil {
			return err
		}
		if err := edit(a.ctx, p, flow); err != nil {
			return err
		}
		return a.print(map[string]string{"flow": stream.Flow, "table": stream.Table, "done": done}, func(w io.Writer) {
			fmt.Fprintf(w, "%s %s: %s\n", stream.Flow, stream.Table, done)
		})
	})
}
