package postgres

import (
	"strings"
	"testing"

	"leat/connectors"
	"leat/internal/cells"
)

// mails is a source whose rows a trigger of the target changes.
const mails = `CREATE SCHEMA dwh; CREATE TABLE u (id int PRIMARY KEY, email text, n int); INSERT INTO u VALUES (1, 'Ann@X.org', 1), (2, 'bob@x.org', 2), (3, 'Cy@x.org', 3);
	CREATE FUNCTION dwh.lowmail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.email := lower(NEW.email); RETURN NEW; END';
	CREATE FUNCTION dwh.lowall() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE dwh.u SET email = lower(email) WHERE email <> lower(email); RETURN NULL; END';
	CREATE TABLE dwh.u (id int PRIMARY KEY, email text, n int)`

// Triggers that lower the text: before a row is stored, and after the statement.
const (
	lowRows      = "; CREATE TRIGGER low BEFORE INSERT OR UPDATE ON dwh.u FOR EACH ROW EXECUTE PROCEDURE dwh.lowmail()"
	lowStatement = "; CREATE TRIGGER low AFTER INSERT OR UPDATE ON dwh.u FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE PROCEDURE dwh.lowall()"
)

// TestTriggersAreNamedAndWhatTheyChange loads each mode three times into a table whose
// trigger changes two of three rows. No run fails for it, and each run says which rows and
// columns are stored otherwise.
func TestTriggersAreNamedAndWhatTheyChange(t *testing.T) {
	t.Parallel()
	for i, trigger := range []struct{ name, sql string }{{"row", lowRows}, {"statement", lowStatement}} {
		for j, c := range []struct {
			mode    connectors.WriteMode
			replace connectors.Replace
			before  string
			// again is what becomes of the same rows in later runs: written, unchanged, duplicate, skipped, changed.
			first, again [5]int64
			// silent says that later runs store nothing.
			silent bool
		}{
			{mode: connectors.Insert, first: [5]int64{3, 0, 0, 0, 3}},
			{mode: connectors.InsertIgnore, first: [5]int64{3, 0, 0, 0, 3}, again: [5]int64{0, 0, 0, 3, 0}, silent: true},
			{mode: connectors.TruncateInsert, first: [5]int64{3, 0, 0, 0, 3}, again: [5]int64{3, 0, 0, 0, 6}},
			{mode: connectors.TruncateInsert, replace: connectors.ReplaceMerge, first: [5]int64{3, 0, 0, 0, 3}, again: [5]int64{2, 1, 0, 0, 2}},
			{mode: connectors.Upsert, first: [5]int64{3, 0, 0, 0, 3}, again: [5]int64{2, 1, 0, 0, 2}},
			{mode: connectors.Update, before: "INSERT INTO dwh.u VALUES (1, 'ann@x.org', 0), (2, 'x', 2), (3, 'x', 3)", first: [5]int64{3, 0, 0, 0, 3}, again: [5]int64{2, 1, 0, 0, 2}},
			{mode: connectors.DeleteInsert, first: [5]int64{3, 0, 0, 0, 3}, again: [5]int64{3, 0, 0, 0, 6}},
			{mode: connectors.History, before: "ALTER TABLE dwh.u ADD valid_from timestamptz NOT NULL, ADD valid_to timestamptz, DROP CONSTRAINT u_pkey", first: [5]int64{3, 0, 0, 0, 3}, again: [5]int64{2, 1, 0, 0, 4}},
		} {
			if !cells.Visited(2, i+j) {
				continue
			}
			t.Run(trigger.name+" "+string(c.mode)+" "+string(c.replace), func(t *testing.T) {
				t.Parallel()
				conn, admin := newDatabase(t, mails+"; "+c.before+trigger.sql)
				f := into(conn, "u", c.mode, "id")
				f.target.Replace, f.target.Takeover = c.replace, connectors.TakeoverYes
				if c.mode == connectors.Insert {
					f.target.Unique = nil
				}
				for run := range 3 {
					if c.mode == connectors.Insert && run > 0 {
						break // the key would not take the rows again
					}
					want := c.first
					if run > 0 {
						want = c.again
					}
					r := f.must(t)
					wantCounts(t, r, want[0], want[1], want[2], want[3], want[4])
					wantWarnings(t, r.Warnings, 1, `trigger "low"`, "run when this load writes")
					// What an AFTER trigger does to rows that no key finds is not seen.
					if seen := (run == 0 || !c.silent) && !(c.mode == connectors.Insert && trigger.name == "statement"); seen {
						wantWarnings(t, r.Warnings, 1, "2 rows of dwh.u differ from what was read", "columns: email.", `trigger "low"`)
					} else {
						wantWarnings(t, r.Warnings, 0, "differ from what was read")
					}
				}
				open := ""
				if c.mode == connectors.History {
					open = " WHERE valid_to IS NULL"
				}
				wantRows(t, admin, "SELECT id, email, n FROM dwh.u"+open, digest(t, admin, "SELECT id, lower(email), n FROM u"))
			})
		}
	}
}

// wantWarnings counts the warnings that hold all words.
func wantWarnings(t *testing.T, warnings []string, times int, words ...string) {
	t.Helper()
	found := 0
	for _, warning := range warnings {
		holds := true
		for _, word := range words {
			holds = holds && strings.Contains(warning, word)
		}
		if holds {
			found++
		}
	}
	if found != times {
		t.Errorf("%d warnings say %q, want %d: %q", found, words, times, warnings)
	}
}

// TestCompareWithoutLeavesColumnsOut touches rows as people's triggers do. With the column
// left out of the comparison an unchanged source changes nothing at all.
func TestCompareWithoutLeavesColumnsOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode    connectors.WriteMode
		replace connectors.Replace
		around  string
	}{
		{mode: connectors.Upsert},
		{mode: connectors.Update},
		{mode: connectors.TruncateInsert, replace: connectors.ReplaceMerge},
		{mode: connectors.TruncateInsert, around: "; CREATE TABLE dwh.film (a int REFERENCES dwh.a); INSERT INTO dwh.film VALUES (1)"},
	} {
		t.Run(string(c.mode)+" "+string(c.replace), func(t *testing.T) {
			t.Parallel()
			conn, admin := newDatabase(t, `CREATE SCHEMA dwh; CREATE TABLE a (id int PRIMARY KEY, v text, updated_at timestamptz); INSERT INTO a VALUES (1, 'x', '2020-01-01'), (2, 'y', '2020-01-01');
				CREATE TABLE dwh.a (id int PRIMARY KEY, v text, updated_at timestamptz); INSERT INTO dwh.a VALUES (1, 'old', NULL), (2, 'old', NULL);
				CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.updated_at := now(); RETURN NEW; END';
				CREATE TRIGGER touched BEFORE UPDATE ON dwh.a FOR EACH ROW EXECUTE PROCEDURE touch()`+c.around)
			f := into(conn, "a", c.mode, "id")
			f.target.Replace, f.target.Takeover = c.replace, connectors.TakeoverYes
			for range 2 { // the trigger makes the rows differ again and again
				r := f.must(t)
				wantCounts(t, r, 2, 0, 0, 0, 2)
				wantWarnings(t, r.Warnings, 1, "2 rows of dwh.a differ from what was read", "columns: updated_at.")
			}
			f.target.CompareWithout = []string{"updated_at"}
			before := digest(t, admin, "SELECT ctid, xmin, a.* FROM dwh.a")
			r := f.must(t)
			wantCounts(t, r, 0, 2, 0, 0, 0)
			wantWarnings(t, r.Warnings, 0, "differ from what was read")
			wantWarnings(t, r.Warnings, 1, `trigger "touched"`)
			wantRows(t, admin, "SELECT ctid, xmin, a.* FROM dwh.a", before)
			f.target.CompareWithout = []string{"updated_at", "nope"}
			_, err := f.move(t)
			wantRefusal(t, err, connectors.Config, "compare_without", `"nope"`)
			wantPlanned(t, f, `"nope"`)
		})
	}
}

// wantPlanned wants the plan of a flow to be refused with a word.
func wantPlanned(t *testing.T, f *flow, word string) {
	t.Helper()
	plans, err := f.c.Plan(t.Context(), connectors.LoadID{Installation: testInstallation, Flow: "test", Run: "plan"}, []connectors.Target{f.target})
	if err != nil {
		t.Fatal(err)
	}
	if refusal := plans[0].Refusal; refusal == nil || !strings.Contains(refusal.Message, word) {
		t.Errorf("the plan is refused by %v, want %s", refusal, word)
	}
}

// TestTriggersCanBeRefused refuses enabled triggers and rules, in the plan and in the run.
func TestTriggersCanBeRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, refused string }{
		"row":       {lowRows, `trigger "low"`},
		"statement": {lowStatement, `trigger "low"`},
		"truncate":  {"; CREATE TRIGGER low BEFORE TRUNCATE ON dwh.u FOR EACH STATEMENT EXECUTE PROCEDURE dwh.lowall()", `trigger "low"`},
		"rule":      {"; CREATE RULE also AS ON INSERT TO dwh.u DO ALSO SELECT 1", `rule "also"`},
		"disabled":  {lowRows + "; ALTER TABLE dwh.u DISABLE TRIGGER low", ""},
		"replica":   {lowRows + "; ALTER TABLE dwh.u ENABLE REPLICA TRIGGER low", ""},
		"none":      {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, _ := newDatabase(t, mails+c.sql)
			f := into(conn, "u", connectors.Upsert, "id")
			f.target.Triggers = connectors.TriggersRefuse
			r, err := f.move(t)
			if c.refused == "" {
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(r.Recipe, "update+insert") || len(r.Warnings) > 0 {
					t.Errorf("recipe %s, warnings %q", r.Recipe, r.Warnings)
				}
				return
			}
			wantRefusal(t, err, connectors.Config, "triggers or rules", c.refused, "triggers: report")
			wantPlanned(t, f, c.refused)
		})
	}
}

// TestOnlyTriggersThatRunAreNamed looks at the modes: a trigger of deletes is none of an
// upsert's, and it costs it nothing.
func TestOnlyTriggersThatRunAreNamed(t *testing.T) {
	t.Parallel()
	conn, _ := newDatabase(t, mails+`; CREATE FUNCTION dwh.idle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
		CREATE TRIGGER gone BEFORE DELETE ON dwh.u FOR EACH STATEMENT EXECUTE PROCEDURE dwh.idle()`)
	r := into(conn, "u", connectors.Upsert, "id").must(t)
	if r.Recipe != "stage+on-conflict" || len(r.Warnings) > 0 {
		t.Errorf("recipe %s, warnings %q", r.Recipe, r.Warnings)
	}
	f := into(conn, "u", connectors.Delete, "id")
	f.target.StateKey = "test/dwh.u/delete"
	wantWarnings(t, f.must(t).Warnings, 1, `trigger "gone"`)
}

// TestRowsThatTriggersRemoveFail names the trigger that lets stored rows vanish, before
// they are stored or afterwards.
func TestRowsThatTriggersRemoveFail(t *testing.T) {
	t.Parallel()
	const after = `; CREATE FUNCTION dwh.picky() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM dwh.u WHERE id = 2; RETURN NULL; END';
		CREATE TRIGGER picky AFTER INSERT ON dwh.u FOR EACH STATEMENT EXECUTE PROCEDURE dwh.picky()`
	const key = `; CREATE FUNCTION dwh.picky() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.id := NEW.id + 10; RETURN NEW; END';
		CREATE TRIGGER picky BEFORE INSERT ON dwh.u FOR EACH ROW EXECUTE PROCEDURE dwh.picky()`
	for name, sql := range map[string]string{"after": after, "key": key} {
		for _, mode := range []connectors.WriteMode{connectors.InsertIgnore, connectors.TruncateInsert, connectors.Upsert, connectors.DeleteInsert} {
			if name == "key" && mode == connectors.TruncateInsert {
				continue // no key is used
			}
			t.Run(name+" "+string(mode), func(t *testing.T) {
				t.Parallel()
				conn, admin := newDatabase(t, mails+sql)
				_, err := into(conn, "u", mode, "id").move(t)
				wantRefusal(t, err, connectors.Data, "do not add up", `trigger "picky"`)
				wantRows(t, admin, "SELECT * FROM dwh.u", "")
			})
		}
	}
}

// TestTriggersOfPartitionsAreNamed finds what acts on rows behind a partitioned table.
func TestTriggersOfPartitionsAreNamed(t *testing.T) {
	t.Parallel()
	conn, _ := newDatabase(t, strings.Replace(mails, "CREATE TABLE dwh.u (id int PRIMARY KEY, email text, n int)", `CREATE TABLE dwh.u (id int, email text, n int) PARTITION BY LIST (n);
		CREATE TABLE dwh.u1 PARTITION OF dwh.u FOR VALUES IN (1); CREATE TABLE dwh.u2 PARTITION OF dwh.u FOR VALUES IN (2, 3)`, 1)+`;
		CREATE TRIGGER low BEFORE INSERT OR UPDATE ON dwh.u1 FOR EACH ROW EXECUTE PROCEDURE dwh.lowmail()`)
	r := into(conn, "u", connectors.Upsert, "id").must(t)
	wantWarnings(t, r.Warnings, 1, `trigger "low"`, "run when this load writes")
	wantWarnings(t, r.Warnings, 1, "1 rows of dwh.u differ")
}
