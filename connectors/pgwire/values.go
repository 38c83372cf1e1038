package pgwire

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"leat/connectors"
)

// conditions are our words for errors whose text at the server may quote a row value.
var conditions = map[string]string{
	"22001": "a text is too long for its column",
	"22003": "a number is out of range for its type",
	"22007": "a date or time is not valid",
	"22008": "a date or time is out of range",
	"22012": "a division by zero",
	"22021": "a text holds bytes that are not valid in the server's encoding",
	"22P02": "a text cannot be read as a value of its type",
	"22P03": "a value is not in the binary form of its type",
	"22P04": "the rows do not fit the columns of COPY",
	"22P05": "a character has no equivalent in the encoding",
	"22P06": "a character is not allowed here",
	"22030": "a JSON object has the same key twice",
	"22032": "a text is not valid JSON",
	"2200M": "a text is not a valid XML document",
	"2200N": "a text is not valid XML content",
	"23000": "a constraint was violated",
	"23001": "a row is still referenced by another table",
	"23502": "a column that must not be NULL got NULL",
	"23503": "a foreign key was violated",
	"23505": "a unique constraint was violated",
	"23514": "a check constraint was violated",
	"23P01": "an exclusion constraint was violated",
}

// dataFixes say what mends rows that break a constraint of the target.
var dataFixes = map[string]string{
	"22001": "Make the column longer, or shorten the text in a query.",
	"22003": "Make the column's type larger.",
	"22021": "Mend the text at the source, leave such rows out in a query, or allow rejects for this stream.",
	"22P03": "Mend the value at the source or in a query, or allow rejects for this stream.",
	"22P05": "Replace the character in a query, allow rejects for this stream, or use a database with the encoding UTF8.",
	"2200M": "Mend the text at the source or in a query, or allow rejects for this stream.",
	"2200N": "Mend the text at the source or in a query, or allow rejects for this stream.",
	"22P02": "Mend the value at the source or in a query; a label that an enum lacks is added by ALTER TYPE ... ADD VALUE.",
	"23001": "Use upsert, which removes nothing, or remove the rows that refer to it first.",
	"23502": "Fill the value at the source, leave such rows out in a query, or allow NULL in the target's column.",
	"23503": "Load the table that it refers to first.",
	"23505": "Use upsert or insert_ignore, or choose unique columns that identify a row.",
	"23514": "Leave such rows out in a query, or change the constraint.",
	"23P01": "Leave such rows out in a query, or change the constraint.",
}

// dataText says in our words what is wrong with the rows, with the names of table,
// column and constraint. It returns "" for errors that never quote a row value. The code
// is the error's own, or the one whose condition says more.
func dataText(e *pgconn.PgError, code string) string {
	if !quotesValues(e.Code) {
		return ""
	}
	text, ok := conditions[code]
	switch {
	case ok:
	case strings.HasPrefix(e.Code, "P0"):
		text = "a trigger or function of the server refused the rows"
	default:
		text = "a value cannot be stored or computed"
	}
	for _, name := range []struct{ what, value string }{
		{"table", qualified(e)}, {"column", e.ColumnName}, {"constraint", e.ConstraintName}, {"type", e.DataTypeName},
	} {
		if name.value != "" {
			text += fmt.Sprintf(", %s %q", name.what, name.value)
		}
	}
	return text
}

func qualified(e *pgconn.PgError) string {
	if e.SchemaName == "" {
		return e.TableName
	}
	return e.SchemaName + "." + e.TableName
}

// quotesValues tells the classes of errors whose message, detail or context may hold
// what stands in a row.
func quotesValues(code string) bool {
	switch code[:min(2, len(code))] {
	case "22", "23", "P0":
		return true
	case "XX":
		return false
	default: // a class of no standard: RAISE of a function, whose text may be anything
		return verdictOf(code).kind == connectors.Internal
	}
}

// redact returns the error for the operator's log. The server's detail, hint, context
// and query are dropped, since they may quote rows; so is a message that may.
func redact(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	kept := &pgconn.PgError{
		Severity: e.Severity, SeverityUnlocalized: e.SeverityUnlocalized, Code: e.Code, Message: e.Message, Position: e.Position,
		SchemaName: e.SchemaName, TableName: e.TableName, ColumnName: e.ColumnName, DataTypeName: e.DataTypeName,
		ConstraintName: e.ConstraintName, File: e.File, Line: e.Line, Routine: e.Routine,
	}
	if text := dataText(e, e.Code); text != "" {
		kept.Message = text
	}
	return kept
}
