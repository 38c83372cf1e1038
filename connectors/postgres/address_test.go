package postgres

import (
	"errors"
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

// TestAddressesInBracketsAreChecked names the address alone to TLS and to the rules for what
// may be reached.
func TestAddressesInBracketsAreChecked(t *testing.T) {
	t.Parallel()
	settings := connectors.Settings{"host": "[2001:db8::7]", "database": "d", "username": "u"}
	config, err := configOf(settings, connectors.Env{TLS: dial.TLS{Mode: dial.TLSVerifyFull}})
	if err != nil {
		t.Fatal(err)
	}
	if tls, err := config.TLS.Config(config.Host); err != nil || tls.ServerName != "2001:db8::7" {
		t.Errorf("the name of the server is %v, %v", tls, err)
	}
	for _, host := range []string{"[::1]", "[fe80::1]", "[::ffff:169.254.169.254]"} {
		settings["host"] = host
		env := connectors.Env{TLS: dial.TLS{Mode: dial.TLSDisable}, Dial: dial.New(dial.Options{}).DialContext}
		_, err := Connector{}.Open(t.Context(), settings, env)
		refused, ok := errors.AsType[*dial.Error](err)
		if !ok || refused.Kind != dial.KindRefusedByPolicy {
			t.Errorf("%s: %v", host, err)
		}
	}
}
