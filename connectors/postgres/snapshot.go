package postgres

import (
	"leat/connectors"
)

// snapshotError is for sessions that could not join the snapshot of a read. The server
// drops an exported snapshot with the session that holds it; its codes for that speak of
// a wrong value or object, which nobody can mend.
func snapshotError(err error) error {
	if !isState(err, "22023", "42704", "55000") {
		return err
	}
	return &connectors.Error{
		Kind: connectors.Unreachable, Retryable: true, Cause: err,
		Message: "the snapshot of this read is gone, because the session that held it ended", Fix: "The next try reads again from a new snapshot.",
	}
}
