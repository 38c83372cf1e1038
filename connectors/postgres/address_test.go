package postgres

import (
	"testing"

	"leat/connectors"
	"leat/dial"
)

// TestAddressesInBrackets takes an IPv6 address as it stands in URLs, and as it is.
func TestAddressesInBrackets(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"[::1]": "::1", "::1": "::1", " [2001:db8::7] ": "2001:db8::7", "db.example.com": "db.example.com", "10.0.0.7": "10.0.0.7",
	} {
		settings := connectors.Settings{"host": host, "database": "d", "username": "u"}
		config, err := configOf(settings, connectors.Env{TLS: dial.TLS{Mode: dial.TLSDisable}})
		if err != nil || config.Host != want {
			t.Errorf("host %q is %q, %v", host, config.Host, err)
		}
		settings["host"] = want
		if got, want := where(connectors.Settings{"host": host, "database": "d"}), where(settings); got != want {
			t.Errorf("host %q is shown as %q, want %q", host, got, want)
		}
	}
}
