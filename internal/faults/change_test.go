package faults_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// change is something that somebody does to the target while a run stands still. In its
// statements NUMBER is the number of the change at its site, and RIGHT a right that the
// change before it did not give.
type change struct {
	name string
	sql  string
	// sign is a condition that is true as long as the change is there.
	sign string
	// undo takes it away when it was seen, where it would stand against another swap.
	undo string
	// yields says that it may fail when it comes while the tables are being swapped, since
	// it waits for no lock of the table.
	yields bool

	number int
	ended  chan error
	// waited says that it had to wait for the run, gone that it failed or was taken away.
	waited, gone bool
}

// changes are those that a swap would lose, each in its own way.
var changes = []change{
	{
		name: "a right on the table is granted", yields: true,
		sql:  "GRANT RIGHT ON analytics.target TO PUBLIC",
		sign: "EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) g WHERE c.oid = 'analytics.target'::regclass AND g.grantee = 0 AND g.privilege_type = 'RIGHT')",
	},
	{
		name: "a right on a column is granted", yields: true,
		sql: "GRANT RIGHT (note) ON analytics.target TO PUBLIC",
		sign: `EXISTS (SELECT FROM pg_attribute a, aclexplode(a.attacl) g
			WHERE a.attrelid = 'analytics.target'::regclass AND a.attname = 'note' AND g.grantee = 0 AND g.privilege_type = 'RIGHT')`,
	},
	{
		name: "an index is made",
		sql:  "CREATE INDEX late_NUMBER ON analytics.target (grp)",
		sign: "EXISTS (SELECT FROM pg_index WHERE indrelid = 'analytics.target'::regclass AND indexrelid = to_regclass('analytics.late_NUMBER') AND indisvalid)",
	},
	{
		name: "a comment is written",
		sql:  "COMMENT ON TABLE analytics.target IS 'late NUMBER'",
		sign: "coalesce(obj_description('analytics.target'::regclass), '') = 'late NUMBER'",
		undo: "COMMENT ON TABLE analytics.target IS NULL",
	},
	{
		name: "a trigger is made",
		sql:  "CREATE TRIGGER late_NUMBER BEFORE UPDATE ON analytics.target FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		sign: "EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'analytics.target'::regclass AND tgname = 'late_NUMBER')",
		undo: "DROP TRIGGER late_NUMBER ON analytics.target",
	},
}

// changed is the fault of a change.
func changed(c change) fault {
	return fault{
		name: c.name, change: &c,
		strike: func(a *site) { a.beginChange(c) },
		after:  func(a *site) { a.endChange(a.changes[len(a.changes)-1]) },
	}
}

// written puts the number and the right of a change into its words.
func (c *change) written(words string) string {
	rights := []string{"SELECT", "UPDATE"}
	return strings.NewReplacer("NUMBER", strconv.Itoa(c.number), "RIGHT", rights[(c.number-1)%len(rights)]).Replace(words)
}

// beginChange makes a change, and returns when it is made or waits for the run.
func (a *site) beginChange(c change) {
	a.t.Helper()
	c.number, c.ended = len(a.changes)+1, make(chan error, 1)
	a.changes = append(a.changes, &c)
	conn, err := pgx.Connect(a.t.Context(), a.world.server.URL(a.target))
	if err != nil {
		a.t.Fatalf("connect to make a change: %v", err)
	}
	pid := conn.PgConn().PID()
	go func() {
		_, err := conn.Exec(a.t.Context(), c.written(c.sql))
		_ = conn.Close(a.t.Context())
		c.ended <- err
	}()
	waits := fmt.Sprintf("SELECT (cardinality(pg_blocking_pids(%d)) > 0)::text", pid)
	holds, ended := holdsBefore(c.ended, func() bool { return a.ground.text(a.t, waits) == "true" })
	if c.waited = holds; !holds && !ended {
		a.t.Fatalf("%s: it neither ended nor waits", c.name)
	}
}

// endChange waits for the end of a change. Only what waited for the swap may fail, and
// only where no lock of the table lets it find the new one.
func (a *site) endChange(c *change) {
	a.t.Helper()
	select {
	case err := <-c.ended:
		if c.gone = err != nil; c.gone && !(c.yields && c.waited) {
			a.t.Errorf("%s: %v", c.name, err)
		}
	case <-time.After(patience):
		a.t.Fatalf("%s: it waits for ever", c.name)
	}
}

// checkChanges requires every change that was not refused.
func (a *site) checkChanges() {
	a.t.Helper()
	for _, c := range a.changes {
		if c.gone {
			continue
		}
		if a.ground.text(a.t, "SELECT ("+c.written(c.sign)+")::text") != "true" {
			a.t.Errorf("%s (number %d, waited: %t), and after the run it is gone", c.name, c.number, c.waited)
		}
		if c.undo != "" {
			a.ground.run(a.t, c.written(c.undo))
			c.gone = true
		}
	}
}
