package storage

import (
	"context"
	"fmt"

	"leat/flows"
)

const sourceColumns = "id, name, authorizer_id, datasets, created_at, updated_at"

func sourceValues(s *flows.Source) []any {
	return []any{&s.ID, &s.Name, &s.AuthorizerID, asJSON(&s.Datasets), asMicros(&s.CreatedAt), asMicros(&s.UpdatedAt)}
}

// Sources lists all by name.
func (s *Store) Sources(ctx context.Context) ([]flows.Source, error) {
	sources, err := list(ctx, s.reads(), sourceValues, "SELECT "+sourceColumns+" FROM sources ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	return sources, nil
}

// Source finds one by id.
func (s *Store) Source(ctx context.Context, id string) (flows.Source, error) {
	return one(ctx, s.reads(), sourceValues, flows.NotFound("source", id),
		"SELECT "+sourceColumns+" FROM sources WHERE id = ?", id)
}

// SourceByName finds one by name.
func (s *Store) SourceByName(ctx context.Context, name string) (flows.Source, error) {
	return one(ctx, s.reads(), sourceValues, flows.NotFound("source", name),
		"SELECT "+sourceColumns+" FROM sources WHERE name = ?", name)
}

// SaveSource inserts or updates by id. The time of the first save stays.
func (s *Store) SaveSource(ctx context.Context, source flows.Source) error {
	return saveSource(ctx, s.writes(), source)
}

func saveSource(ctx context.Context, tx session, source flows.Source) error {
	stamp(&source.CreatedAt, &source.UpdatedAt)
	_, err := tx.exec(ctx, `INSERT INTO sources (`+sourceColumns+`) VALUES `+placeholders(1, 6)+`
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, authorizer_id = excluded.authorizer_id,
			datasets = excluded.datasets, updated_at = excluded.updated_at, updated_by = ''`, sourceValues(&source)...)
	return saved("source", source.Name, knownAuthorizer(err, source.AuthorizerID))
}

// DeleteSource removes one that no flow reads.
func (s *Store) DeleteSource(ctx context.Context, id string) error {
	changed, err := s.writes().exec(ctx, "DELETE FROM sources WHERE id = ?", id)
	return deleted(ctx, "source", id, changed, err, s.SourceUsers)
}

// SourceUsers names the flows that read the source.
func (s *Store) SourceUsers(ctx context.Context, id string) ([]string, error) {
	users, err := texts(ctx, s.reads(), `SELECT 'flow ' || f.name FROM flow_sources l JOIN flows f ON f.id = l.flow_id
		WHERE l.source_id = ? ORDER BY f.name`, id)
	if err != nil {
		return nil, fmt.Errorf("list the users of source %q: %w", id, err)
	}
	return users, nil
}
