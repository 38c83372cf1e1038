package postgres

import (
	"fmt"

	"leat/connectors"
	"leat/connectors/pgwire"
)

// The oldest servers, as pgwire.ServerVersion counts. The tests see 10 and newer; the
// SQL of insert, truncate_insert and the raw layout also keeps to what 9.4 understands.
// A server that hides its version (0) is tried.
const (
	oldestTested = 100_000
	oldestLoaded = 90_400
)

// requireReadable refuses to read from a server whose catalogue is another one.
func requireReadable(version int) error {
	if version == 0 || version >= oldestTested {
		return nil
	}
	return tooOld("reading", oldestTested, version, "Upgrade the server.")
}

// requireMode refuses a write mode that the server is too old for.
func requireMode(version int, target connectors.Target) error {
	oldest, fix := oldestTested, "Use insert or truncate_insert, or upgrade the server."
	if target.Mode == connectors.Insert || target.Mode == connectors.TruncateInsert {
		oldest, fix = oldestLoaded, "Upgrade the server."
	}
	if version == 0 || version >= oldest {
		return nil
	}
	return tooOld("the write mode "+string(target.Mode), oldest, version, fix)
}

func tooOld(what string, oldest, version int, fix string) error {
	return &connectors.Error{
		Kind: connectors.Config, Fix: fix,
		Message: fmt.Sprintf("%s needs PostgreSQL %s or newer, and this server is %s", what, versionName(oldest), versionName(version)),
	}
}

// versionName writes 90_400 as 9.4 and 150_004 as 15.
func versionName(version int) string {
	if version < pgwire.SincePartitions {
		return fmt.Sprintf("%d.%d", version/10_000, version/100%100)
	}
	return fmt.Sprint(version / 10_000)
}
