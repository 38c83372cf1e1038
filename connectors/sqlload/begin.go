package sqlload

import (
	"context"
	"errors"
	"fmt"

	"leat/connectors"
)

// CheckTargets refuses what needs no look at the database. Same says that two tables are
// one.
func CheckTargets(id connectors.LoadID, targets []connectors.Target, same func(a, b connectors.Table) bool) error {
	if len(targets) == 0 || id.Installation == "" || id.Run == "" {
		return &connectors.Error{Kind: connectors.Internal, Message: "a load needs an installation, a run and at least one target"}
	}
	for i, target := range targets {
		for _, other := range targets[:i] {
			if same(other.Table, target.Table) || other.StateKey == target.StateKey {
				return refuse("two streams of one atomic flow load %s", "Give each its own table, or make it one stream that unites both.", target.Table)
			}
		}
	}
	return nil
}

// Recall reads into state whether the run was applied already, and returns the size of the
// last whole read. A run that was applied needs no more than that.
func (s Store) Recall(ctx context.Context, db Session, stream Stream, run string, state *connectors.TargetState) (lastGood int64, err error) {
	if state.Applied, err = s.Applied(ctx, db, stream, run); err != nil || state.Applied != nil {
		return -1, err
	}
	return s.LastGood(ctx, db, stream)
}

// ColumnsChanged is the error of a schema that comes after rows of another one.
func ColumnsChanged(table connectors.Table) error {
	return &connectors.Error{
		Kind: connectors.Data, Retryable: true, Message: fmt.Sprintf("the columns of the source of %s changed while it was read", table),
		Fix: "The next run reads the new columns.",
	}
}

// Refusal finds what stands in the way of a load for good. An unreachable system and a
// stop are no refusals.
func Refusal(err error) (*connectors.Error, bool) {
	refusal, ok := errors.AsType[*connectors.Error](err)
	return refusal, ok && refusal.Kind != connectors.Unreachable && refusal.Kind != connectors.Cancelled
}

// Fill says in a plan what the load of a spec would do.
func Fill(plan *connectors.Plan, d Dialect, s Spec) error {
	built, err := Build(d, s)
	if err != nil {
		return err
	}
	if e := s.Existing; e != nil && e.Filled && s.removes() {
		plan.Warnings = append(plan.Warnings, s.takenOver(e.Ownership)...)
	}
	plan.Statements, plan.Columns = built.DDL(), map[string]string{}
	for _, field := range s.Fields {
		if field.Source != "" {
			plan.Columns[field.Source] = field.Column
		}
	}
	return nil
}
