package duckdb

import (
	"context"

	"leat/connectors"
	"leat/connectors/sqlload"
)

// Plan says what Begin and Commit would do. It changes nothing, and makes no file.
func (c *connection) Plan(ctx context.Context, id connectors.LoadID, targets []connectors.Target) ([]connectors.Plan, error) {
	plans := make([]connectors.Plan, len(targets))
	for i, target := range targets {
		err := c.inspect(ctx, flowOf(target.StateKey), "plan the load of "+target.Table.String(), func(s session) (err error) {
			plans[i], err = planOne(ctx, s, id, target)
			return err
		})
		if refusal, ok := sqlload.Refusal(err); ok {
			plans[i].Table, plans[i].Refusal = target.Table, refusal
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	return plans, nil
}

func planOne(ctx context.Context, s session, id connectors.LoadID, target connectors.Target) (connectors.Plan, error) {
	plan := connectors.Plan{Table: target.Table}
	if err := requireOffered(target); err != nil {
		return plan, err
	}
	if err := requireSchema(ctx, s, target.Table.Schema); err != nil {
		return plan, err
	}
	have, err := findTable(ctx, s, target.Table)
	if err != nil {
		return plan, err
	}
	plan.Exists = have != nil
	if err := recallPlan(ctx, s, sqlload.Stream{Installation: id.Installation, Target: target, Table: target.Table}, have); err != nil {
		return plan, err
	}
	m, err := matchTarget(ctx, target, target.Table, target.Schema, have)
	if m != nil {
		plan.Warnings = append(m.Warnings, m.Checked...)
	}
	if err != nil {
		return plan, err
	}
	err = sqlload.Fill(&plan, dialect{}, m.Spec)
	return plan, err
}

// recallPlan reads what the destination remembers of a stream. Nothing is changed: the state
// tables may be missing, or be an older version's.
func recallPlan(ctx context.Context, s session, stream sqlload.Stream, have *sqlload.Existing) error {
	if have == nil {
		return nil
	}
	store := sqlload.Store{Dialect: dialect{}, Schema: stream.Table.Schema}
	columns, err := stateColumns(ctx, s, store.Schema)
	if err != nil {
		return err
	}
	return store.Seen(columns).Look(ctx, s, stream, have)
}
