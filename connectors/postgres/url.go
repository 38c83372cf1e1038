package postgres

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"leat/connectors"
	"leat/dial"
)

// parseURL splits postgres://user:password@host:port/database?sslmode=... into fields.
// No error text holds a part of the string, since any part may be a mislaid password.
func parseURL(raw string) (connectors.ParsedURL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return badURL("it cannot be read as a URL", "Write @, /, :, # and % in user name or password as %40, %2F, %3A, %23 and %25.")
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return badURL("it does not begin with postgres://", "")
	}
	if strings.Contains(u.Host, ",") {
		return badURL("it names several hosts", "Give one host.")
	}
	parameters, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return badURL("its parameters cannot be read", "Write % as %25 and & as %26 inside a parameter.")
	}
	settings := connectors.Settings{}
	password, _ := u.User.Password()
	for name, value := range map[string]string{
		"host": u.Hostname(), "port": u.Port(), "database": strings.TrimPrefix(u.Path, "/"),
		"username": u.User.Username(), "password": password,
	} {
		if value != "" {
			settings[name] = value
		}
	}
	return withParameters(settings, parameters)
}

// urlSettings are the parameters that name a setting.
var urlSettings = map[string]string{
	"host": "host", "port": "port", "dbname": "database", "user": "username", "password": "password",
	"connect_timeout": "connect_timeout",
}

// withParameters takes what stands behind the question mark. Parameters that are not
// understood are named, so that the page can say what was left out.
func withParameters(settings connectors.Settings, parameters url.Values) (connectors.ParsedURL, error) {
	parsed := connectors.ParsedURL{Settings: settings}
	for name, values := range parameters {
		value := values[len(values)-1]
		switch setting, known := urlSettings[name]; {
		case known:
			settings[setting] = value
		case name == "sslmode":
			mode, ok := tlsMode(value)
			if !ok {
				return badURL("its sslmode is unknown", "Use disable, prefer, require, verify-ca or verify-full.")
			}
			parsed.TLSMode = mode
		default:
			parsed.Unknown = append(parsed.Unknown, name)
		}
	}
	slices.Sort(parsed.Unknown)
	if timeout, ok := settings["connect_timeout"]; ok {
		if n, err := strconv.Atoi(timeout); err != nil || n < 1 {
			delete(settings, "connect_timeout") // 0 and less mean no limit, which is not offered
		}
	}
	return parsed, nil
}

// tlsMode reads sslmode. The mode allow, which prefers plaintext, becomes prefer.
func tlsMode(sslmode string) (string, bool) {
	if sslmode == "allow" {
		return string(dial.TLSPrefer), true
	}
	return sslmode, slices.Contains(dial.TLSModes(), dial.TLSMode(sslmode))
}

func badURL(reason, fix string) (connectors.ParsedURL, error) {
	return connectors.ParsedURL{}, &connectors.Error{Kind: connectors.Config, Message: "the connection string cannot be used: " + reason, Fix: fix}
}
