package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/connectors/pgwire"
	"leat/internal/testdb"
)

// limited opens the same database as a new role. grant, when not empty, is completed
// with the role's name.
func limited(t *testing.T, c *connection, admin *pgx.Conn, grant string) *connection {
	t.Helper()
	role := testdb.Postgres(t).CreateRole(t, "reader")
	if grant != "" {
		if _, err := admin.Exec(t.Context(), grant+" "+pgx.Identifier{role.Name}.Sanitize()); err != nil {
			t.Fatal(err)
		}
	}
	settings := settingsOf(t, testdb.Postgres(t).URLFor(role, c.config.Database))
	opened, err := New().Open(t.Context(), settings, testEnv())
	if err != nil {
		t.Fatalf("open as %s: %v", role.Name, err)
	}
	t.Cleanup(func() { _ = opened.Close(context.Background()) })
	return opened.(*connection)
}

// newSession opens one more session of the same user.
func newSession(t *testing.T, c *connection) (*pgx.Conn, error) {
	t.Helper()
	conn, err := c.connect(t.Context(), "leat test", pgwire.Session{})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	_, err = conn.Exec(t.Context(), "SET search_path TO DEFAULT")
	return conn, err
}
