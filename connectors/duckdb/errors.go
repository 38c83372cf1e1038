package duckdb

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"leat/connectors"
	"leat/internal/duck"
)

// openError says why a file does not open.
func openError(path string, err error) error {
	if known, ok := errors.AsType[*connectors.Error](err); ok {
		named := *known
		named.Message = fmt.Sprintf("%s: %s", named.Message, path)
		return &named
	}
	found, ok := errors.AsType[*duck.Error](err)
	if !ok {
		return fmt.Errorf("open the DuckDB file %s: %w", path, err)
	}
	e := &connectors.Error{
		Kind: connectors.Unreachable, Message: fmt.Sprintf("the DuckDB file %q cannot be opened", path), Cause: err,
		Fix: "Check that the user that runs Leat may read and write the file and its folder.",
	}
	switch {
	case found.Kind == duck.Locked:
		e.Kind, e.Retryable = connectors.Conflict, true
		e.Message = fmt.Sprintf("the DuckDB file %q is in use by another program or run", path)
		e.Fix = "Close it there, or wait: a DuckDB file takes one writer at a time."
	case found.Kind == duck.NotDatabase:
		e.Kind = connectors.Config
		e.Message = fmt.Sprintf("the file %q is not a DuckDB database that this version can open", path)
		e.Fix = "Choose another file; a file of a newer DuckDB needs a newer Leat."
	case found.Kind == duck.OutOfMemory:
		e.Kind, _, e.Fix = meaning(found.Kind)
		e.Message += ", because " + says(found)
	case errors.Is(err, os.ErrPermission):
		e.Kind = connectors.Permission
	}
	return e
}

// mapError turns an error of DuckDB into one of the contract. Doing says what was
// attempted, for the message.
func mapError(err error, doing string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*connectors.Error](err); ok {
		return err
	}
	found, ok := errors.AsType[*duck.Error](err)
	if !ok {
		return fmt.Errorf("%s: %w", doing, err)
	}
	e := &connectors.Error{Message: fmt.Sprintf("cannot %s: %s", doing, says(found)), Cause: err}
	e.Kind, e.Retryable, e.Fix = meaning(found.Kind)
	return e
}

// says names the limit that was reached: the authorizer's, or one of Leat's own.
func says(err *duck.Error) string {
	switch err.Kind {
	case duck.OutOfMemory:
		return "DuckDB is out of memory: " + strings.TrimPrefix(err.Message, "Out of Memory Error: ")
	case duck.Durable: // only rows of earlier loads and Leat's own state: see load.commit
		_, cause, _ := strings.Cut(err.Message, "because of error: ")
		if strings.Contains(cause, "block of size") {
			cause = "DuckDB is out of memory: " + cause
		}
		return "the file's checkpoint failed: " + cause
	case duck.SpillFull:
		return "what DuckDB spills to disk is more than Leat's limit of " + duck.DefaultTempLimit
	case duck.TooWide:
		return fmt.Sprintf("a row is larger than Leat's limit of %d MiB", connectors.MaxRowBytes>>20)
	default:
		return err.Message
	}
}

// meaning maps a kind of error, whether it may pass by itself, and a fix.
func meaning(kind duck.ErrorKind) (connectors.Kind, bool, string) {
	switch kind {
	case duck.Missing, duck.Invalid:
		return connectors.Config, false, ""
	case duck.Constraint, duck.Conversion:
		return connectors.Data, false, "Mend the rows at the source, or change the table."
	case duck.Conflict, duck.Locked:
		return connectors.Conflict, true, "Another load changed the same table; run it again."
	case duck.Forbidden:
		return connectors.Permission, false, "Leat opens DuckDB without access to other files and the network."
	case duck.Interrupted:
		return connectors.Cancelled, false, ""
	case duck.OutOfMemory:
		return connectors.Throttled, false, "Raise memory_limit of the authorizer, for example to 2GB."
	case duck.SpillFull:
		return connectors.Throttled, false, "Raise memory_limit of the authorizer, so that less spills, or move fewer rows at once."
	case duck.Durable:
		return connectors.Throttled, false, "Raise memory_limit of the authorizer, or make room on the disk."
	case duck.TooWide:
		return connectors.Data, false, "Leave the large column out, or shorten it in a query."
	default:
		return connectors.Internal, false, ""
	}
}

// queryError is for a query that was found to be one SELECT. What writes in it, such as
// nextval, is refused because the file is attached to be read; DuckDB has no code for that.
func queryError(err error) error {
	if found, ok := errors.AsType[*duck.Error](err); ok && strings.Contains(found.Message, "read-only mode") {
		return &connectors.Error{
			Kind: connectors.Config, Message: "the query would write, by a function that it calls, and queries only read", Cause: err,
			Fix: "Give one SELECT statement that calls no such function.",
		}
	}
	return mapError(err, "describe the query")
}

// notFound names a missing table.
func notFound(table connectors.Dataset) error {
	return &connectors.Error{
		Kind: connectors.NotFound, Message: fmt.Sprintf("there is no table or view %s in the DuckDB file", table),
		Fix: "Choose one of the listed tables.",
	}
}
