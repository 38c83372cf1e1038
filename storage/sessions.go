package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"leat/accounts"
)

// Sessions keeps the sessions of the pages, for scs. Tokens are stored as hashes. A
// session that belongs to a user ends when the user's generation rises.
type Sessions struct {
	store *Store
	codec scs.GobCodec
}

var _ scs.CtxStore = (*Sessions)(nil)

// Sessions returns the store of sessions.
func (s *Store) Sessions() *Sessions { return &Sessions{store: s} }

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// FindCtx returns the data of a session that has not expired and whose user is still of
// the same generation.
func (s *Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var text string
	err := s.store.reads().row(ctx, `SELECT s.data FROM sessions s LEFT JOIN users u ON u.id = s.user_id
		WHERE s.token_hash = ? AND s.expires_at > ? AND (s.user_id IS NULL OR u.generation = s.generation)`,
		tokenHash(token), toMicros(time.Now())).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find the session: %w", err)
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, false, fmt.Errorf("read the session: %w", err)
	}
	return data, true, nil
}

// CommitCtx stores a session. Whose it is stands in its data, under the keys of
// accounts. Sessions that have expired go at the same time.
func (s *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, values, err := s.codec.Decode(data)
	if err != nil {
		return fmt.Errorf("read the session: %w", err)
	}
	userID, _ := values[accounts.SessionUserID].(string)
	generation, _ := values[accounts.SessionGeneration].(int64)
	return s.store.inTx(ctx, func(tx session) error {
		if _, err := tx.exec(ctx, "DELETE FROM sessions WHERE expires_at <= ?", toMicros(time.Now())); err != nil {
			return fmt.Errorf("remove expired sessions: %w", err)
		}
		_, err := tx.exec(ctx, `INSERT INTO sessions (token_hash, user_id, generation, data, expires_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (token_hash) DO UPDATE SET user_id = excluded.user_id, generation = excluded.generation,
				data = excluded.data, expires_at = excluded.expires_at`,
			tokenHash(token), sql.NullString{String: userID, Valid: userID != ""}, generation,
			base64.StdEncoding.EncodeToString(data), toMicros(expiry))
		if err != nil {
			return fmt.Errorf("store the session: %w", err)
		}
		return nil
	})
}

// DeleteCtx ends a session.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	if _, err := s.store.writes().exec(ctx, "DELETE FROM sessions WHERE token_hash = ?", tokenHash(token)); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	return nil
}

// DeleteUserSessions ends all sessions of a user.
func (s *Sessions) DeleteUserSessions(ctx context.Context, userID string) error {
	if _, err := s.store.writes().exec(ctx, "DELETE FROM sessions WHERE user_id = ?", userID); err != nil {
		return fmt.Errorf("end the sessions of user %s: %w", userID, err)
	}
	return nil
}

// Find is FindCtx for callers without a context.
func (s *Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx for callers without a context.
func (s *Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx for callers without a context.
func (s *Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
