package sqlload

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
	"leat/record"
)

// sizes are the types of a system that has two integers, text and times.
type sizes struct{}

func (sizes) Make(_ context.Context, column record.Column) (Made, error) {
	switch {
	case column.Note == "broken":
		return Made{}, errors.New("the connection broke")
	case column.Note == "nowhere":
		return Made{Type: "text", Refused: errors.New("no type holds " + column.Name)}, nil
	case column.Native == "own":
		return Made{Type: "text", Text: true, Warning: "made as text"}, nil
	}
	return Made{Type: column.Native}, nil
}

func (sizes) Fit(column record.Column, have Column) (ok, text bool) {
	return column.Native == have.Type || column.Native == "int" && have.Type == "bigint" || have.Type == "uuid", have.Type == "uuid"
}

func (s sizes) Widen(ctx context.Context, column record.Column, have Column) (Made, bool, error) {
	made, err := s.Make(ctx, column)
	return made, have.Type == "int" && made.Type == "bigint", err
}

func (sizes) Narrow(column record.Column, have Column) bool {
	return column.Native == "bigint" && have.Type == "smallint"
}

func (sizes) Is(have Column, typeName string) bool { return have.Type == typeName }

func (sizes) Mend(alter string, _ Column, made Made, widens bool) string {
	if widens {
		return alter + ";"
	}
	return "Convert it to " + made.Type + "."
}

func source(name, native string) record.Column {
	return record.Column{Name: name, Native: native, Type: arrow.PrimitiveTypes.Int64}
}

// pairing is a source with a number and a text, and a table that has the columns.
func pairing(drift connectors.Drift, have ...Column) Pairing {
	p := Pairing{
		Dialect: plain{}, Types: sizes{}, Target: connectors.Target{Mode: connectors.Insert, Drift: drift, StateKey: "f/t"},
		Table: connectors.Table{Schema: "s", Name: "t"}, Schema: record.Schema{Columns: []record.Column{source("id", "bigint"), source("v", "text")}},
		Names: map[string]string{"id": "id", "v": "v"}, Nullable: "DROP NOT NULL;",
	}
	if have != nil {
		p.Existing = &Existing{Columns: have, Owned: true}
	}
	return p
}

var (
	idColumn = Column{Name: "id", Type: "bigint"}
	vColumn  = Column{Name: "v", Type: "text"}
)

// shape writes what a match loads: column, type and marks.
func shape(m *Match) string {
	var out []string
	for _, f := range m.Spec.Fields {
		line := f.Source + ">" + f.Column + " " + f.Type
		for mark, on := range map[string]bool{" text": f.Text, " meta": f.Meta, " fixed": f.Fixed} {
			if on {
				line += mark
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, ", ")
}

func TestMatch(t *testing.T) {
	for name, c := range map[string]struct {
		p        Pairing
		change   func(*Pairing)
		want     string
		kept     []int
		drift    []string
		warnings []string
		refused  []string
	}{
		"a new table": {p: pairing("")},
		"a table that fits": {
			p: pairing("", vColumn, Column{Name: "id", Type: "bigint", IdentityAlways: true}), want: "id>id bigint fixed, v>v text",
		},
		"a staged text": {p: pairing("", idColumn, Column{Name: "v", Type: "uuid"}), want: "id>id bigint, v>v uuid text"},
		"a computed column": {
			p: pairing("", idColumn, Column{Name: "v", Type: "text", Generated: true, NotNull: true}), want: "id>id bigint", kept: []int{0},
			warnings: []string{`The column "v" of s.t is computed by the database, so the source's values are left out`},
		},
		"another name": {
			p: pairing(""), change: func(p *Pairing) { p.Names["v"], p.Target.Unique, p.Target.Cursor = "v_", []string{"v"}, "v" }, want: "id>id bigint, v>v_ text",
			warnings: []string{`The source column "v" is called "v_" in s.t, since its own name cannot be used`},
		},
		"a warning about a type": {
			p: pairing(""), change: func(p *Pairing) { p.Schema.Columns[1].Native = "own" }, want: "id>id bigint, v>v text text", warnings: []string{"made as text"},
		},
		"a new column is reported": {
			p: pairing(connectors.DriftReport, idColumn), want: "id>id bigint", kept: []int{0},
			warnings: []string{`The source column "v" is left out: s.t does not have it. To load it: ALTER TABLE "s"."t" ADD v text;`},
		},
		"a new column is added":   {p: pairing(connectors.DriftAdd, idColumn), drift: []string{`ALTER TABLE "s"."t" ADD v text`}},
		"a new column is refused": {p: pairing(connectors.DriftRefuse, idColumn), refused: []string{`the source has the new column "v"`, `ALTER TABLE "s"."t" ADD v text;`}},
		"only the owner adds": {
			p: pairing(connectors.DriftWiden, idColumn), change: func(p *Pairing) { p.Existing.Owned = false }, refused: []string{"only the owner of s.t", "ADD v text;"},
		},
		"a narrow column is widened": {
			p:     pairing(connectors.DriftWiden, Column{Name: "id", Type: "int", IdentityAlways: true}, vColumn),
			want:  "id>id bigint fixed, v>v text",
			drift: []string{`ALTER TABLE "s"."t" ALTER id TYPE bigint`},
		},
		"a narrow column is refused": {
			p:       pairing(connectors.DriftAdd, Column{Name: "id", Type: "int"}, vColumn),
			refused: []string{`the column "id" is bigint at the source and int in s.t, which cannot hold every value`, `ALTER TABLE "s"."t" ALTER id TYPE bigint;`},
		},
		"only the owner widens": {
			p: pairing(connectors.DriftWiden, Column{Name: "id", Type: "int"}, vColumn), change: func(p *Pairing) { p.Existing.Owned = false }, refused: []string{`"id" is bigint`},
		},
		"what is no widening is refused": {
			p: pairing(connectors.DriftWiden, idColumn, Column{Name: "v", Type: "date"}), refused: []string{`"v" is text at the source and date`, "Convert it to text."},
		},
		"every misfit is named": {
			p: pairing("", Column{Name: "id", Type: "int"}, Column{Name: "v", Type: "date"}, Column{Name: "needed", Type: "int", NotNull: true}),
			refused: []string{
				`the columns of s.t do not fit: the column "id"`, `; the column "v"`, `; the column "needed" must not be NULL`, `ALTER TABLE "s"."t" ALTER COLUMN "needed" DROP NOT NULL;`,
			},
		},
		"a default is enough":   {p: pairing("", idColumn, vColumn, Column{Name: "needed", Type: "int", NotNull: true, Default: true})},
		"update needs no value": {p: pairing("", idColumn, vColumn, Column{Name: "needed", NotNull: true}), change: func(p *Pairing) { p.Target.Mode = connectors.Update }},
		"history fills its own": {p: pairing("", idColumn, vColumn, Column{Name: ValidFrom, NotNull: true}), change: func(p *Pairing) { p.Target.Mode = connectors.History }},
		"delete takes the key": {
			p: pairing("", idColumn, vColumn), change: func(p *Pairing) {
				p.Target.Mode, p.Target.Unique, p.Target.RunID = connectors.Delete, []string{"id"}, true
			}, want: "id>id bigint", kept: []int{0},
		},
		"a type without a place":  {p: pairing(""), change: func(p *Pairing) { p.Schema.Columns[1].Note = "nowhere" }, refused: []string{"no type holds v"}},
		"a broken connection":     {p: pairing(""), change: func(p *Pairing) { p.Schema.Columns[1].Note = "broken" }, refused: []string{"the connection broke"}},
		"filled columns are made": {p: pairing(""), change: extras, want: "id>id bigint, v>v text, >_loaded_at timestamptz meta, >_run_id text meta"},
		"filled columns are there": {
			p: pairing("", idColumn, vColumn, Column{Name: LoadedAt, Type: "timestamptz"}, Column{Name: RunID, Type: "text"}), change: extras,
			want: "id>id bigint, v>v text, >_loaded_at timestamptz meta, >_run_id text meta",
		},
		"filled columns are added": {
			p: pairing(connectors.DriftAdd, idColumn, vColumn, Column{Name: RunID, Type: "text"}), change: extras,
			want:  "id>id bigint, v>v text, >_loaded_at timestamptz meta, >_run_id text meta",
			drift: []string{`ALTER TABLE "s"."t" ADD _loaded_at timestamptz`},
		},
		"filled columns are left out": {
			p: pairing("", idColumn, vColumn, Column{Name: LoadedAt, Type: "timestamptz"}), change: extras, want: "id>id bigint, v>v text, >_loaded_at timestamptz meta",
			warnings: []string{`The column "_run_id" is left out: s.t does not have it. To load it: ALTER TABLE "s"."t" ADD _run_id text;`},
		},
		"filled columns are refused": {
			p: pairing(connectors.DriftRefuse, idColumn, vColumn), change: extras, refused: []string{
				`the stream asks for the column "_loaded_at", which s.t does not have`, `ALTER TABLE "s"."t" ADD _loaded_at timestamptz;`, `ALTER TABLE "s"."t" ADD _run_id text;`,
			},
		},
		"a filled column of another type": {
			p: pairing("", idColumn, vColumn, Column{Name: LoadedAt, Type: "int"}), change: extras, refused: []string{`the column "_loaded_at" of s.t is int instead of timestamptz`},
		},
		"the source has a filled column": {
			p: pairing(""), change: func(p *Pairing) { extras(p); p.Schema.Columns[1].Name = RunID }, refused: []string{`the source has a column "_run_id", which the load fills itself`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.change != nil {
				c.change(&c.p)
			}
			m, err := c.p.Match(t.Context())
			if len(c.refused) > 0 || err != nil {
				wantParts(t, err, c.refused)
				return
			}
			if c.want == "" {
				c.want = "id>id bigint, v>v text"
			}
			if c.kept == nil {
				c.kept = []int{0, 1}
			}
			if got := shape(m); got != c.want || !slices.Equal(m.Kept, c.kept) {
				t.Errorf("loads %s of %v\nwant  %s of %v", got, m.Kept, c.want, c.kept)
			}
			if !slices.Equal(m.Spec.Drift, c.drift) || !slices.Equal(m.Warnings, c.warnings) {
				t.Errorf("drift %q, warnings %q", m.Spec.Drift, m.Warnings)
			}
		})
	}
}

func extras(p *Pairing) { p.Target.LoadedAt, p.Target.RunID = true, true }

func wantParts(t *testing.T, err error, parts []string) {
	t.Helper()
	if err == nil || len(parts) == 0 {
		t.Fatalf("got %v, want an error with %q", err, parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v\nlacks %q", err, part)
		}
	}
}

func TestMatchRenamesKeys(t *testing.T) {
	p := pairing("")
	p.Names, p.Schema.Columns[1].Type = map[string]string{"id": "id_", "v": "v_"}, arrow.FixedWidthTypes.Timestamp_us
	p.Target.Unique, p.Target.Cursor, p.Target.UniqueHints = []string{"id"}, "v", [][]string{{"v", "id"}}
	m, err := p.Match(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := m.Spec
	if !slices.Equal(s.Unique, []string{"id_"}) || s.Cursor != "v_" || !s.CursorIsTime || !slices.Equal(s.UniqueHints[0], []string{"v_", "id_"}) {
		t.Errorf("unique %q, cursor %q (a time: %v), hints %q", s.Unique, s.Cursor, s.CursorIsTime, s.UniqueHints)
	}
}

func TestMatchRaw(t *testing.T) {
	m, err := pairing("").MatchRaw("varchar", "timestamptz", "jsonb")
	if want := "ab_id>ab_id varchar, emitted_at>emitted_at timestamptz, data>data jsonb"; err != nil || shape(m) != want || len(m.Kept) != 2 {
		t.Errorf("%s, %v", shape(m), err)
	}
	_, err = pairing("", Column{Name: RawID, Type: "varchar"}, Column{Name: RawData, Type: "text"}).MatchRaw("varchar", "timestamptz", "jsonb")
	wantParts(t, err, []string{`the raw layout needs the column "emitted_at" of type timestamptz, and there is none`, `column "data" of type jsonb, and there is text`})
	p := pairing("")
	p.Target.Mode = connectors.Upsert
	_, err = p.MatchRaw("varchar", "timestamptz", "jsonb")
	wantParts(t, err, []string{"the raw layout does not offer upsert"})
}

func TestCheckTargets(t *testing.T) {
	id := connectors.LoadID{Installation: "me", Run: "1"}
	same := func(a, b connectors.Table) bool { return a == b }
	one := connectors.Target{StateKey: "a", Table: connectors.Table{Name: "a"}}
	two := connectors.Target{StateKey: "b", Table: connectors.Table{Name: "b"}}
	if err := CheckTargets(id, []connectors.Target{one, two}, same); err != nil {
		t.Error(err)
	}
	two.StateKey = "a"
	if err := CheckTargets(id, []connectors.Target{one, two}, same); !connectors.Is(err, connectors.Config) {
		t.Errorf("two streams of one state: %v", err)
	}
	two.StateKey, two.Table = "b", one.Table
	if err := CheckTargets(id, []connectors.Target{one, two}, same); !connectors.Is(err, connectors.Config) {
		t.Errorf("two streams of one table: %v", err)
	}
	if err := CheckTargets(connectors.LoadID{Installation: "me"}, []connectors.Target{one}, same); !connectors.Is(err, connectors.Internal) {
		t.Errorf("no run: %v", err)
	}
}

func TestRejectsCountsUpToTheLimit(t *testing.T) {
	stream := Stream{Table: connectors.Table{Schema: "s", Name: "t"}, Target: connectors.Target{RejectLimit: 3}}
	var r Rejects
	for _, reason := range []string{"late", "late", "wide"} {
		if err := r.Add(stream, Rejected{Reject: record.Reject{Column: "c", Reason: reason}}); err != nil {
			t.Fatal(err)
		}
	}
	if want := []connectors.RejectCount{{Column: "c", Reason: "late", Rows: 2}, {Column: "c", Reason: "wide", Rows: 1}}; !slices.Equal(r.Reasons, want) {
		t.Errorf("reasons %+v", r.Reasons)
	}
	wantParts(t, r.Add(stream, Rejected{Reject: record.Reject{Reason: "last"}}), []string{"more than 3 rows for s.t cannot be stored; the last: ", "last"})
	stream.Target.RejectLimit = 0
	wantParts(t, (&Rejects{}).Add(stream, Rejected{Reject: record.Reject{Reason: "first"}}), []string{"a row for s.t cannot be stored: ", "first"})
	var places Places
	places.Next(1, 500)
	found := Placed([]Rejected{{Reject: record.Reject{Row: 6, Column: "c", Reason: "wide"}}}, places.Next(1, 10), 1, 1)
	wantParts(t, (&Rejects{}).Add(stream, found[0]), []string{`a row for s.t cannot be stored: column "c", row 507 of those read: wide`})
	found[0].Column = ""
	wantParts(t, (&Rejects{}).Add(stream, Placed(found, places.Next(0, 1), 1, 2)[0]), []string{"row 7 of part 2 of those read: wide"})
	stream.Target.RejectLimit = -1
	if err := r.Add(stream, Rejected{Reject: record.Reject{Reason: "any"}}); err != nil || r.Count != 5 {
		t.Errorf("%d rows, %v", r.Count, err)
	}
}

// A narrower column is widened where the drift policy may, else its values are checked.
func TestNarrowerColumnsAreChecked(t *testing.T) {
	narrow := Column{Name: "id", Type: "smallint"}
	m, err := pairing(connectors.DriftReport, narrow, vColumn).Match(t.Context())
	want := `The column "id" is bigint at the source and smallint in s.t; every value is checked, and one that does not fit exactly is rejected`
	if err != nil || !slices.Equal(m.Checked, []string{want}) || len(m.Warnings) > 0 || m.Spec.Fields[0].Type != "smallint" {
		t.Errorf("%+v, %v", m, err)
	}
	p := pairing(connectors.DriftReport, narrow, vColumn)
	p.Target.Narrowing = connectors.NarrowingRefuse
	if m, err := p.Match(t.Context()); !connectors.Is(err, connectors.Config) || len(m.Checked) > 0 {
		t.Errorf("refused by type: %+v, %v", m, err)
	}
	p = pairing(connectors.DriftWiden, Column{Name: "id", Type: "int"}, vColumn)
	if m, err := p.Match(t.Context()); err != nil || len(m.Checked) > 0 || len(m.Spec.Drift) != 1 {
		t.Errorf("widened: %+v, %v", m, err)
	}
}
