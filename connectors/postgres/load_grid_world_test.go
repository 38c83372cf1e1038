package postgres

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/internal/testdb"
)

// gridWorld is the source and the roles that all cells share.
type gridWorld struct {
	admin     *pgx.Conn
	by        map[string]*connection // by role
	names     map[string]string      // quoted role names
	bystander string
}

// newGridWorld makes the source public.t with the keys 1 to 10, and public.before: what
// the targets hold at first.
func newGridWorld(t *testing.T) *gridWorld {
	t.Helper()
	_, admin := newDatabase(t, `CREATE TABLE t (id int, name text, at timestamp);
		INSERT INTO t SELECT n, 'n' || n, '2026-01-01'::timestamp + n * interval '1 hour' FROM generate_series(1, 10) n;
		CREATE TABLE before AS SELECT id, 'old'::text AS name, at, 7 AS extra FROM t WHERE id > 5; INSERT INTO before VALUES (99, 'kept', NULL, 7)`)
	w := &gridWorld{admin: admin, by: map[string]*connection{}, names: map[string]string{}}
	const reads = "GRANT USAGE ON SCHEMA public TO $ROLE; GRANT SELECT ON t TO $ROLE"
	for _, name := range []string{"owner", "seed"} {
		c, created := role(t, admin, reads)
		w.by[name], w.names[name] = c, pgx.Identifier{created}.Sanitize()
	}
	w.bystander = pgx.Identifier{testdb.Postgres(t).CreateRole(t, "bystander").Name}.Sanitize()
	execute(t, admin, strings.ReplaceAll("GRANT USAGE ON SCHEMA public TO $ROLE", "$ROLE", w.bystander))
	t.Cleanup(func() { _, _ = admin.Exec(deadline(t), "DROP OWNED BY "+w.bystander) })
	return w
}

// gridCell is one load into one table.
type gridCell struct {
	world   *gridWorld
	schema  string
	role    string
	mode    connectors.WriteMode
	replace connectors.Replace
	shape   string
	outcome string
}

// prepare makes the schema with the table and whatever the shape puts around it.
func (c gridCell) prepare(t *testing.T) {
	t.Helper()
	lines := []string{
		"CREATE SCHEMA $S; GRANT USAGE, CREATE ON SCHEMA $S TO $ROLE; GRANT USAGE ON SCHEMA $S TO $OTHER",
		"CREATE TABLE $S.t (id int NOT NULL, name text, at timestamp, extra int DEFAULT 7" + c.versions() + ")",
		c.key(), "INSERT INTO $S.t SELECT * FROM public.before" + c.first(),
		c.surroundings(),
	}
	if c.role == "owner" {
		lines = append(lines, "ALTER TABLE $S.t OWNER TO $ROLE")
	} else {
		lines = append(lines, "GRANT SELECT, INSERT, UPDATE, DELETE ON $S.t TO $ROLE")
	}
	replace := strings.NewReplacer("$S", c.schema, "$ROLE", c.world.names[c.role], "$OTHER", c.world.bystander)
	execute(t, c.world.admin, replace.Replace(strings.Join(lines, ";\n")))
	t.Cleanup(func() {
		_, _ = c.world.admin.Exec(deadline(t), "DROP SCHEMA "+c.schema+" CASCADE; DROP PUBLICATION IF EXISTS "+c.schema)
	})
}

func (c gridCell) versions() string {
	if c.mode == connectors.History {
		return ", valid_from timestamptz NOT NULL DEFAULT '2020-01-01', valid_to timestamptz"
	}
	return ""
}

// first narrows what the table holds: insert begins without the keys that it will read.
func (c gridCell) first() string {
	if c.mode == connectors.Insert {
		return " WHERE id = 99"
	}
	return ""
}

// key puts the index on the unique columns. In a history a key may stand in many rows,
// so that only its versions are unique.
func (c gridCell) key() string {
	columns, open := "id", ""
	if c.mode == connectors.History {
		columns, open = "id, valid_from", "CREATE UNIQUE INDEX t_open ON $S.t (id) WHERE valid_to IS NULL; "
	}
	switch c.shape {
	case "partial":
		return open + "CREATE UNIQUE INDEX t_key ON $S.t (" + columns + ") WHERE id > 0"
	case "deferrable":
		return open + "ALTER TABLE $S.t ADD CONSTRAINT t_key UNIQUE (" + columns + ") DEFERRABLE INITIALLY DEFERRED"
	default:
		return open + "ALTER TABLE $S.t ADD CONSTRAINT t_key PRIMARY KEY (" + columns + ")"
	}
}

// surroundings are what stands on the table or depends on it.
func (c gridCell) surroundings() string {
	switch c.shape {
	case "kept", "kept-cascade", "gone", "gone-cascade":
		return c.child()
	case "policies":
		return `CREATE POLICY low ON $S.t USING (id < 100) WITH CHECK (id < 100); CREATE POLICY few ON $S.t AS RESTRICTIVE FOR SELECT TO $OTHER USING (id < 8);
			ALTER TABLE $S.t ENABLE ROW LEVEL SECURITY`
	case "trigger":
		return `CREATE FUNCTION $S.picky() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
			IF TG_OP = ''DELETE'' THEN IF OLD.id = 7 THEN RETURN NULL; END IF; RETURN OLD; END IF;
			IF NEW.id = (CASE TG_OP WHEN ''INSERT'' THEN 3 ELSE 7 END) THEN RETURN NULL; END IF; RETURN NEW; END';
			CREATE TRIGGER picky BEFORE INSERT OR UPDATE OR DELETE ON $S.t FOR EACH ROW EXECUTE PROCEDURE $S.picky()`
	case "parent": // nobody but its owner may read the rows of the other table, which have the same keys
		return "CREATE TABLE $S.heir () INHERITS ($S.t); INSERT INTO $S.heir SELECT * FROM public.before"
	case "dependants":
		return `CREATE VIEW $S.v AS SELECT * FROM $S.t; COMMENT ON VIEW $S.v IS 'of t'; COMMENT ON TABLE $S.t IS 'remark'; COMMENT ON COLUMN $S.t.name IS 'noted';
			GRANT SELECT ON $S.v TO $OTHER; GRANT SELECT, UPDATE (name) ON $S.t TO $OTHER; CREATE PUBLICATION $S FOR TABLE $S.t`
	default:
		return ""
	}
}

// child makes a table that refers to a key which is read (kept), or to one which is not
// (gone). Nobody but its owner may read it.
func (c gridCell) child() string {
	key, action := 7, ""
	if strings.HasPrefix(c.shape, "gone") || c.mode == connectors.Insert {
		key = 99
	}
	if strings.HasSuffix(c.shape, "cascade") {
		action = " ON DELETE CASCADE"
	}
	if c.mode == connectors.History {
		return fmt.Sprintf("CREATE TABLE $S.child (t int, f timestamptz, CONSTRAINT child_t_fkey FOREIGN KEY (t, f) REFERENCES $S.t%s); INSERT INTO $S.child VALUES (%d, '2020-01-01')", action, key)
	}
	return fmt.Sprintf("CREATE TABLE $S.child (t int CONSTRAINT child_t_fkey REFERENCES $S.t%s); INSERT INTO $S.child VALUES (%d)", action, key)
}
