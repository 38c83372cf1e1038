// Package connectortest is the suite that every system's test calls. It proves that a
// connector keeps the contract of package connectors: what its capabilities declare
// works, what they do not declare is refused, a read proves its end, a load is all or
// nothing, and every row read ends in exactly one count. Expected tables come from a
// small model of each write mode, never from the connector itself.
package connectortest

import (
	"context"
	"testing"
	"time"

	"leat/connectors"
)

// Harness gives the suite one real system.
type Harness struct {
	Connector connectors.Connector
	Settings  connectors.Settings
	Env       connectors.Env
	// Seed makes a readable dataset of that name with the columns id (key), name,
	// amount, at and these rows.
	Seed func(t *testing.T, name string, rows []Row) connectors.Dataset
	// Schema is an existing schema the user may create tables in; needed for loading.
	Schema string
}

// Run runs the whole suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	t.Run("descriptor", h.descriptor)
	t.Run("open", h.open)
	capabilities := h.Connector.Descriptor().Capabilities
	if capabilities.Reads {
		t.Run("discover", h.discover)
		t.Run("read", h.read)
	}
	if capabilities.Reads && capabilities.Cursors {
		t.Run("incremental", h.incremental)
	}
	if capabilities.Loads {
		t.Run("load", h.load)
		t.Run("modes", h.modes)
		t.Run("state", h.state)
		t.Run("ownership", h.ownership)
		t.Run("ownership stays", h.ownershipStays)
		t.Run("ownership follows the table", h.ownershipFollowsTheTable)
		t.Run("ownership of a history", h.ownershipOfAHistory)
	}
}

// connect opens the system for the length of the test.
func (h Harness) connect(t *testing.T) connectors.Connection {
	t.Helper()
	connection, err := h.Connector.Open(deadline(t), h.Settings, h.Env)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := connection.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return connection
}

// role opens the system and asserts a role that its capabilities declare.
func role[R any](t *testing.T, h Harness) R {
	t.Helper()
	found, ok := h.connect(t).(R)
	if !ok {
		t.Fatalf("the connection does not play the declared role %T", *new(R))
	}
	return found
}

// deadline bounds every call of the suite.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
