package postgres

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
	"leat/connectors/sqlload"
)

var update = flag.Bool("update", false, "write the golden files")

// variant is one situation that a plan is made for.
type variant struct {
	name        string
	exists      bool
	index       bool
	incremental bool
}

func variants() []variant {
	var all []variant
	for _, incremental := range []bool{false, true} {
		name := map[bool]string{false: "whole", true: "incremental"}[incremental]
		all = append(all,
			variant{name: "new table, " + name, incremental: incremental},
			variant{name: "existing table without index, " + name, exists: true, incremental: incremental},
			variant{name: "existing table with index, " + name, exists: true, index: true, incremental: incremental})
	}
	return all
}

func (v variant) spec(mode connectors.WriteMode) sqlload.Spec {
	orders, key := connectors.Table{Schema: "dwh", Name: "orders"}, []string{"id", "Region"}
	s := sqlload.Spec{
		Target: connectors.Target{Table: orders, Mode: mode, Unique: key, CreateIndexes: true}, Table: orders, Staging: "_leat_stage", Unique: key,
		Fields: []sqlload.Field{
			{Source: "id", Column: "id", Type: "bigint"},
			{Source: "Region", Column: "Region", Type: "text"},
			{Source: "total", Column: "total", Type: "numeric(12,2)"},
			{Source: "at", Column: "at", Type: "timestamp with time zone"},
			{Source: "period", Column: "period", Type: "tsrange", Text: v.exists},
		},
	}
	if v.incremental {
		s.Target.Cursor, s.Cursor, s.CursorIsTime = "at", "at", true
	}
	if v.exists {
		s.Existing = &sqlload.Existing{Filled: true, Ownership: sqlload.Ownership{Owns: true}}
		for _, f := range s.Fields {
			s.Existing.Columns = append(s.Existing.Columns, sqlload.Column{Name: f.Column, Type: f.Type})
		}
		if mode == connectors.History {
			s.Existing.Columns = append(s.Existing.Columns, sqlload.Column{Name: sqlload.ValidFrom}, sqlload.Column{Name: sqlload.ValidTo})
		}
	}
	if v.index {
		s.Existing.Unique = [][]string{{"Region", "id"}}
	}
	return s
}

// TestGoldenPlans compares the SQL of every mode with testdata; -update writes it.
func TestGoldenPlans(t *testing.T) {
	t.Parallel()
	for _, mode := range connectors.WriteModes() {
		t.Run(string(mode), func(t *testing.T) {
			var out strings.Builder
			for _, v := range variants() {
				fmt.Fprintf(&out, "-- %s\n", v.name)
				plan, err := sqlload.Build(dialect{version: 150_000}, v.spec(mode))
				if err != nil {
					fmt.Fprintf(&out, "-- refused: %v\n\n", err)
					continue
				}
				fmt.Fprintf(&out, "-- recipe %s: %s\n%s\n\n", plan.Recipe, plan.Reason, strings.Join(plan.Statements(), ";\n"))
			}
			golden(t, string(mode)+".sql", out.String())
		})
	}
}

func TestGoldenReplaceRecipes(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	for _, recipe := range []connectors.Replace{connectors.ReplaceMerge, connectors.ReplaceDeleteInsert, connectors.ReplaceSwap} {
		s := variant{exists: true, index: true}.spec(connectors.TruncateInsert)
		s.Target.Replace = recipe
		s.Existing.Guards = []string{`trigger "audit"`}
		s.Existing.Triggers = []sqlload.Trigger{{Name: `trigger "audit"`, Insert: true, Update: true}}
		fmt.Fprintf(&out, "-- replace: %s\n", recipe)
		plan, err := sqlload.Build(dialect{version: 150_000}, s)
		if err != nil {
			fmt.Fprintf(&out, "-- refused: %v\n\n", err)
			continue
		}
		fmt.Fprintf(&out, "-- recipe %s: %s\n%s\n\n", plan.Recipe, plan.Reason, strings.Join(plan.Statements(), ";\n"))
	}
	golden(t, "replace.sql", out.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); -update writes it anew:\n%s", name, diff)
	}
}
