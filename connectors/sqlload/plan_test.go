package sqlload

import (
	"context"
	"strings"
	"testing"

	"leat/connectors"
)

// plain is the smallest dialect.
type plain struct{}

func (plain) MaxIdentifier() int            { return 63 }
func (plain) MaxColumns() int               { return 1600 }
func (plain) Quote(name string) string      { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
func (plain) SystemColumn(name string) bool { return name == "ctid" }
func (plain) Cast(e, t string) string       { return "CAST(" + e + " AS " + t + ")" }
func (plain) Number(e string) string        { return "CAST(" + e + " AS numeric)" }
func (plain) TextType() string              { return "text" }
func (plain) Operator(name string) string   { return name }
func (plain) TimeType() string              { return "timestamptz" }
func (plain) KeyType() string               { return "text" }
func (plain) Now() string                   { return "now()" }
func (plain) Differs(left, right []string) string {
	return "(" + strings.Join(left, ", ") + ") <> (" + strings.Join(right, ", ") + ")"
}
func (plain) Staging(name string) string            { return name }
func (plain) CreateStaging(name, sql string) string { return "CREATE TABLE " + name + " AS " + sql }
func (plain) Kin() string                           { return "" }
func (plain) DropStaging(name string) string        { return "DROP TABLE " + name }
func (plain) Order(alias string) string             { return alias + ".rowid" }
func (plain) Analyze(string) string                 { return "" }
func (plain) Lock(string) string                    { return "" }
func (plain) ForUpdate() string                     { return "" }
func (plain) SameName(a, b string) string           { return a + " = " + b }
func (plain) EstimateRows() string                  { return "SELECT estimate" }
func (plain) Overriding() string                    { return "" }
func (plain) OnConflict() bool                      { return false }
func (plain) AddColumn(t, c, typeName string) string {
	return "ALTER TABLE " + t + " ADD " + c + " " + typeName
}

func (plain) WidenColumn(t, c, typeName string) string {
	return "ALTER TABLE " + t + " ALTER " + c + " TYPE " + typeName
}

func (plain) CreateIndex(name, table string, columns []string, _ bool, _ string) string {
	return "CREATE INDEX " + name + " ON " + table + " (" + strings.Join(columns, ", ") + ")"
}

// script answers statements by their first matching word.
type script struct {
	answers map[string][]int64
	ran     []string
}

func (s *script) find(sql string) []int64 {
	s.ran = append(s.ran, sql)
	for word, answer := range s.answers {
		if strings.Contains(sql, word) {
			return answer
		}
	}
	return []int64{0}
}

func (s *script) Exec(_ context.Context, sql string, _ ...string) (int64, error) {
	return s.find(sql)[0], nil
}

func (s *script) Query(_ context.Context, sql string, _ ...string) ([]Row, error) {
	row := Row{}
	for _, n := range s.find(sql) {
		row = append(row, Value{Text: strings.TrimSpace(string(rune('0' + n)))})
	}
	return []Row{row}, nil
}

func upsertPlan(t *testing.T, guards ...string) *Plan {
	t.Helper()
	plan, err := Build(plain{}, Spec{
		Target: connectors.Target{Mode: connectors.Upsert, Unique: []string{"id"}}, Table: connectors.Table{Schema: "s", Name: "t"}, Staging: "stage", Unique: []string{"id"},
		Fields:   []Field{{Source: "id", Column: "id", Type: "int"}, {Source: "v", Column: "v", Type: "int"}},
		Existing: &Existing{Columns: []Column{{Name: "id", Type: "int"}, {Name: "v", Type: "int"}}, Guards: guards},
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// good are the answers of an upsert of 6 rows: 1 double, 2 new, 2 changed, 1 equal.
func good() map[string][]int64 {
	return map[string][]int64{"GROUP BY s.\"id\"": {6, 0, 1}, "DELETE FROM stage": {1}, "LEFT JOIN": {2, 3}, "stage s JOIN": {2, 2}, "UPDATE ": {2}, "INSERT INTO": {2}}
}

func TestApplyCountsEveryRowOnce(t *testing.T) {
	report, err := upsertPlan(t).Apply(t.Context(), &script{answers: good()}, Input{Copied: 6, Sent: 6, Rejected: 1, Close: connectors.Close{RowsRead: 7}, LastGood: -1})
	if err != nil {
		t.Fatal(err)
	}
	want := connectors.Counts{Read: 7, Written: 4, Unchanged: 1, Duplicate: 1, Rejected: 1, Changed: 4}
	if report.Counts != want {
		t.Errorf("counts %+v, want %+v", report.Counts, want)
	}
}

func TestApplyRefusesCountsThatDoNotAddUp(t *testing.T) {
	in := Input{Copied: 6, Sent: 6, Close: connectors.Close{RowsRead: 6}, LastGood: -1}
	for name, change := range map[string]func(map[string][]int64, *Input){
		"fewer rows reached the load": func(_ map[string][]int64, in *Input) { in.Close.RowsRead = 7 },
		"fewer rows were stored":      func(_ map[string][]int64, in *Input) { in.Copied = 5 },
		"fewer rows are staged":       func(a map[string][]int64, _ *Input) { a["GROUP BY s.\"id\""] = []int64{5, 0, 1} },
		"fewer rows were updated":     func(a map[string][]int64, _ *Input) { a["UPDATE "] = []int64{1} },
		"fewer rows were inserted":    func(a map[string][]int64, _ *Input) { a["INSERT INTO"] = []int64{1} },
		"more changed than came":      func(a map[string][]int64, _ *Input) { a["stage s JOIN"] = []int64{4, 2} },
		"a double stayed":             func(a map[string][]int64, _ *Input) { a["DELETE FROM stage"] = []int64{0} },
	} {
		answers, changed := good(), in
		change(answers, &changed)
		_, err := upsertPlan(t, `trigger "x"`).Apply(t.Context(), &script{answers: answers}, changed)
		if err == nil {
			t.Errorf("%s: the load was accepted", name)
		}
	}
}

func TestGuardSize(t *testing.T) {
	for _, c := range []struct {
		ratio          float64
		read, previous int64
		last           int64
		refused        bool
	}{
		{0, 0, 0, -1, false},
		{0, 0, 1, -1, true},
		{0, 0, 0, 5, true},
		{0, 1, 100, 100, false},
		{-1, 0, 100, 100, false},
		{0.5, 49, 10, 100, true},
		{0.5, 50, 10, 100, false},
		{0.5, 4, 10, -1, true},
		{0.5, 5, 10, -1, false},
	} {
		plan := &Plan{Spec: Spec{Target: connectors.Target{Mode: connectors.TruncateInsert, MinRowsRatio: c.ratio}}}
		err := plan.guardSize(Input{Close: connectors.Close{RowsRead: c.read, Whole: true}, LastGood: c.last}, c.previous)
		if (err != nil) != c.refused {
			t.Errorf("%+v: %v", c, err)
		}
	}
	incremental := &Plan{Spec: Spec{Target: connectors.Target{Mode: connectors.TruncateInsert}}}
	if err := incremental.guardSize(Input{LastGood: 5}, 5); err != nil {
		t.Errorf("a read of a part was refused: %v", err)
	}
}
