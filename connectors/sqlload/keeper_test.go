package sqlload

import (
	"context"
	"strings"
	"testing"
)

// answers is a session that gives the same rows to every query.
type answers []Row

func (a answers) Exec(context.Context, string, ...string) (int64, error) { return 0, nil }

func (a answers) Query(context.Context, string, ...string) ([]Row, error) { return a, nil }

// A state row that cannot be read is named with what is wrong, whichever of its columns
// it is.
func TestAStateRowThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	row := func(fence, updated string) answers {
		return answers{{{Text: "here"}, {Text: "sales/orders"}, {Text: "orders"}, {Text: fence}, {}, {}, {Text: updated}}}
	}
	for name, session := range map[string]answers{"fence": row("seven", "1"), "time": row("7", "noon")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Store{Dialect: plain{}, Schema: "public"}.States(t.Context(), session)
			if err == nil || !strings.Contains(err.Error(), "sales/orders") || !strings.Contains(err.Error(), "invalid syntax") {
				t.Errorf("error = %v, want one that names the stream and the number", err)
			}
		})
	}
}
