package sqlload

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"leat/connectors"
)

func TestShortenKeepsNamesApart(t *testing.T) {
	prefix := strings.Repeat("x", 62)
	for _, pair := range [][2]string{{prefix + "ab", prefix + "ac"}, {strings.Repeat("ž", 32), strings.Repeat("ž", 33)}, {strings.Repeat("é", 40), strings.Repeat("e\u0301", 40)}} {
		first, second := Shorten(pair[0], 63), Shorten(pair[1], 63)
		if first == second || len(first) > 63 || len(second) > 63 {
			t.Errorf("%q and %q became %q and %q", pair[0], pair[1], first, second)
		}
	}
	if got := Shorten(strings.Repeat("y", 63), 63); got != strings.Repeat("y", 63) {
		t.Errorf("a name of exactly the limit became %q", got)
	}
}

func TestShortenProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name, limit := rapid.String().Draw(t, "name"), rapid.IntRange(20, 80).Draw(t, "limit")
		short := Shorten(name, limit)
		if len(short) > limit || !utf8.ValidString(short) {
			t.Fatalf("%q became %q with a limit of %d", name, short, limit)
		}
		if len(name) <= limit && short != name || Shorten(short, limit) != short {
			t.Fatalf("%q became %q, which is not stable", name, short)
		}
		if with := ShortenWith(name, "__rejects", limit); len(with) > limit || !strings.HasSuffix(with, "__rejects") {
			t.Fatalf("%q with an ending became %q", name, with)
		}
	})
}

func TestMapColumns(t *testing.T) {
	long := strings.Repeat("n", 70)
	mapped, err := MapColumns(plain{}, []string{"id", "Id", "ctid", long}, []string{"id"})
	if err != nil || mapped["ctid"] != "ctid_" || mapped["Id"] != "Id" || mapped[long] != Shorten(long, 63) {
		t.Errorf("%v, %v", mapped, err)
	}
	for _, bad := range [][]string{{"ctid", "ctid_"}, {""}, {"a\x00b"}, {"\xff"}} {
		if _, err := MapColumns(plain{}, bad, nil); !connectors.Is(err, connectors.Config) {
			t.Errorf("%q: got %v, want an error of kind config", bad, err)
		}
	}
	if _, err := MapTable(plain{}, connectors.Table{Schema: "s"}); !connectors.Is(err, connectors.Config) {
		t.Errorf("an empty table name: %v", err)
	}
}
