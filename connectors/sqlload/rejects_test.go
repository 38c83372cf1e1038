package sqlload

import (
	"strings"
	"testing"

	"leat/connectors"
)

func TestSelectRejectsQuotesNamesAndRun(t *testing.T) {
	got, err := SelectRejects(plain{}, connectors.Table{Schema: `a"b`, Name: "c.d"}, "r'1")
	want := `SELECT rejected_at, column_name, reason, row_data FROM "a""b"."c.d__rejects" WHERE run = 'r''1'`
	if err != nil || got.Dataset.Query != want {
		t.Errorf("%s\nwant %s (%v)", got.Dataset.Query, want, err)
	}
	if _, err := SelectRejects(plain{}, connectors.Table{Schema: "a"}, "r"); !connectors.Is(err, connectors.Config) {
		t.Errorf("a table without a name: %v", err)
	}
	long := connectors.Table{Schema: "a", Name: strings.Repeat("x", 80)}
	name := RejectsTable(plain{}, long).Name
	if limit := (plain{}).MaxIdentifier(); !strings.HasSuffix(name, "__rejects") || len(name) > limit {
		t.Errorf("the table of a long name is %s", name)
	}
}
