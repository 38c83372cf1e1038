package connectortest

import (
	"maps"
	"strings"
	"testing"

	"leat/connectors"
)

// descriptor checks the static half.
func (h Harness) descriptor(t *testing.T) {
	d := h.Connector.Descriptor()
	if d.Kind == "" || d.Kind != strings.ToLower(d.Kind) || d.Title == "" || d.Summary == "" {
		t.Errorf("kind %q, title %q and summary %q must be set, the kind in lower case", d.Kind, d.Title, d.Summary)
	}
	seen := map[string]bool{}
	for _, field := range d.Settings {
		if field.Name == "" || field.Label == "" || seen[field.Name] {
			t.Errorf("setting %q has no name or label, or stands twice", field.Name)
		}
		seen[field.Name] = true
		if (field.Type == connectors.FieldChoice) != (len(field.Choices) > 0) {
			t.Errorf("setting %q: choices and the type choice belong together", field.Name)
		}
	}
	c := d.Capabilities
	if c.Loads != (len(c.WriteModes) > 0) || c.Loads && (c.DefaultSchema == "" || c.Atomicity == "") {
		t.Errorf("a loading system declares write modes, a default schema and its atomicity: %+v", c)
	}
	if (c.Reads || c.Loads) && len(c.Types) == 0 {
		t.Error("the type table is empty")
	}
}

// open checks that settings are validated and that a fresh connection passes its check.
func (h Harness) open(t *testing.T) {
	if err := h.connect(t).Check(deadline(t)); err != nil {
		t.Errorf("check: %v", err)
	}
	for _, field := range h.Connector.Descriptor().Settings {
		if !field.Required {
			continue
		}
		settings := maps.Clone(h.Settings)
		delete(settings, field.Name)
		connection, err := h.Connector.Open(deadline(t), settings, h.Env)
		if err == nil {
			_ = connection.Close(t.Context())
		}
		if !connectors.Is(err, connectors.Config) {
			t.Errorf("open without the required setting %q: got %v, want an error of kind config", field.Name, err)
		}
	}
}
