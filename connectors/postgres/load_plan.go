package postgres

import (
	"context"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
)

// Plan says what Begin and Commit would do. It changes nothing.
func (c *connection) Plan(ctx context.Context, id connectors.LoadID, targets []connectors.Target) ([]connectors.Plan, error) {
	plans := make([]connectors.Plan, len(targets))
	for i, target := range targets {
		plan, err := c.planOne(ctx, id, target)
		if refusal, ok := sqlload.Refusal(err); ok {
			plan.Refusal, err = refusal, nil
		}
		if err != nil {
			return nil, err
		}
		plans[i] = plan
	}
	return plans, nil
}

func (c *connection) planOne(ctx context.Context, id connectors.LoadID, target connectors.Target) (connectors.Plan, error) {
	s := c.own("plan the load of " + target.Table.String())
	d := dialect{version: pgwire.ServerVersion(s.conn.PgConn()), schema: target.Table.Schema}
	plan := connectors.Plan{Table: target.Table}
	if err := requireMode(d.version, target); err != nil {
		return plan, err
	}
	name, err := sqlload.MapTable(d, target.Table)
	if err != nil {
		return plan, err
	}
	plan.Table = name
	if err := requireSchema(ctx, s, name.Schema, false); err != nil {
		return plan, err
	}
	have, err := inspect(ctx, s, target, name)
	if err != nil {
		return plan, err
	}
	plan.Exists = have != nil
	if err := c.recallPlan(ctx, s, sqlload.Stream{Installation: id.Installation, Target: target, Table: name}, have); err != nil {
		return plan, err
	}
	m, err := matchTarget(ctx, s, d, target, name, target.Schema, have)
	if m != nil {
		plan.Warnings = append(m.warnings, m.checked...)
	}
	if err != nil {
		return plan, err
	}
	err = sqlload.Fill(&plan, d, m.spec)
	return plan, err
}

// recallPlan reads what the destination remembers of a stream. Nothing is changed: the state
// tables may be missing, or be an older version's.
func (c *connection) recallPlan(ctx context.Context, s *session, stream sqlload.Stream, have *existing) error {
	if have == nil {
		return nil
	}
	schema := stream.Table.Schema
	for _, name := range []string{sqlload.StateTable, sqlload.LoadsTable} {
		if _, err := hasTable(ctx, s, connectors.Table{Schema: schema, Name: name}); err != nil {
			return err
		}
	}
	columns, err := stateColumns(ctx, s, schema)
	if err != nil {
		return err
	}
	return c.store(s, schema).Seen(columns).Look(ctx, s.working(stream.Target.Limits), stream, &have.Existing)
}
