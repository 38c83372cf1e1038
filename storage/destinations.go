package storage

import (
	"context"
	"fmt"

	"leat/flows"
)

const destinationColumns = "id, name, authorizer_id, default_schema, created_at, updated_at"

func destinationValues(d *flows.Destination) []any {
	return []any{&d.ID, &d.Name, &d.AuthorizerID, &d.DefaultSchema, asMicros(&d.CreatedAt), asMicros(&d.UpdatedAt)}
}

// Destinations lists all by name.
func (s *Store) Destinations(ctx context.Context) ([]flows.Destination, error) {
	destinations, err := list(ctx, s.reads(), destinationValues, "SELECT "+destinationColumns+" FROM destinations ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("list destinations: %w", err)
	}
	return destinations, nil
}

// Destination finds one by id.
func (s *Store) Destination(ctx context.Context, id string) (flows.Destination, error) {
	return one(ctx, s.reads(), destinationValues, flows.NotFound("destination", id),
		"SELECT "+destinationColumns+" FROM destinations WHERE id = ?", id)
}

// DestinationByName finds one by name.
func (s *Store) DestinationByName(ctx context.Context, name string) (flows.Destination, error) {
	return one(ctx, s.reads(), destinationValues, flows.NotFound("destination", name),
		"SELECT "+destinationColumns+" FROM destinations WHERE name = ?", name)
}

// SaveDestination inserts or updates by id. The time of the first save stays.
func (s *Store) SaveDestination(ctx context.Context, d flows.Destination) error {
	return saveDestination(ctx, s.writes(), d)
}

func saveDestination(ctx context.Context, tx session, d flows.Destination) error {
	stamp(&d.CreatedAt, &d.UpdatedAt)
	_, err := tx.exec(ctx, `INSERT INTO destinations (`+destinationColumns+`) VALUES `+placeholders(1, 6)+`
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, authorizer_id = excluded.authorizer_id,
			default_schema = excluded.default_schema, updated_at = excluded.updated_at, updated_by = ''`, destinationValues(&d)...)
	return saved("destination", d.Name, knownAuthorizer(err, d.AuthorizerID))
}

// DeleteDestination removes one that no flow writes to.
func (s *Store) DeleteDestination(ctx context.Context, id string) error {
	changed, err := s.writes().exec(ctx, "DELETE FROM destinations WHERE id = ?", id)
	return deleted(ctx, "destination", id, changed, err, s.DestinationUsers)
}

// DestinationUsers names the flows that write to the destination.
func (s *Store) DestinationUsers(ctx context.Context, id string) ([]string, error) {
	users, err := texts(ctx, s.reads(), "SELECT 'flow ' || name FROM flows WHERE destination_id = ? ORDER BY name", id)
	if err != nil {
		return nil, fmt.Errorf("list the users of destination %q: %w", id, err)
	}
	return users, nil
}
