package storage

import (
	"context"
	"errors"
	"fmt"

	"leat/accounts"
)

const userColumns = "id, email, name, role, password_hash, generation, created_at, updated_at"

func userValues(u *accounts.User) []any {
	return []any{&u.ID, &u.Email, &u.Name, &u.Role, &u.PasswordHash, &u.Generation, asMicros(&u.CreatedAt), asMicros(&u.UpdatedAt)}
}

// Users lists all by e-mail address.
func (s *Store) Users(ctx context.Context) ([]accounts.User, error) {
	users, err := list(ctx, s.reads(), userValues, "SELECT "+userColumns+" FROM users ORDER BY email")
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

// User finds one by id.
func (s *Store) User(ctx context.Context, id string) (accounts.User, error) {
	return one(ctx, s.reads(), userValues, accounts.ErrNotFound, "SELECT "+userColumns+" FROM users WHERE id = ?", id)
}

// UserByEmail finds one by e-mail address, in any case.
func (s *Store) UserByEmail(ctx context.Context, email string) (accounts.User, error) {
	return one(ctx, s.reads(), userValues, accounts.ErrNotFound,
		"SELECT "+userColumns+" FROM users WHERE email = ?", accounts.NormalEmail(email))
}

// SaveUser inserts or updates by id. The time of the first save stays. The sessions of
// another generation end.
func (s *Store) SaveUser(ctx context.Context, u accounts.User) error {
	return insertUser(ctx, s.writes(), u, ` ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = excluded.name,
		role = excluded.role, password_hash = excluded.password_hash, generation = excluded.generation,
		updated_at = excluded.updated_at`)
}

func insertUser(ctx context.Context, to session, u accounts.User, onConflict string) error {
	u.Email = accounts.NormalEmail(u.Email)
	stamp(&u.CreatedAt, &u.UpdatedAt)
	_, err := to.exec(ctx, "INSERT INTO users ("+userColumns+") VALUES "+placeholders(1, 8)+onConflict, userValues(&u)...)
	if violated(err) == uniqueViolation {
		err = accounts.ErrEmailTaken
	}
	if err != nil {
		return fmt.Errorf("save the user %s: %w", u.Email, err)
	}
	return nil
}

// CreateFirstOwner inserts u only when there is no user yet.
func (s *Store) CreateFirstOwner(ctx context.Context, u accounts.User) error {
	if u.Role != accounts.Owner {
		return errors.New("the first user must be an owner")
	}
	return s.inTx(ctx, func(tx session) error {
		// The update makes others wait here until this one has inserted or failed.
		if _, err := tx.exec(ctx, "UPDATE installation SET id = id"); err != nil {
			return fmt.Errorf("lock the installation: %w", err)
		}
		var users int64
		if err := tx.row(ctx, "SELECT count(*) FROM users").Scan(&users); err != nil {
			return fmt.Errorf("count users: %w", err)
		}
		if users > 0 {
			return accounts.ErrSetupDone
		}
		return insertUser(ctx, tx, u, "")
	})
}
