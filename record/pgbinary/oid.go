package pgbinary

// Object ids of built-in types that this package handles by name. They are the same at
// every server (pg_type.dat).
const (
	OIDBool        = 16
	OIDBytea       = 17
	OIDChar        = 18
	OIDName        = 19
	OIDInt8        = 20
	OIDInt2        = 21
	OIDInt4        = 23
	OIDText        = 25
	OIDOid         = 26
	OIDXid         = 28
	OIDCid         = 29
	OIDJSON        = 114
	OIDXML         = 142
	OIDCidr        = 650
	OIDFloat4      = 700
	OIDFloat8      = 701
	OIDUnknown     = 705
	OIDMacaddr8    = 774
	OIDMacaddr     = 829
	OIDInet        = 869
	OIDBpchar      = 1042
	OIDVarchar     = 1043
	OIDDate        = 1082
	OIDTime        = 1083
	OIDTimestamp   = 1114
	OIDTimestamptz = 1184
	OIDInterval    = 1186
	OIDTimetz      = 1266
	OIDBit         = 1560
	OIDVarbit      = 1562
	OIDNumeric     = 1700
	OIDUUID        = 2950
	OIDPgLsn       = 3220
	OIDJSONB       = 3802
	OIDXid8        = 5069
)

// modifier says how a type modifier is written.
type modifier int

const (
	noModifier modifier = iota
	lengthModifier
	bitModifier
	numericModifier
	timeModifier
	intervalModifier
)

// builtin is one built-in type.
type builtin struct {
	name  string // as format_type prints it
	oid   uint32
	array uint32 // the type of its arrays; 0 when there is none
	mod   modifier
	// bound says that the binary form means something at one server only (object ids),
	// or that there is none; such a value travels as text.
	bound bool
	// partial says that the server sends values in binary form that it does not take in
	// that form (the empty tsquery and the empty vectors); it takes their text.
	partial bool
	// since is the first server version that has the type; 0 for all.
	since int
}

// builtins lists the types that a column of a table may have.
var builtins = []builtin{
	{name: "boolean", oid: OIDBool, array: 1000},
	{name: "bytea", oid: OIDBytea, array: 1001},
	{name: `"char"`, oid: OIDChar, array: 1002},
	{name: "name", oid: OIDName, array: 1003},
	{name: "bigint", oid: OIDInt8, array: 1016},
	{name: "smallint", oid: OIDInt2, array: 1005},
	{name: "int2vector", oid: 22, array: 1006, partial: true},
	{name: "integer", oid: OIDInt4, array: 1007},
	{name: "text", oid: OIDText, array: 1009},
	{name: "oid", oid: OIDOid, array: 1028},
	{name: "tid", oid: 27, array: 1010},
	{name: "xid", oid: OIDXid, array: 1011},
	{name: "cid", oid: OIDCid, array: 1012},
	{name: "oidvector", oid: 30, array: 1013, partial: true},
	{name: "json", oid: OIDJSON, array: 199},
	{name: "xml", oid: OIDXML, array: 143},
	{name: "point", oid: 600, array: 1017},
	{name: "lseg", oid: 601, array: 1018},
	{name: "path", oid: 602, array: 1019},
	{name: "box", oid: 603, array: 1020},
	{name: "polygon", oid: 604, array: 1027},
	{name: "line", oid: 628, array: 629},
	{name: "circle", oid: 718, array: 719},
	{name: "cidr", oid: OIDCidr, array: 651},
	{name: "real", oid: OIDFloat4, array: 1021},
	{name: "double precision", oid: OIDFloat8, array: 1022},
	{name: "macaddr8", oid: OIDMacaddr8, array: 775},
	{name: "money", oid: 790, array: 791},
	{name: "macaddr", oid: OIDMacaddr, array: 1040},
	{name: "inet", oid: OIDInet, array: 1041},
	{name: "character", oid: OIDBpchar, array: 1014, mod: lengthModifier},
	{name: "character varying", oid: OIDVarchar, array: 1015, mod: lengthModifier},
	{name: "date", oid: OIDDate, array: 1182},
	{name: "time without time zone", oid: OIDTime, array: 1183, mod: timeModifier},
	{name: "timestamp without time zone", oid: OIDTimestamp, array: 1115, mod: timeModifier},
	{name: "timestamp with time zone", oid: OIDTimestamptz, array: 1185, mod: timeModifier},
	{name: "interval", oid: OIDInterval, array: 1187, mod: intervalModifier},
	{name: "time with time zone", oid: OIDTimetz, array: 1270, mod: timeModifier},
	{name: "bit", oid: OIDBit, array: 1561, mod: bitModifier},
	{name: "bit varying", oid: OIDVarbit, array: 1563, mod: bitModifier},
	{name: "numeric", oid: OIDNumeric, array: 1231, mod: numericModifier},
	{name: "uuid", oid: OIDUUID, array: 2951},
	{name: "pg_lsn", oid: OIDPgLsn, array: 3221},
	{name: "tsvector", oid: 3614, array: 3643},
	{name: "tsquery", oid: 3615, array: 3645, partial: true},
	{name: "jsonb", oid: OIDJSONB, array: 3807},
	{name: "jsonpath", oid: 4072, array: 4073, since: 120_000},
	{name: "txid_snapshot", oid: 2970, array: 2949},
	{name: "pg_snapshot", oid: 5038, array: 5039, since: 130_000},
	{name: "xid8", oid: OIDXid8, array: 271, since: 130_000},
	{name: "int4range", oid: 3904, array: 3905},
	{name: "numrange", oid: 3906, array: 3907},
	{name: "tsrange", oid: 3908, array: 3909},
	{name: "tstzrange", oid: 3910, array: 3911},
	{name: "daterange", oid: 3912, array: 3913},
	{name: "int8range", oid: 3926, array: 3927},
	{name: "int4multirange", oid: 4451, array: 6150, since: 140_000},
	{name: "nummultirange", oid: 4532, array: 6151, since: 140_000},
	{name: "tsmultirange", oid: 4533, array: 6152, since: 140_000},
	{name: "tstzmultirange", oid: 4534, array: 6153, since: 140_000},
	{name: "datemultirange", oid: 4535, array: 6155, since: 140_000},
	{name: "int8multirange", oid: 4536, array: 6157, since: 140_000},
	{name: "aclitem", oid: 1033, array: 1034, bound: true},
	{name: "regproc", oid: 24, array: 1008, bound: true},
	{name: "regprocedure", oid: 2202, array: 2207, bound: true},
	{name: "regoper", oid: 2203, array: 2208, bound: true},
	{name: "regoperator", oid: 2204, array: 2209, bound: true},
	{name: "regclass", oid: 2205, array: 2210, bound: true},
	{name: "regtype", oid: 2206, array: 2211, bound: true},
	{name: "regrole", oid: 4096, array: 4097, bound: true},
	{name: "regnamespace", oid: 4089, array: 4090, bound: true},
	{name: "regconfig", oid: 3734, array: 3735, bound: true},
	{name: "regdictionary", oid: 3769, array: 3770, bound: true},
	{name: "regcollation", oid: 4191, array: 4192, bound: true, since: 130_000},
}

// aliases are other spellings of type names.
var aliases = map[string]string{
	"bool": "boolean", "int2": "smallint", "int4": "integer", "int": "integer", "int8": "bigint",
	"float4": "real", "float8": "double precision", "float": "double precision", "decimal": "numeric",
	"varchar": "character varying", "char": "character", "bpchar": "character", "varbit": "bit varying", `"bit"`: "bit",
	"timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone",
	"time": "time without time zone", "timetz": "time with time zone",
}
