package storage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"leat/authorizers"
	"leat/flows"
	"leat/secrets"
)

const authorizerColumns = "id, name, connector, settings, secrets, tls, missing, last_check, created_at, updated_at"

// authorizerRow is an authorizer as it stands in the table: secrets sealed.
type authorizerRow struct {
	authorizers.Authorizer
	sealed map[string]string
}

func (r *authorizerRow) columns() []any {
	return []any{
		&r.ID, &r.Name, &r.Connector, asJSON(&r.Settings), asJSON(&r.sealed), asJSON(&r.TLS),
		asJSON(&r.Missing), asJSON(&r.LastCheck), asMicros(&r.CreatedAt), asMicros(&r.UpdatedAt),
	}
}

// secretPlace is what a sealed value is bound to: it opens nowhere else.
func secretPlace(id, field string) string { return "authorizers/" + id + "/" + field }

// seal fills the sealed secrets. The TLS client key must be one of them: the copy in TLS
// is for an open connection only and is not stored.
func (r *authorizerRow) seal(keys *secrets.KeyRing) error {
	if _, ok := r.Secrets[authorizers.SecretTLSKey]; r.TLS.ClientKey != "" && !ok {
		return fmt.Errorf("the TLS client key is not among the secrets: keep it under %q", authorizers.SecretTLSKey)
	}
	r.sealed = map[string]string{}
	for field, secret := range r.Secrets {
		sealed, err := keys.Seal(secretPlace(r.ID, field), secret)
		if err != nil {
			return fmt.Errorf("seal %s: %w", field, err)
		}
		r.sealed[field] = sealed
	}
	return nil
}

// open fills the secrets. One that was changed in the database counts as missing, so
// that it can be typed again.
func (r *authorizerRow) open(keys *secrets.KeyRing) (authorizers.Authorizer, error) {
	r.Secrets = map[string]secrets.Secret{}
	for _, field := range slices.Sorted(maps.Keys(r.sealed)) {
		secret, err := keys.Open(secretPlace(r.ID, field), r.sealed[field])
		if errors.Is(err, secrets.ErrTampered) {
			r.Missing = append(r.Missing, field)
			continue
		}
		if err != nil {
			return authorizers.Authorizer{}, fmt.Errorf("authorizer %q: %w", r.Name, err)
		}
		r.Secrets[field] = secret
	}
	return r.Authorizer, nil
}

// Authorizers lists all by name, secrets opened.
func (s *Store) Authorizers(ctx context.Context) ([]authorizers.Authorizer, error) {
	rows, err := list(ctx, s.reads(), (*authorizerRow).columns, "SELECT "+authorizerColumns+" FROM authorizers ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("list authorizers: %w", err)
	}
	opened := make([]authorizers.Authorizer, len(rows))
	for i := range rows {
		if opened[i], err = rows[i].open(s.keys); err != nil {
			return nil, err
		}
	}
	return opened, nil
}

// Authorizer finds one by id.
func (s *Store) Authorizer(ctx context.Context, id string) (authorizers.Authorizer, error) {
	return s.authorizerWhere(ctx, "id", id)
}

// AuthorizerByName finds one by name.
func (s *Store) AuthorizerByName(ctx context.Context, name string) (authorizers.Authorizer, error) {
	return s.authorizerWhere(ctx, "name", name)
}

func (s *Store) authorizerWhere(ctx context.Context, column, value string) (authorizers.Authorizer, error) {
	row, err := one(ctx, s.reads(), (*authorizerRow).columns, authorizers.ErrNotFound,
		"SELECT "+authorizerColumns+" FROM authorizers WHERE "+column+" = ?", value)
	if err != nil {
		return authorizers.Authorizer{}, fmt.Errorf("authorizer %q: %w", value, err)
	}
	return row.open(s.keys)
}

// SaveAuthorizer inserts or updates by id. The time of the first save stays.
func (s *Store) SaveAuthorizer(ctx context.Context, a authorizers.Authorizer) error {
	return s.saveAuthorizer(ctx, s.writes(), a)
}

func (s *Store) saveAuthorizer(ctx context.Context, tx session, a authorizers.Authorizer) error {
	row := authorizerRow{Authorizer: a}
	if err := row.seal(s.keys); err != nil {
		return fmt.Errorf("save authorizer %q: %w", a.Name, err)
	}
	stamp(&row.CreatedAt, &row.UpdatedAt)
	_, err := tx.exec(ctx, `INSERT INTO authorizers (`+authorizerColumns+`) VALUES `+placeholders(1, 10)+`
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, connector = excluded.connector, settings = excluded.settings,
			secrets = excluded.secrets, tls = excluded.tls, missing = excluded.missing, last_check = excluded.last_check,
			updated_at = excluded.updated_at, updated_by = ''`, row.columns()...)
	if violated(err) == uniqueViolation {
		err = authorizers.ErrNameTaken
	}
	if err != nil {
		return fmt.Errorf("save authorizer %q: %w", a.Name, err)
	}
	return nil
}

// stamp sets the time of the change, and that of the creation when there is none.
func stamp(created, updated *time.Time) {
	*updated = time.Now().UTC().Truncate(time.Microsecond)
	if created.IsZero() {
		*created = *updated
	}
}

// DeleteAuthorizer removes one that nothing uses.
func (s *Store) DeleteAuthorizer(ctx context.Context, id string) error {
	changed, err := s.writes().exec(ctx, "DELETE FROM authorizers WHERE id = ?", id)
	if violated(err) == referenceViolation {
		users, listErr := s.AuthorizerUsers(ctx, id)
		return errors.Join(&authorizers.InUseError{Users: users}, listErr)
	}
	if err == nil && changed == 0 {
		err = authorizers.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("delete authorizer %q: %w", id, err)
	}
	return nil
}

// RecordCheck stores the outcome of a check.
func (s *Store) RecordCheck(ctx context.Context, id string, result authorizers.CheckResult) error {
	changed, err := s.writes().exec(ctx, "UPDATE authorizers SET last_check = ? WHERE id = ?", asJSON(&result), id)
	if err == nil && changed == 0 {
		err = authorizers.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("record the check of authorizer %q: %w", id, err)
	}
	return nil
}

// AuthorizerUsers names the sources and destinations that use it, sorted.
func (s *Store) AuthorizerUsers(ctx context.Context, id string) ([]string, error) {
	users, err := texts(ctx, s.reads(), `SELECT 'destination ' || name AS label FROM destinations WHERE authorizer_id = ?
		UNION ALL SELECT 'source ' || name FROM sources WHERE authorizer_id = ? ORDER BY label`, id, id)
	if err != nil {
		return nil, fmt.Errorf("list the users of authorizer %q: %w", id, err)
	}
	return users, nil
}

// RewrapSecrets seals every secret again with the newest key and remembers that key,
// after which older keys may go. It returns how many values changed.
func (s *Store) RewrapSecrets(ctx context.Context) (changed int, err error) {
	err = s.inTx(ctx, func(tx session) error {
		rows, err := list(ctx, tx, (*authorizerRow).columns, "SELECT "+authorizerColumns+" FROM authorizers")
		if err != nil {
			return err
		}
		for i := range rows {
			count, err := rows[i].rewrap(ctx, tx, s.keys)
			if err != nil {
				return fmt.Errorf("authorizer %q: %w", rows[i].Name, err)
			}
			changed += count
		}
		_, err = tx.exec(ctx, "UPDATE installation SET key_fingerprint = ?", s.keys.Fingerprint())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("seal the secrets again: %w", err)
	}
	return changed, nil
}

func (r *authorizerRow) rewrap(ctx context.Context, tx session, keys *secrets.KeyRing) (changed int, err error) {
	for field, sealed := range r.sealed {
		again, fresh, err := keys.Rewrap(secretPlace(r.ID, field), sealed)
		if errors.Is(err, secrets.ErrTampered) {
			continue // lost already; open reports it as missing
		}
		if err != nil {
			return 0, err
		}
		if fresh {
			r.sealed[field] = again
			changed++
		}
	}
	if changed == 0 {
		return 0, nil
	}
	_, err = tx.exec(ctx, "UPDATE authorizers SET secrets = ? WHERE id = ?", asJSON(&r.sealed), r.ID)
	return changed, err
}

// knownAuthorizer turns a refused reference into a sentence.
func knownAuthorizer(err error, id string) error {
	if violated(err) == referenceViolation {
		return flows.NotFound("authorizer", id)
	}
	return err
}
