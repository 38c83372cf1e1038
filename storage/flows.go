package storage

import (
	"context"
	"fmt"

	"leat/flows"
)

const flowColumns = "id, name, destination_id, schedule, streams, options, paused, created_at, updated_at"

func flowValues(f *flows.Flow) []any {
	return []any{
		&f.ID, &f.Name, &f.DestinationID, asJSON(&f.Schedule), asJSON(&f.Streams), asJSON(&f.Options),
		&f.Paused, asMicros(&f.CreatedAt), asMicros(&f.UpdatedAt),
	}
}

// Flows lists all by name.
func (s *Store) Flows(ctx context.Context) ([]flows.Flow, error) {
	found, err := list(ctx, s.reads(), flowValues, "SELECT "+flowColumns+" FROM flows ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("list flows: %w", err)
	}
	return found, nil
}

// Flow finds one by id.
func (s *Store) Flow(ctx context.Context, id string) (flows.Flow, error) {
	return one(ctx, s.reads(), flowValues, flows.NotFound("flow", id), "SELECT "+flowColumns+" FROM flows WHERE id = ?", id)
}

// FlowByName finds one by name.
func (s *Store) FlowByName(ctx context.Context, name string) (flows.Flow, error) {
	return one(ctx, s.reads(), flowValues, flows.NotFound("flow", name), "SELECT "+flowColumns+" FROM flows WHERE name = ?", name)
}

// SaveFlow inserts or updates by id, with the links to its sources. The time of the
// first save stays.
func (s *Store) SaveFlow(ctx context.Context, f flows.Flow) error {
	return s.inTx(ctx, func(tx session) error { return saveFlow(ctx, tx, f) })
}

func saveFlow(ctx context.Context, tx session, f flows.Flow) error {
	stamp(&f.CreatedAt, &f.UpdatedAt)
	_, err := tx.exec(ctx, `INSERT INTO flows (`+flowColumns+`) VALUES `+placeholders(1, 9)+`
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, destination_id = excluded.destination_id,
			schedule = excluded.schedule, streams = excluded.streams, options = excluded.options,
			paused = excluded.paused, updated_at = excluded.updated_at, updated_by = ''`, flowValues(&f)...)
	if violated(err) == referenceViolation {
		err = flows.NotFound("destination", f.DestinationID)
	}
	if err := saved("flow", f.Name, err); err != nil {
		return err
	}
	return linkSources(ctx, tx, f)
}

// linkSources replaces the rows that say which sources the flow reads.
func linkSources(ctx context.Context, tx session, f flows.Flow) error {
	if _, err := tx.exec(ctx, "DELETE FROM flow_sources WHERE flow_id = ?", f.ID); err != nil {
		return fmt.Errorf("save flow %q: %w", f.Name, err)
	}
	for _, stream := range f.Streams {
		for _, input := range stream.From {
			_, err := tx.exec(ctx, "INSERT INTO flow_sources (flow_id, source_id) VALUES (?, ?) ON CONFLICT DO NOTHING", f.ID, input.SourceID)
			if violated(err) == referenceViolation {
				err = flows.NotFound("source", input.SourceID)
			}
			if err != nil {
				return fmt.Errorf("save flow %q: %w", f.Name, err)
			}
		}
	}
	return nil
}

// DeleteFlow removes a flow and its runs. A run that is active stays, and its reference
// makes the database refuse the deletion.
func (s *Store) DeleteFlow(ctx context.Context, id string) error {
	var changed int64
	err := s.inTx(ctx, func(tx session) error {
		if _, err := tx.exec(ctx, "DELETE FROM runs WHERE flow_id = ? AND NOT ("+isActive+")", id); err != nil {
			return err
		}
		var err error
		changed, err = tx.exec(ctx, "DELETE FROM flows WHERE id = ?", id)
		return err
	})
	return deleted(ctx, "flow", id, changed, err, s.activeRuns)
}

// activeRuns names the active run of a flow, if any.
func (s *Store) activeRuns(ctx context.Context, flowID string) ([]string, error) {
	return texts(ctx, s.writes(), "SELECT 'run ' || id FROM runs WHERE flow_id = ? AND "+isActive, flowID)
}
