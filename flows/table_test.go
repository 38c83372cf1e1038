package flows_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leat/connectors"
	"leat/flows"
)

func TestParseTable(t *testing.T) {
	for text, want := range map[string]connectors.Table{
		"orders":              {Schema: "dbo", Name: "orders"},
		" public.Orders ":     {Schema: "public", Name: "Orders"},
		`"My Schema"."T.x"`:   {Schema: "My Schema", Name: "T.x"},
		`public."say ""hi"""`: {Schema: "public", Name: `say "hi"`},
		`"Orders"`:            {Schema: "dbo", Name: "Orders"},
		"zákazníci.řádky":     {Schema: "zákazníci", Name: "řádky"},
	} {
		got, err := flows.ParseTable(text, "dbo")
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "  ", ".", "a.", ".a", "a..b", "a.b.c", `"a`, `""`, `a.""`, `"a"b`, `a"b`, "my table", "a\x00b", "\xff", `"a".`, `"a" .b`,
	} {
		if got, err := flows.ParseTable(text, "dbo"); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestFormatTable(t *testing.T) {
	for want, table := range map[string]connectors.Table{
		"orders": {Name: "orders"}, "public.Orders": {Schema: "public", Name: "Orders"},
		`"My Schema"."T.x"`: {Schema: "My Schema", Name: "T.x"}, `p."say ""hi"""`: {Schema: "p", Name: `say "hi"`},
	} {
		if got := flows.FormatTable(table); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestTablesSurviveText(t *testing.T) {
	name := rapid.StringOfN(rapid.RuneFrom([]rune(`ab.A" 'é漢😀;-{}`)), 1, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		table := connectors.Table{Schema: name.Draw(t, "schema"), Name: name.Draw(t, "name")}
		got, err := flows.ParseTable(flows.FormatTable(table), "x")
		if err != nil || got != table {
			t.Fatalf("%s became %+v, %v", flows.FormatTable(table), got, err)
		}
	})
}
