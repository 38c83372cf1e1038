package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

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
