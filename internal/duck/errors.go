package duck

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// ErrorKind sorts DuckDB's errors by what can be done about them.
type ErrorKind string

// The kinds of errors.
const (
	// Locked: another process has the file open, or this one with other options.
	Locked ErrorKind = "locked"
	// NotDatabase: the file is something else.
	NotDatabase ErrorKind = "not a database"
	// CannotOpen: any other reason why a file does not open.
	CannotOpen ErrorKind = "cannot open"
	// InvalidOption: an option of Open is not understood.
	InvalidOption ErrorKind = "invalid option"
	// Missing: a table, column, function or schema does not exist, or exists already.
	Missing ErrorKind = "catalog"
	// Invalid: the statement is wrong.
	Invalid ErrorKind = "statement"
	// Constraint: a row breaks a key, NOT NULL or CHECK.
	Constraint ErrorKind = "constraint"
	// Conversion: a value does not fit its type.
	Conversion ErrorKind = "conversion"
	// Conflict: another transaction changed the same rows.
	Conflict ErrorKind = "conflict"
	// Forbidden: the cage or read-only mode refuses it.
	Forbidden ErrorKind = "forbidden"
	// Interrupted: the context ended.
	Interrupted ErrorKind = "interrupted"
	// OutOfMemory: the memory limit does not hold what one step needs.
	OutOfMemory ErrorKind = "out of memory"
	// SpillFull: the spill folder has reached its limit.
	SpillFull ErrorKind = "spill folder full"
	// TooWide: a row is larger than Limits.Row.
	TooWide ErrorKind = "too wide"
	// Durable: the COMMIT holds, but the database has to be opened again.
	Durable ErrorKind = "committed"
	// Failed: anything else.
	Failed ErrorKind = "failed"
)

// Error is an error of DuckDB.
type Error struct {
	Kind ErrorKind
	// Message is DuckDB's text without the excerpt of the statement. For Constraint and
	// Conversion it names no values.
	Message string
	// Cause is the context's error of an interrupted call.
	Cause error
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// noMemory says whether err tells that the memory limit was reached.
func noMemory(err error) bool {
	found, ok := errors.AsType[*Error](err)
	return ok && found.Kind == OutOfMemory
}

var kinds = map[bindings.ErrorType]ErrorKind{
	bindings.ErrorTypeCatalog:       Missing,
	bindings.ErrorTypeBinder:        Missing,
	bindings.ErrorTypeParser:        Invalid,
	bindings.ErrorTypeSyntax:        Invalid,
	bindings.ErrorTypeConstraint:    Constraint,
	bindings.ErrorTypeConversion:    Conversion,
	bindings.ErrorTypeOutOfRange:    Conversion,
	bindings.ErrorTypeDecimal:       Conversion,
	bindings.ErrorTypeMismatchType:  Conversion,
	bindings.ErrorTypeTransaction:   Conflict,
	bindings.ErrorTypePermission:    Forbidden,
	bindings.ErrorTypeInterrupt:     Interrupted,
	bindings.ErrorTypeOutOfMemory:   OutOfMemory,
	bindings.ErrorTypeErrorIO:       Failed,
	bindings.ErrorTypeInvalidType:   Conversion,
	bindings.ErrorTypeDivideByZero:  Conversion,
	bindings.ErrorTypeObjectSize:    Conversion,
	bindings.ErrorTypeInvalidInput:  Invalid,
	bindings.ErrorTypeDependency:    Constraint,
	bindings.ErrorTypeIndex:         Constraint,
	bindings.ErrorTypeSerialization: Failed,
}

// prefixes are how DuckDB's texts begin, for calls that give no error type.
var prefixes = []struct {
	text string
	kind ErrorKind
}{
	{"Catalog Error", Missing},
	{"Binder Error", Missing},
	{"Parser Error", Invalid},
	{"Invalid Input Error", Invalid},
	{"Constraint Error", Constraint},
	{"Conversion Error", Conversion},
	{"Out of Range Error", Conversion},
	{"TransactionContext Error", Conflict},
	{"Permission Error", Forbidden},
	{"INTERRUPT Error", Interrupted},
	{"Out of Memory Error", OutOfMemory},
}

// causes are parts of DuckDB's texts that say more than the type of the error: a COMMIT
// that has no memory for its rows is a "TransactionContext Error" like one that another
// transaction stands in the way of.
var causes = []struct {
	text string
	kind ErrorKind
}{
	{"COMMIT succeeded and is durable", Durable},
	{"max_temp_directory_size", SpillFull},
	{"failed to offload data block", SpillFull},
	{"could not allocate block of size", OutOfMemory},
	{"failed to pin block of size", OutOfMemory},
	{"failed to allocate data of size", OutOfMemory},
	{"failed to resize block from", OutOfMemory},
}

// newError makes an Error from DuckDB's text and, where there is one, its type.
func newError(kind bindings.ErrorType, message string) *Error {
	found, ok := kinds[kind]
	if !ok {
		found = Failed
	}
	for _, prefix := range prefixes {
		if !ok && strings.HasPrefix(message, prefix.text) {
			found = prefix.kind
		}
	}
	for _, cause := range slices.Backward(causes) { // the first one decides
		if strings.Contains(message, cause.text) {
			found = cause.kind
		}
	}
	return &Error{Kind: found, Message: scrub(found, message)}
}

// scrub leaves out what may hold row values: the excerpt of the statement, and the
// whole text of errors about values but for the class of error.
func scrub(kind ErrorKind, message string) string {
	message, _, _ = strings.Cut(message, "\n")
	if kind != Constraint && kind != Conversion {
		return message
	}
	class, rest, _ := strings.Cut(message, ":")
	if kind == Constraint {
		if strings.Contains(rest, "NOT NULL constraint") { // names the column only
			return message
		}
		return class + ": a row breaks a constraint of the table"
	}
	return class + ": a value does not fit its type"
}

// openError sorts the reasons why a file does not open.
func openError(message string) *Error {
	line, _, _ := strings.Cut(message, "\n")
	switch {
	case strings.Contains(line, "Could not set lock"), strings.Contains(line, "different configuration"),
		strings.Contains(line, "Conflicting lock"):
		return &Error{Kind: Locked, Message: line}
	case strings.Contains(line, "not a valid DuckDB"):
		return &Error{Kind: NotDatabase, Message: line}
	case strings.Contains(line, "version number"), strings.Contains(line, "newer version"):
		return &Error{Kind: NotDatabase, Message: line}
	case noMemory(newError(bindings.ErrorTypeInvalid, line)):
		return &Error{Kind: OutOfMemory, Message: line}
	default:
		return &Error{Kind: CannotOpen, Message: line}
	}
}

// invalid is an error of the statement made by this package.
func invalid(format string, args ...any) *Error {
	return &Error{Kind: Invalid, Message: fmt.Sprintf(format, args...)}
}
