package main

import (
	"strings"
	"testing"

	"leat/connectors"
)

// TestAFailureThatMayPassIsTriedAgain has a destination that ends the session of the first load.
func TestAFailureThatMayPassIsTriedAgain(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	exec1(t, p.sourceConn, "CREATE TABLE exact AS SELECT 1 AS id")
	exec1(t, p.targetConn, `CREATE SCHEMA analytics; CREATE SEQUENCE analytics.loads; CREATE TABLE analytics.exact (id int);
		CREATE FUNCTION analytics.fall() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN IF nextval(''analytics.loads'') <= 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END';
		CREATE TRIGGER fall BEFORE INSERT ON analytics.exact FOR EACH STATEMENT EXECUTE FUNCTION analytics.fall()`)
	for name, c := range map[string]struct {
		pauses string
		code   int
		says   []string
	}{
		"usual": {"100ms,100ms", exitDone, []string{"waiting to retry", "because"}},
		"never": {"never", exitFailed, nil},
		"wrong": {"soon", exitUsage, []string{"LEAT_RETRY_AFTER", "10s,30s"}},
	} {
		t.Run(name, func(t *testing.T) {
			leat := newProgram(t)
			leat.apply(p.authorizers() + exactFlow(connectors.Insert))
			exec1(t, p.targetConn, "SELECT setval('analytics.loads', 1, false); TRUNCATE analytics.exact; DROP TABLE IF EXISTS analytics._leat_state, analytics._leat_loads")
			leat.env[envRetryAfter] = c.pauses
			got := leat.try("run", "exact")
			if got.code != c.code {
				t.Fatalf("exit %d, want %d\n%s%s", got.code, c.code, got.stdout, got.stderr)
			}
			for _, word := range c.says {
				if !strings.Contains(got.stderr, word) {
					t.Errorf("stderr does not say %q: %s", word, got.stderr)
				}
			}
			if c.pauses == "never" && strings.Contains(got.stderr, "retry") {
				t.Errorf("it was tried again: %s", got.stderr)
			}
		})
	}
}
