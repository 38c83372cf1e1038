package archtest

import (
	"slices"
	"testing"
)

// TestDoorsKeepTheMusts guards the table itself against a careless line.
func TestDoorsKeepTheMusts(t *testing.T) {
	t.Parallel()
	for _, d := range doors {
		if d.why == "" {
			t.Errorf("the door from %s to %s has no reason", d.from, d.to)
		}
		isDomain := slices.Contains([]string{"flows", "authorizers", "accounts"}, d.from)
		if isDomain && slices.Contains([]string{"storage", "engine", "web"}, d.to) {
			t.Errorf("%s is a domain and must not know %s", d.from, d.to)
		}
		if slices.Contains([]string{"storage", "web", "scheduler", "engine", "connectors/catalog"}, d.to) {
			t.Errorf("only cmd may know %s, not %s", d.to, d.from)
		}
		if slices.Contains(leaves, d.from) {
			t.Errorf("%s is called a leaf and has a door to %s", d.from, d.to)
		}
		if !known(d.to) {
			t.Errorf("the door from %s leads to %s, which is no room", d.from, d.to)
		}
	}
}

// TestDoorsMakeNoCircle proves that the rooms have an order.
func TestDoorsMakeNoCircle(t *testing.T) {
	t.Parallel()
	var visit func(room string, path []string)
	visit = func(room string, path []string) {
		if slices.Contains(path, room) {
			t.Fatalf("the doors make a circle: %q", append(path, room))
		}
		for _, d := range doors {
			if d.from == room {
				visit(d.to, append(path, room))
			}
		}
	}
	for _, d := range doors {
		visit(d.from, nil)
	}
}
