package pgwire

import (
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// What servers have from which version on, as ServerVersion counts.
const (
	SinceOnConflict         = 90_500  // INSERT … ON CONFLICT
	SinceRowSecurity        = 90_500  // policies, and the setting row_security
	SinceIdleTimeout        = 90_600  // idle_in_transaction_session_timeout
	SinceIdentity           = 100_000 // identity columns
	SincePartitions         = 100_000 // declarative partitions
	SincePublications       = 100_000
	SinceStatistics         = 100_000 // extended statistics
	SinceIncluded           = 110_000 // indexes with columns that are no key
	SinceGenerated          = 120_000 // generated columns
	SinceLooseCollations    = 120_000 // collations that call different texts equal
	SinceAccessMethods      = 120_000 // of tables; no table has numbers of rows (OIDs) any more
	SinceShortestFloats     = 120_000 // floats print as the shortest text that reads back
	SinceTidRanges          = 140_000 // conditions on ctid scan a range of blocks
	SinceCompression        = 140_000 // compression by column
	SinceSchemaPublications = 150_000 // publications of all tables of a schema
	SinceSetOption          = 160_000 // memberships with and without SET ROLE
	SinceEndlessSpans       = 170_000 // intervals hold infinity; before, its binary form is another interval
)

// ServerVersion returns the server's version as a number, 150004 for 15.4, or 0 when it
// cannot be told.
func ServerVersion(conn *pgconn.PgConn) int {
	major, rest, _ := strings.Cut(conn.ParameterStatus("server_version"), ".")
	first, _ := strconv.Atoi(leadingDigits(major))
	second, _ := strconv.Atoi(leadingDigits(rest))
	if first < 10 {
		second *= 100
	}
	return first*10_000 + second
}

// leadingDigits cuts "17beta1" to "17".
func leadingDigits(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return text
	}
	return text[:end]
}
