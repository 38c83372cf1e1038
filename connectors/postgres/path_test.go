package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/internal/cells"
)

// ownPath gives the database a search path of its own, which sessions begin with.
func ownPath(t *testing.T, statements string) (*connection, *pgx.Conn) {
	t.Helper()
	_, admin := newDatabase(t, "CREATE SCHEMA app; CREATE SCHEMA dwh; SET search_path = app, public; "+statements)
	execute(t, admin, "ALTER DATABASE "+pgx.Identifier{admin.Config().Database}.Sanitize()+" SET search_path = app, public")
	return open(t, admin.Config().ConnString()), admin
}

func testdata(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "cases", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAViewThatReliesOnTheSearchPath reads it whole, by a cursor, and by a query.
func TestAViewThatReliesOnTheSearchPath(t *testing.T) {
	t.Parallel()
	c, _ := ownPath(t, testdata(t, "search_path_view.sql"))
	whole := connectors.Selection{Dataset: connectors.Dataset{Schema: "app", Name: "pv"}}
	for name, change := range map[string]func(*connectors.Selection){
		"whole": func(*connectors.Selection) {}, "preview": func(s *connectors.Selection) { s.Limit = 5 },
		"by a cursor": func(s *connectors.Selection) { s.Cursor = "id" }, "by a computed cursor": func(s *connectors.Selection) { s.Cursor = "l" },
		"without NULL": func(s *connectors.Selection) { s.Cursor, s.Nulls = "l", connectors.NullsFail },
		"a query":      func(s *connectors.Selection) { s.Dataset = connectors.Dataset{Query: "SELECT * FROM pv"} },
	} {
		s := whole
		change(&s)
		got := readAll(t, c, connectors.Want{}, s, whole) // the second read finds the session as the first did
		if fmt.Sprint(got[0].rows) != "[map[id:1 l:a]]" || fmt.Sprint(got[1].rows) != "[map[id:1 l:a]]" {
			t.Errorf("%s: %v, then %v", name, got[0].rows, got[1].rows)
		}
	}
}

// reliant is a target whose trigger, CHECK, domain, default and deferred constraint trigger
// use names without a schema.
const reliant = `CREATE TABLE log (what text, id int); CREATE TABLE limits (most int); INSERT INTO limits VALUES (1000);
	CREATE FUNCTION under(i int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN i < (SELECT most FROM limits); END';
	CREATE FUNCTION named(n text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT 1 FROM limits); END';
	CREATE DOMAIN named_text AS text CHECK (named(VALUE));
	CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (TG_NAME, CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END);
		RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END; END $$;
	CREATE TABLE t (id int, name text, at timestamp); INSERT INTO t SELECT n, 'n' || n, '2026-01-01'::timestamp + n * interval '1 hour' FROM generate_series(1, 10) n;
	CREATE TABLE dwh.t (id int PRIMARY KEY CHECK (under(id)), name named_text, at timestamp);
	CREATE TRIGGER before BEFORE INSERT OR UPDATE OR DELETE ON dwh.t FOR EACH ROW EXECUTE PROCEDURE note();
	CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE OR DELETE ON dwh.t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE PROCEDURE note()`

// TestATargetThatReliesOnTheSearchPath is loaded in every mode, with and without rejects.
func TestATargetThatReliesOnTheSearchPath(t *testing.T) {
	t.Parallel()
	c, admin := ownPath(t, reliant)
	for i, mode := range connectors.WriteModes() {
		for j, rejects := range []int64{0, -1} {
			if !cells.Visited(2, i+j) {
				continue
			}
			execute(t, admin, "TRUNCATE dwh.t, log; ALTER TABLE dwh.t DROP COLUMN IF EXISTS valid_from, DROP COLUMN IF EXISTS valid_to")
			switch mode {
			case connectors.History:
				execute(t, admin, "ALTER TABLE dwh.t ADD valid_from timestamptz, ADD valid_to timestamptz")
			case connectors.Insert:
			default:
				execute(t, admin, "INSERT INTO dwh.t VALUES (3, 'old', NULL), (20, 'old', NULL); TRUNCATE log")
			}
			f := into(c, "t", mode, "id")
			f.selection.Dataset.Schema, f.target.Takeover = "app", connectors.TakeoverYes
			f.target.RejectLimit, f.run = rejects, int(rejects)+10
			f.must(t)
			wantRows(t, admin, "SELECT count(*) > 0 FROM log WHERE what = 'before'", "(t)")
			wantRows(t, admin, "SELECT count(*) > 0 FROM log WHERE what = 'late'", "(t)")
		}
	}
}

// TestWritersKeepTheSearchPath fills a hidden table whose domain relies on it.
func TestWritersKeepTheSearchPath(t *testing.T) {
	t.Parallel()
	c, admin := ownPath(t, strings.ReplaceAll(reliant, "generate_series(1, 10)", "generate_series(1, 999)"))
	f := into(c, "t", connectors.Upsert, "id")
	f.selection.Dataset.Schema, f.target.Writers, f.parts = "app", 2, 2
	if r := f.must(t); !strings.Contains(r.Reason, "2 writers at once") || r.Written != 999 {
		t.Errorf("%d rows, %s", r.Written, r.Reason)
	}
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(999)")
}

// TestEventTriggersKeepTheSearchPath let Leat make and drop its tables.
func TestEventTriggersKeepTheSearchPath(t *testing.T) {
	t.Parallel()
	c, admin := ownPath(t, `CREATE TABLE t AS SELECT 1 AS id, 'x'::text AS name; CREATE TABLE ddl (tag text);
		CREATE FUNCTION audit() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO ddl VALUES (tg_tag); END $$;
		CREATE EVENT TRIGGER audit_end ON ddl_command_end EXECUTE PROCEDURE audit(); CREATE EVENT TRIGGER audit_drop ON sql_drop EXECUTE PROCEDURE audit()`)
	f := into(c, "t", connectors.Upsert, "id")
	f.selection.Dataset.Schema, f.target.RejectLimit = "app", -1
	f.must(t)
	f.must(t)
	replaced := into(c, "t", connectors.TruncateInsert)
	replaced.selection.Dataset.Schema = "app"
	replaced.must(t)
	wantRows(t, admin, "SELECT count(*) > 3 FROM ddl", "(t)")
}

// hostile are operators and functions that everybody may make in a schema that everybody
// searches. They fit the arguments of ours better than the server's own.
func hostile() string {
	var out strings.Builder
	out.WriteString(`CREATE FUNCTION public.taken() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'taken over'; END $$;
		CREATE FUNCTION public.count(int) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint FROM public.taken()';
		CREATE FUNCTION public.count(text) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint FROM public.taken()';
		CREATE FUNCTION public.count(varchar) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint FROM public.taken()';
		CREATE FUNCTION public.floor(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint FROM public.taken()';
		CREATE FUNCTION public.row_to_json(anyelement) RETURNS json LANGUAGE sql AS 'SELECT NULL::json FROM public.taken()';
		CREATE FUNCTION public.max(varchar) RETURNS varchar LANGUAGE sql AS 'SELECT $1 FROM public.taken()';`)
	for i, types := range []string{"varchar, varchar", "varchar, text", "text, varchar", "bpchar, varchar", "smallint, numeric", "date, timestamp"} {
		left, right, _ := strings.Cut(types, ", ")
		for j, operator := range []string{"=", "<>", "<", ">", "<=", ">=", "-"} {
			fmt.Fprintf(&out, "CREATE FUNCTION public.bad_%d_%d(%s) RETURNS boolean LANGUAGE sql AS 'SELECT public.taken()'; CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, PROCEDURE = public.bad_%[1]d_%[2]d);\n",
				i, j, types, operator, left, right)
		}
	}
	return out.String()
}

// TestOthersCannotSlipInOperators reads and loads with the role's own search path, in which
// somebody else has put operators and functions.
func TestOthersCannotSlipInOperators(t *testing.T) {
	t.Parallel()
	c, admin := ownPath(t, hostile()+`CREATE TABLE t (id varchar(20) PRIMARY KEY, name text, n bigint, small smallint, day date, at timestamp);
		INSERT INTO t SELECT g, 'n' || g, g, g, '2026-01-01'::date + g, '2026-01-01'::timestamp + g * interval '1 hour' FROM generate_series(1, 10) g`)
	if _, err := admin.Exec(t.Context(), "SELECT 1 FROM app.t WHERE id = 'a'::varchar"); err == nil {
		t.Fatal("the operators do not slip in, so that this test proves nothing")
	}
	for i, mode := range connectors.WriteModes() {
		for j, rejects := range []int64{0, -1} {
			if !cells.Visited(2, i+j) {
				continue
			}
			execute(t, admin, "DROP TABLE IF EXISTS dwh.t, dwh._leat_state, dwh._leat_loads; CREATE TABLE dwh.t (LIKE app.t)")
			f := into(c, "t", mode, "id")
			f.selection.Dataset.Schema, f.target.RejectLimit, f.target.Takeover = "app", rejects, connectors.TakeoverYes
			if rejects == 0 && mode != connectors.TruncateInsert {
				f.target.Cursor = "id"
			}
			if mode == connectors.History {
				execute(t, admin, "ALTER TABLE dwh.t ADD valid_from timestamptz, ADD valid_to timestamptz")
			}
			f.must(t)
			f.must(t)
		}
	}
	for _, cursor := range []string{"id", "n", "small", "day", "at", "xmin"} {
		s := connectors.Selection{Dataset: connectors.Dataset{Schema: "app", Name: "t"}, Cursor: cursor}
		first := readAll(t, c, connectors.Want{}, s)[0]
		s.Position = first.checkpoint.Position
		if cursor != "id" && cursor != "xmin" {
			s.Overlap = map[bool]string{true: "48h", false: "2"}[cursor == "day" || cursor == "at"]
		}
		if again := readAll(t, c, connectors.Want{}, s)[0]; len(first.rows) != 10 || len(again.rows) == 0 && cursor != "xmin" {
			t.Errorf("by %s %d rows, then %d", cursor, len(first.rows), len(again.rows))
		}
	}
}

// TestEqualityIsThatOfTheType updates by a key whose equality is an extension's.
func TestEqualityIsThatOfTheType(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE EXTENSION citext; CREATE SCHEMA dwh; CREATE TABLE t (id citext PRIMARY KEY, v text); INSERT INTO t VALUES ('Ann', 'new');
		CREATE TABLE dwh.t (id citext, v text); INSERT INTO dwh.t VALUES ('ANN', 'old')`)
	into(c, "t", connectors.Upsert, "id").must(t)
	wantRows(t, admin, "SELECT id::text, v FROM dwh.t", "(ANN,new)")
}

// TestTypesOfTheServerAloneAreText moves columns that no value can be put into.
func TestTypesOfTheServerAloneAreText(t *testing.T) {
	t.Parallel()
	statistics, data := "(ndistinct, dependencies, mcv)", "stxdndistinct, stxddependencies, stxdmcv FROM pg_statistic_ext_data"
	if serverVersion(t) < pgwire.SinceGenerated { // without lists of frequent values, and beside the definition
		statistics, data = "(ndistinct, dependencies)", "stxndistinct, stxdependencies FROM pg_statistic_ext"
	}
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; "+testdata(t, "pg_node_tree.sql")+"; CREATE TABLE two AS SELECT g % 10 AS a, g % 10 AS b FROM generate_series(1, 100) g")
	execute(t, admin, "CREATE STATISTICS both_columns "+statistics+" ON a, b FROM two; ANALYZE two")
	execute(t, admin, "CREATE TABLE c_statistics AS SELECT "+data)
	for _, name := range []string{"c_rewrite", "c_statistics"} {
		r := into(c, name, connectors.TruncateInsert).must(t)
		if r.Written == 0 {
			t.Errorf("%s: no rows", name)
		}
	}
	wantRows(t, admin, "SELECT ev_action::text FROM c_rewrite", digest(t, admin, "SELECT ev_action FROM dwh.c_rewrite"))
	wantRows(t, admin, "SELECT count(*) FROM pg_attribute WHERE attrelid IN ('dwh.c_rewrite'::regclass, 'dwh.c_statistics'::regclass) AND atttypid::regtype::text ~ '^pg_'", "(0)")
	execute(t, admin, "DROP TABLE dwh.c_rewrite; CREATE TABLE dwh.c_rewrite (LIKE c_rewrite)")
	_, err := into(c, "c_rewrite", connectors.Insert).move(t)
	wantRefusal(t, err, connectors.Config, "pg_node_tree", "TYPE text")
}
