package pgwire

import (
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Session is what may differ between sessions. Everything else is fixed, so that a
// value has one text and a name one meaning wherever the server stands.
type Session struct {
	// Statement, Lock and Idle are the server's time limits for one statement, for
	// waiting for a lock and for idling inside a transaction. 0 keeps the role's own.
	Statement, Lock, Idle time.Duration
	// RowSecurity lets row security policies hide or refuse rows. Off (the default),
	// a query that a policy would change is an error.
	RowSecurity bool
}

// fixed are the settings of every session, as SET takes them.
var fixed = []string{
	"DateStyle = 'ISO'", "TimeZone = 'UTC'", "IntervalStyle = 'postgres'", "bytea_output = 'hex'",
	"standard_conforming_strings = on", "search_path = pg_catalog", "xmloption = 'content'",
}

// statements returns the SET statements of a session, constant text but for numbers.
func (s Session) statements(version int, encoding string) string {
	return s.set("SET ", version, encoding)
}

// LocalStatements returns the same settings for the current transaction only. Poolers
// that hand out another server session per transaction lose the ones of the session.
func (s Session) LocalStatements(conn *pgconn.PgConn) string {
	return s.set("SET LOCAL ", ServerVersion(conn), Encoding(conn))
}

// SQLASCII is the encoding of databases whose texts are bytes that nobody checked.
const SQLASCII = "SQL_ASCII"

// Encoding is the encoding of the session's database, in the server's words.
func Encoding(conn *pgconn.PgConn) string { return conn.ParameterStatus("server_encoding") }

// clientEncoding asks for texts in UTF-8. A database without an encoding cannot convert, and
// would end a read at the first row that is not UTF-8, so it sends and takes bytes as they
// are; whoever stores or decodes them finds what is wrong with which row.
func clientEncoding(encoding string) string {
	if encoding == SQLASCII {
		return SQLASCII
	}
	return "UTF8"
}

func (s Session) set(verb string, version int, encoding string) string {
	settings := append([]string(nil), fixed...)
	settings = append(settings, "client_encoding = '"+clientEncoding(encoding)+"'", "extra_float_digits = "+floatDigits(version))
	if version == 0 || version >= SinceRowSecurity { // unknown: rather an error than hidden rows
		settings = append(settings, "row_security = "+onOff(s.RowSecurity))
	}
	for _, limit := range []struct {
		name  string
		d     time.Duration
		since int
	}{{"statement_timeout", s.Statement, 0}, {"lock_timeout", s.Lock, 0}, {"idle_in_transaction_session_timeout", s.Idle, SinceIdleTimeout}} {
		if limit.d > 0 && version >= limit.since {
			settings = append(settings, fmt.Sprintf("%s = %d", limit.name, max(limit.d.Milliseconds(), 1)))
		}
	}
	return verb + strings.Join(settings, "; "+verb)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// floatDigits asks for a text that reads back as the same number. From version 12 on
// that is the shortest one; before, it takes all digits.
func floatDigits(version int) string {
	if version < SinceShortestFloats {
		return "3"
	}
	return "1"
}
