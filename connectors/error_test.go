package connectors_test

import (
	"testing"

	"leat/connectors"
)

func TestEveryKindOfErrorHasAdvice(t *testing.T) {
	kinds := []connectors.Kind{
		connectors.Config, connectors.Auth, connectors.Unreachable, connectors.NotFound, connectors.Permission, connectors.Data, connectors.Conflict,
		connectors.Ownership, connectors.Throttled, connectors.Unknown, connectors.Cancelled, connectors.Internal,
	}
	seen := map[string]connectors.Kind{}
	for _, kind := range kinds {
		advice := (&connectors.Error{Kind: kind, Message: "x"}).Advice()
		if other, twice := seen[advice]; twice || advice == "" {
			t.Errorf("%s says %q, as %s does", kind, advice, other)
		}
		seen[advice] = kind
	}
	if got := (&connectors.Error{Kind: connectors.Data, Message: "x", Fix: "Do this."}).Advice(); got != "Do this." {
		t.Errorf("an error with a fix says %q", got)
	}
}
