package pgwire

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"leat/connectors"
)

// verdict is what a SQLSTATE means to us.
type verdict struct {
	kind      connectors.Kind
	retryable bool
	// says replaces the server's text; empty keeps it, which is right only where the
	// server never quotes a row value.
	says string
	fix  string
}

// verdicts by whole SQLSTATE, then by its class.
var verdicts = map[string]verdict{
	"28P01": {kind: connectors.Auth, says: "the password is wrong or the user does not exist", fix: "Check user name and password."},
	"28":    {kind: connectors.Auth, fix: "Check user name and password, and pg_hba.conf at the server."},
	"3D000": {kind: connectors.NotFound, fix: "Check the spelling of the database."},
	"42P01": {kind: connectors.NotFound, fix: "Check the spelling of schema and table, including upper and lower case."},
	"42703": {kind: connectors.NotFound, fix: "Check the spelling of the column, including upper and lower case."},
	"42501": {kind: connectors.Permission},
	"42601": {kind: connectors.Config, fix: "Correct the query."},
	"42":    {kind: connectors.Config},
	"0A":    {kind: connectors.Config},
	"25006": {kind: connectors.Permission, fix: "The session is read only: use the primary server, or a role without default_transaction_read_only."},
	"40":    {kind: connectors.Conflict, retryable: true, fix: "The next try may succeed."},
	"40P01": {kind: connectors.Conflict, retryable: true, says: "two transactions waited for each other's locks (deadlock)", fix: "The next try may succeed."},
	"55P03": {kind: connectors.Conflict, retryable: true, says: "a lock was not granted in time", fix: "Find the session that holds the lock in pg_locks, or allow more time."},
	"2BP01": {kind: connectors.Conflict, retryable: true, fix: "The next try may succeed."},
	"55000": {kind: connectors.Config},
	"55006": {kind: connectors.Conflict, retryable: true},
	"57014": {kind: connectors.Unreachable, fix: "Raise statement_timeout for this role, or read less at a time."},
	"57P":   {kind: connectors.Unreachable, retryable: true, fix: "The server ended the session; the next try opens a new one."},
	"08":    {kind: connectors.Unreachable, retryable: true, fix: "Check that the server is up and the network is stable."},
	"53100": {kind: connectors.Throttled, says: "the server's disk is full", fix: "Free space on the server's disk."},
	"53200": {kind: connectors.Throttled, retryable: true, says: "the server is out of memory", fix: "Give the server more memory, or lower its load."},
	"53300": {kind: connectors.Throttled, retryable: true, says: "the server takes no more connections", fix: "Raise max_connections or the role's CONNECTION LIMIT, or run less at once."},
	"53400": {kind: connectors.Throttled, fix: "Raise the limit that the server names for this role, for example: ALTER ROLE ... SET temp_file_limit = '10GB'."},
	"53":    {kind: connectors.Throttled, retryable: true},
	"54":    {kind: connectors.Data},
	"72000": {kind: connectors.Conflict, retryable: true, says: "the snapshot is too old", fix: "Read less at a time, or raise old_snapshot_threshold at the server."},
	"22":    {kind: connectors.Data},
	"23":    {kind: connectors.Data},
	"2F":    {kind: connectors.Permission},
	"P0":    {kind: connectors.Data, says: "a trigger or function of the server refused the rows"},
	"58":    {kind: connectors.Unreachable, retryable: true},
	"XX001": {kind: connectors.Data, fix: "The server reports damaged data; have it checked."},
	"XX002": {kind: connectors.Data, fix: "The server reports a damaged index; rebuild it with REINDEX."},
}

func verdictOf(code string) verdict {
	for _, length := range []int{5, 3, 2} {
		if v, ok := verdicts[code[:min(length, len(code))]]; ok {
			return v
		}
	}
	return verdict{kind: connectors.Internal}
}

// mapServerError is for errors that the server sent.
func mapServerError(e *pgconn.PgError, a Attempt) *connectors.Error {
	v := verdictOf(e.Code)
	switch {
	case e.Code == "42501" && e.Routine == "ExecWithCheckOptions":
		v.says = "a policy of the table's row security does not let this user write one of the rows"
		v.fix = "Let the policy's WITH CHECK (or USING where there is none) take every row, or use a role with BYPASSRLS."
	case e.Code == "55000" && e.Routine == "CheckCmdReplicaIdentity":
		v.kind, v.says = connectors.Config, "the table is published for logical replication and has no replica identity, so the server refuses to change or delete its rows"
		v.fix = IdentityFix(a.Table)
	case e.Code == "42501" && (e.Routine == "check_enable_rls" || strings.Contains(e.Message, "row-level security")):
		v.says = "rows are hidden by row security"
		v.fix = "Use a role with BYPASSRLS, or the table's owner without FORCE ROW LEVEL SECURITY."
	case e.Code == "42501":
		v.fix = grants(a)
	case e.Code == "3F000":
		v.kind, v.fix = connectors.NotFound, missingSchema(a)
	case e.Code == "XX000" && strings.HasPrefix(e.Message, "tuple concurrently "):
		v = verdict{kind: connectors.Conflict, retryable: true, says: "somebody else changed the table's rights or settings at the same time", fix: "The next try may succeed."}
	case e.Code == "40001" && strings.Contains(e.Routine, "Interrupt"):
		v.says = "the standby ended the read because it conflicts with recovery"
		v.fix = "Read from the primary, or raise max_standby_streaming_delay or switch on hot_standby_feedback at the standby."
	}
	code := e.Code
	if refersTo(e, a) {
		code = "23001"
	}
	if says := dataText(e, code); says != "" {
		v.says = says
	}
	if fix, ok := dataFixes[code]; ok && v.fix == "" {
		v.fix = fix
	}
	if v.says == "" {
		v.says = e.Message
	}
	return &connectors.Error{
		Kind: v.kind, Retryable: v.retryable, Deadlock: e.Code == "40P01", Fix: v.fix, Cause: redact(e),
		Message: fmt.Sprintf("cannot %s: %s (SQLSTATE %s)", a.Doing, v.says, e.Code),
	}
}

// refersTo tells a foreign key of another table, whose rows refer to the ones that were
// to go, from one of the attempted table itself. The server has one code for both, and
// names the table that has the foreign key.
func refersTo(e *pgconn.PgError, a Attempt) bool {
	return e.Code == "23503" && a.Table.Name != "" && e.TableName != "" && (connectors.Table{Schema: e.SchemaName, Name: e.TableName}) != a.Table
}

// IdentityFix spells how a published table gets a replica identity.
func IdentityFix(table connectors.Table) string {
	if table.Name == "" {
		return "Give the table a primary key, or a replica identity: ALTER TABLE ... REPLICA IDENTITY FULL;"
	}
	return fmt.Sprintf("Give the table a primary key, or: ALTER TABLE %s.%s REPLICA IDENTITY FULL;", Quote(table.Schema), Quote(table.Name))
}

// grants spells the rights that are missing.
func grants(a Attempt) string {
	if a.Table.Name == "" || a.User == "" {
		return "Grant this user the right that is missing."
	}
	rights := a.Rights
	if rights == "" {
		rights = "SELECT"
	}
	return fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s; GRANT %s ON %s.%s TO %s;",
		Quote(a.Table.Schema), Quote(a.User), rights, Quote(a.Table.Schema), Quote(a.Table.Name), Quote(a.User))
}

// missingSchema spells how a schema comes to be; it is never created by us.
func missingSchema(a Attempt) string {
	if a.Table.Schema == "" || a.User == "" {
		return "Check the spelling of the schema, or create it."
	}
	return fmt.Sprintf("CREATE SCHEMA %s; GRANT USAGE, CREATE ON SCHEMA %s TO %s;",
		Quote(a.Table.Schema), Quote(a.Table.Schema), Quote(a.User))
}
