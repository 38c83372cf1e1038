package engine

import (
	"context"
	"slices"

	"leat/connectors"
	"leat/flows"
)

// States lists the state rows that a flow's destination keeps for the flow's tables, of
// all installations.
func (e *Engine) States(ctx context.Context, flow flows.Flow) (found []connectors.StateRow, err error) {
	err = e.keepStates(ctx, flow, func(ctx context.Context, it *itinerary, states connectors.StateKeeper) error {
		var schemas []string
		for _, r := range it.routes {
			if slices.Contains(schemas, r.table.Schema) {
				continue
			}
			schemas = append(schemas, r.table.Schema)
			rows, err := states.States(ctx, r.table.Schema)
			if err != nil {
				return err
			}
			found = append(found, slices.DeleteFunc(rows, func(row connectors.StateRow) bool { return !it.owns(row) })...)
		}
		return nil
	})
	return found, err
}

// owns says whether a state row is about one of the itinerary's tables.
func (it *itinerary) owns(row connectors.StateRow) bool {
	return slices.ContainsFunc(it.routes, func(r route) bool {
		return r.stateKey == row.StateKey || r.table == row.Table
	})
}

// SetState stores the position of one stream; an empty one is forgotten, so that the
// next run reads everything.
func (e *Engine) SetState(ctx context.Context, flow flows.Flow, table string, position connectors.Position) error {
	return e.editState(ctx, flow, table, func(ctx context.Context, states connectors.StateKeeper, r route, installation string) error {
		return states.SaveState(ctx, r.table.Schema, connectors.StateRow{
			Installation: installation, StateKey: r.stateKey, Table: r.table,
			Position: position, Fingerprint: fingerprint(r.dataset),
		})
	})
}

// AdoptState makes this installation the owner of the state that another one left for a
// stream.
func (e *Engine) AdoptState(ctx context.Context, flow flows.Flow, table string) error {
	return e.editState(ctx, flow, table, func(ctx context.Context, states connectors.StateKeeper, r route, installation string) error {
		rows, err := states.States(ctx, r.table.Schema)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.Table == r.table && row.Installation != installation {
				return states.AdoptState(ctx, r.table.Schema, row.StateKey, row.Installation, installation)
			}
		}
		return refusal(connectors.NotFound, "leat state show lists what there is.",
			"no other installation has left a state for %s", r.table)
	})
}

// DropStates removes the state rows of all streams of a flow, for a flow that goes away.
func (e *Engine) DropStates(ctx context.Context, flow flows.Flow) error {
	installation, err := e.Installation.Installation(ctx)
	if err != nil {
		return err
	}
	return e.keepStates(ctx, flow, func(ctx context.Context, it *itinerary, states connectors.StateKeeper) error {
		for _, r := range it.routes {
			if err := states.DropState(ctx, r.table.Schema, installation, r.stateKey); err != nil {
				return err
			}
		}
		return nil
	})
}

// stateEdit changes the state of one stream.
type stateEdit func(ctx context.Context, states connectors.StateKeeper, r route, installation string) error

// editState finds the stream by its target table and edits its state.
func (e *Engine) editState(ctx context.Context, flow flows.Flow, table string, edit stateEdit) error {
	installation, err := e.Installation.Installation(ctx)
	if err != nil {
		return err
	}
	return e.keepStates(ctx, flow, func(ctx context.Context, it *itinerary, states connectors.StateKeeper) error {
		for _, r := range it.routes {
			if slices.Contains([]string{r.table.String(), flows.FormatTable(r.table), r.stream.Table}, table) {
				return edit(ctx, states, r, installation)
			}
		}
		return refusal(connectors.NotFound, "leat state show lists its tables.",
			"the flow %q has no stream into %s", flow.Name, table)
	})
}

// keepStates opens the destination of a flow for a look at its states.
func (e *Engine) keepStates(ctx context.Context, flow flows.Flow, use func(context.Context, *itinerary, connectors.StateKeeper) error) (err error) {
	defer connectors.Caught(e.Log, &err)
	it, err := e.resolve(ctx, flow)
	if err != nil {
		return err
	}
	s, err := e.connect(ctx, it.destination.AuthorizerID, flow.Name)
	if err != nil {
		return err
	}
	defer e.shut(ctx, s)
	states, err := role[connectors.StateKeeper](s, "keep states")
	if err != nil {
		return err
	}
	return use(ctx, it, states)
}
