package connectors

import (
	"errors"
	"strings"
)

// Kind says what sort of thing went wrong, in words that all systems share.
type Kind string

// The kinds of errors.
const (
	// Config: a setting is wrong; the person who made it mends it.
	Config Kind = "config"
	// Auth: the system refused the user or the password.
	Auth Kind = "auth"
	// Unreachable: no connection, or it broke.
	Unreachable Kind = "unreachable"
	// NotFound: a database, schema, table, column or file does not exist.
	NotFound Kind = "not_found"
	// Permission: the user lacks a right.
	Permission Kind = "permission"
	// Data: rows that cannot be stored or a read that is not plausible.
	Data Kind = "data"
	// Conflict: another load, a lock or another installation stands in the way.
	Conflict Kind = "conflict"
	// Ownership: rows that are not the stream's own would be removed; a person must say so.
	Ownership Kind = "ownership"
	// Throttled: the system asks to slow down or has no room.
	Throttled Kind = "throttled"
	// Unknown: the answer to a COMMIT was lost; Resolve tells.
	Unknown Kind = "outcome_unknown"
	// Cancelled: a person or a shutdown stopped it.
	Cancelled Kind = "cancelled"
	// Internal: our own mistake.
	Internal Kind = "internal"
)

// Error is the one error type above the drivers. Message and Fix are for the user and
// hold no row values; Cause is for the operator's log.
type Error struct {
	Kind Kind
	// Retryable says that the same call may succeed later without a change.
	Retryable bool
	// Deadlock says that the system undid this work because it and other work waited for
	// each other's locks: it may begin again at once. Such an error is Retryable as well.
	Deadlock bool
	// Message is one sentence that names the thing.
	Message string
	// Fix is one sentence, or the SQL, that mends it. When it is empty, Advice has one.
	Fix string
	// Cause is the driver's error.
	Cause error
}

// Error returns the message and the fix.
func (e *Error) Error() string {
	message := strings.TrimSpace(e.Message)
	if e.Fix == "" {
		return message
	}
	return strings.TrimRight(message, ".") + ". " + e.Fix
}

// advice is what can be said about a kind of error in general.
var advice = map[Kind]string{
	Config:      "Correct the setting or the query that the message is about.",
	Auth:        "Check user name and password.",
	Unreachable: "Check that the system is up and can be reached from this machine, then try again.",
	NotFound:    "Check the spelling, including upper and lower case.",
	Permission:  "Give this user the right that the message is about.",
	Data:        "Correct the rows at the source, convert the column in a query, or leave it out.",
	Conflict:    "Try again when the other work has ended.",
	Ownership:   "Say takeover: true for this stream when these rows may go, or load into another table.",
	Throttled:   "Try again later, or do less at once.",
	Unknown:     "Nothing needs to be done: Leat asks the destination until it knows.",
	Cancelled:   "Run it again when it is wanted.",
	Internal:    "This is a mistake of Leat. Please report it with the log, which is on the page of the run or on the standard error of the program.",
}

// Advice returns the fix, or what can be said in general when there is none.
func (e *Error) Advice() string {
	if e.Fix != "" {
		return e.Fix
	}
	if general, ok := advice[e.Kind]; ok {
		return general
	}
	return advice[Internal]
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// AsError finds the *Error in a chain; an error without one becomes Internal.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if found, ok := errors.AsType[*Error](err); ok {
		return found
	}
	return &Error{Kind: Internal, Message: err.Error(), Cause: err}
}

// Is tells whether err carries an *Error of that kind.
func Is(err error, kind Kind) bool {
	found, ok := errors.AsType[*Error](err)
	return ok && found.Kind == kind
}
