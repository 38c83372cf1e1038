package engine

import (
	"context"
	"errors"
	"strings"
	"testing"

	"leat/connectors"
	"leat/flows"
)

// TestKeysAreCheckedOnRealRows asks the source in plan and preview. Only the preview, for
// those who may see rows, shows a value.
func TestKeysAreCheckedOnRealRows(t *testing.T) {
	w := newWorld(t)
	secret := "secret"
	shared := func(context.Context, []string) (*connectors.RepeatedKey, error) {
		return &connectors.RepeatedKey{Values: []*string{&secret, nil}, Rows: 7}, nil
	}
	fails := func(context.Context, []string) (*connectors.RepeatedKey, error) { return nil, errors.New("too slow") }
	for _, test := range []struct {
		mode   connectors.WriteMode
		unique []string
		policy connectors.Duplicates
		answer func(context.Context, []string) (*connectors.RepeatedKey, error)
		want   string
	}{
		{connectors.Upsert, []string{"text", "id"}, "", shared, "share the unique columns (text, id); of each key one row counts"},
		{connectors.History, []string{"text", "id"}, connectors.DuplicatesRefuse, shared, "so that the run would fail"},
		{connectors.Upsert, []string{"text"}, "", fails, "Not checked"},
		{connectors.Upsert, []string{"text"}, "", nil, ""},
		{connectors.Upsert, []string{"id"}, "", shared, ""}, // which the source enforces
		{connectors.DeleteInsert, []string{"text"}, "", shared, ""},
	} {
		w.system.faults.repeated = test.answer
		one := stream("public.orders")
		one.WriteMode, one.Unique, one.Duplicates = test.mode, test.unique, test.policy
		plans, err := w.PlanFlow(t.Context(), flows.Flow{Name: "new", DestinationID: "dwh", Streams: []flows.Stream{one}})
		w.must(err)
		told := strings.Join(plans[0].Plan.Warnings, " ")
		if !strings.Contains(told, test.want) || test.want == "" && told != "" || strings.Contains(told, secret) {
			t.Errorf("%s by %v, %q: the plan says %q, want %q", test.mode, test.unique, test.policy, told, test.want)
		}
		found, err := w.Preview(t.Context(), "shop", connectors.Selection{Dataset: connectors.Dataset{Schema: "public", Name: "orders"}, Key: one.CheckedKey(nil)}, 1)
		w.must(err)
		told = strings.Join(found.Warnings, " ")
		example := strings.Contains(told, `for example text = "secret", id = NULL (7 rows`)
		if example != strings.Contains(test.want, "share") && test.policy == "" {
			t.Errorf("%s by %v: the preview says %q", test.mode, test.unique, told)
		}
	}
	w.clean()
}
