package archtest

// system stands for every folder under connectors that reads or writes one
// kind of system.
const system = "connectors/<system>"

// connectorRooms are the folders under connectors that are no system.
var connectorRooms = []string{
	"connectors/catalog",
	"connectors/connectortest",
	"connectors/pgwire",
	"connectors/sqlload",
}

// everywhere lists the rooms that may import all others: the programs, of which one
// wires the product and one measures it. Nothing below imports what stands here.
var everywhere = []string{"cmd"}

// leaves lists the rooms that import no other.
var leaves = []string{
	"accounts", "demo", "dial", "migrations", "record", "secrets", "ui",
	"internal/archtest", "internal/cells", "internal/crashpoint", "internal/faults", "internal/sqltext", "internal/testdb",
}

// testRooms lists what every test may use on top of its room's own doors.
var testRooms = []string{"internal/testdb", "internal/cells", "internal/crashpoint", "connectors/connectortest", "connectors/catalog", "storage", "files"}

// testDoors are open to the tests of a room only.
var testDoors = []door{
	{"engine", system, "whole runs over one real system, without linking all of the catalog"},
	{"internal/faults", "internal/duck", "the rows of a DuckDB file are compared with their source"},
	{"connectors/catalog", "internal/duck", "values of every type of DuckDB are compared with what each system made of them"},
	{"connectors/catalog", "record", "batches go from one system to another"},
	{"connectors/catalog", "dial", "the dialer that the systems get"},
	{"internal/faults", "connectors/pgwire", "which steps a server passes depends on its version"},
}

// emptyNames are package names under which anything could be kept.
var emptyNames = []string{"base", "common", "helper", "helpers", "misc", "shared", "util", "utils"}

// guard keeps an outside library in one room.
type guard struct {
	library, room, why string
}

var guards = []guard{
	{"github.com/labstack/echo", "web", "a move to its next major must cost one package"},
	{"github.com/duckdb/duckdb-go/v2", "internal/duck", "it opens DuckDB without access to files and network"},
	{"github.com/duckdb/duckdb-go-bindings", "internal/duck", "it opens DuckDB without access to files and network"},
}

// door is a way from one room into another.
type door struct {
	from, to, why string
}

var doors = []door{
	{"authorizers", "connectors", "descriptors say which settings an authorizer has"},
	{"authorizers", "dial", "TLS settings and tunnel profiles are dial's words; the staged check reports its stages"},
	{"authorizers", "secrets", "an authorizer holds secrets that never print"},

	{"flows", "connectors", "descriptors and capabilities say what a stream may ask for"},
	{"flows", "record", "columns and types of a dataset"},

	{"manifest", "flows", "YAML becomes flows, and back"},
	{"manifest", "authorizers", "YAML becomes authorizers, and back"},
	{"manifest", "connectors", "descriptors say which settings are secret, and split a URL into fields"},
	{"manifest", "dial", "TLS settings and tunnels have their own keys in the file"},
	{"manifest", "record", "column types have their own keys in the file"},
	{"manifest", "secrets", "references stand for secrets in the file"},

	{"storage", "accounts", "keeps users, sessions, tokens and audit entries"},
	{"storage", "authorizers", "keeps authorizers"},
	{"storage", "flows", "keeps sources, destinations, flows and runs"},
	{"storage", "connectors", "positions and settings are parts of what it keeps"},
	{"storage", "dial", "TLS settings are parts of what it keeps"},
	{"storage", "record", "schemas are parts of what it keeps"},
	{"storage", "secrets", "seals what must not be read from the store"},
	{"storage", "migrations", "the SQL that makes its tables"},

	{"connectors", "record", "batches and schemas are what connectors exchange"},
	{"connectors", "dial", "a connection is opened through the dialer it is given"},
	{system, "connectors", "the contract"},
	{system, "record", "batches and schemas"},
	{system, "dial", "the dialer it is given, and the stages it reports"},
	{system, "connectors/sqlload", "write modes are written once"},
	{system, "connectors/pgwire", "Postgres and its relatives share their protocol"},
	{system, "internal/duck", "embedded DuckDB reads and writes files"},
	{system, "internal/sqltext", "where a user's query ends, before it stands in brackets"},
	{system, "internal/crashpoint", "labelled steps where crash tests stop the process"},
	{"connectors/sqlload", "connectors", "the load half of the contract"},
	{"connectors/sqlload", "record", "batches and schemas"},
	{"connectors/sqlload", "internal/crashpoint", "labelled steps where crash tests stop the process"},
	{"connectors/pgwire", "connectors", "maps the server's errors to the contract's"},
	{"connectors/pgwire", "record", "binary tuples are a layout of a batch"},
	{"connectors/pgwire", "dial", "the dialer it is given, and the stages it reports"},
	{"connectors/catalog", "connectors", "the list's type"},
	{"connectors/catalog", system, "the explicit list of systems in this binary"},
	{"connectors/connectortest", "connectors", "the contract that the suite proves"},
	{"connectors/connectortest", "record", "the rows that the suite sends and compares"},
	{"connectors/connectortest", "dial", "the dialer that the suite gives"},
	{"connectors/connectortest", "internal/cells", "which cells of its tables the usual tests visit"},

	{"internal/duck", "internal/sqltext", "where a user's query ends, before it stands in brackets"},
	{"internal/duck", "record", "batches in and out of DuckDB"},
	{"files", "connectors", "refusals are the contract's errors"},
	{"transform", "record", "batches in and out"},
	{"transform", "internal/duck", "SQL steps run there"},
	{"quality", "record", "rules look at batches"},
	{"quality", "transform", "rules are evaluated as expressions of a step"},

	{"engine", "flows", "what to run"},
	{"engine", "authorizers", "how to reach both ends"},
	{"engine", "connectors", "readers and loads"},
	{"engine", "dial", "opens the way that the connectors use"},
	{"engine", "quality", "rules"},
	{"engine", "record", "batches"},
	{"engine", "secrets", "opens what an authorizer keeps sealed, for the one connection"},
	{"engine", "transform", "steps"},
	{"engine", "internal/crashpoint", "labelled steps where crash tests stop the process"},

	{"scheduler", "flows", "due flows and their runs"},
	{"scheduler", "internal/crashpoint", "labelled steps where crash tests stop the process"},

	{"notify", "dial", "mail and webhooks leave the process by the one way out"},

	{"web", "ui", "pages"},
	{"web", "accounts", "who asks, and what they may do"},
	{"web", "authorizers", "forms and lists of authorizers"},
	{"web", "flows", "forms and lists of sources, destinations, flows and runs"},
	{"web", "connectors", "descriptors draw the forms"},
	{"web", "dial", "the stages of a check, and TLS settings in a form"},
	{"web", "record", "previews show rows"},
	{"web", "secrets", "a typed password is a secret from the form on"},
}
