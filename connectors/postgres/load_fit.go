package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors/pgwire"
	"leat/record"
	"leat/record/pgbinary"
)

// fit says how a source column goes into a target column.
type fit struct {
	// ok is false where a value could change or be lost.
	ok bool
	// text says that values travel as text and the server converts them.
	text bool
}

// sourceType is the built-in type of a source column, and false where it has none here:
// enums, composites and types of extensions travel as text.
func sourceType(column record.Column, kind string) (pgbinary.Type, bool) {
	if kind == Kind {
		if t, ok := pgbinary.ParseType(column.Native); ok {
			return t, true
		}
		if arrow.TypeEqual(column.Type, record.Text) {
			return pgbinary.Type{}, false
		}
	}
	return pgbinary.ParseType(pgbinary.NativeFor(column.Type))
}

// fitColumn decides whether every value of a source column keeps its meaning in a
// target column of type name.
func fitColumn(column record.Column, kind string, target pgbinary.Target, typeName string) fit {
	from, builtin := sourceType(column, kind)
	switch {
	case !builtin:
		return fitForeign(column, target, typeName)
	case kind != Kind && column.Note != "" && isTextual(from.OID) && !isTextual(target.OID):
		return fit{ok: takesForeignText(target, column), text: true}
	case target.Takes(pgbinary.Field{OID: from.OID, Typmod: from.Typmod}), pgbinary.Widens(from, target.Type):
		return fit{ok: true}
	case from.OID != target.OID && isTextual(from.OID) && fromText(target):
		return fit{ok: true, text: true}
	default:
		return fit{}
	}
}

// checkedType is the type as whose values those of a source column are checked to fit into
// a narrower column; false where that is not possible.
func checkedType(column record.Column, kind string, target pgbinary.Target) (pgbinary.Type, bool) {
	from, builtin := sourceType(column, kind)
	if column.Number && kind != Kind {
		from, builtin = pgbinary.Type{OID: pgbinary.OIDNumeric, Typmod: -1}, true
	}
	if !builtin || target.Enum || pgbinary.Narrower(from, target.Type) == nil {
		return from, false
	}
	target.From = from
	return from, kind == Kind || pgbinary.CanEncode(column.Type, target)
}

// fitForeign is for types of a database: the same type by name, or one that this
// database made, takes their text, or the target is text anyway.
func fitForeign(column record.Column, target pgbinary.Target, typeName string) fit {
	switch {
	case slices.Contains(sealed, typeName):
		return fit{}
	case isTextual(target.OID) && target.Typmod < 0, target.Enum:
		return fit{ok: true}
	case column.Native == typeName, target.OID >= firstOwnOID:
		return fit{ok: true, text: true}
	default:
		return fit{}
	}
}

// sealed are the types whose values the server makes and nobody can enter.
var sealed = []string{"pg_node_tree", "pg_ndistinct", "pg_dependencies", "pg_mcv_list", "pg_brin_bloom_summary", "pg_brin_minmax_multi_summary", "gtsvector", "gtsvector[]"}

// firstOwnOID is the first object id of what users and extensions make.
const firstOwnOID = 16_384

func isTextual(oid uint32) bool {
	return oid == pgbinary.OIDText || oid == pgbinary.OIDVarchar || oid == pgbinary.OIDBpchar
}

// fromText lists the types whose input takes a text or fails, without rounding it.
func fromText(target pgbinary.Target) bool {
	if target.Enum || target.OID >= firstOwnOID {
		return true
	}
	exact := []uint32{pgbinary.OIDUUID, pgbinary.OIDJSON, pgbinary.OIDJSONB, pgbinary.OIDXML, pgbinary.OIDInet, pgbinary.OIDMacaddr, pgbinary.OIDMacaddr8}
	return slices.Contains(exact, target.OID)
}

// takesForeignText is fromText for a type of another system that travels as text, which
// its note tells, and is no text.
func takesForeignText(target pgbinary.Target, column record.Column) bool {
	return target.Typmod < 0 && slices.Contains(foreignTexts[column.Native], target.OID)
}

// foreignTexts lists, by the names of other systems, the types that travel as text and
// whose text means the same value here, or is refused. A type that is not listed keeps to
// text: the server would take times for numbers and round nanoseconds without a word.
var foreignTexts = map[string][]uint32{
	"UHUGEINT":            {pgbinary.OIDNumeric},
	"BIGNUM":              {pgbinary.OIDNumeric},
	"TIME WITH TIME ZONE": {pgbinary.OIDTimetz},
	"INTERVAL":            {pgbinary.OIDInterval},
	"BIT":                 {pgbinary.OIDVarbit},
}

// columnType is the type of a column in a created table, and a warning when the source's
// own type does not exist here.
func columnType(ctx context.Context, s *session, column record.Column, kind string) (name string, target pgbinary.Target, warning string, err error) {
	if from, builtin := sourceType(column, kind); builtin {
		if from.Portable() && pgwire.ServerVersion(s.conn.PgConn()) >= from.Since() {
			return from.String(), pgbinary.Target{Name: column.Name, Type: from}, "", nil
		}
	} else if !slices.Contains(sealed, column.Native) {
		rows, err := s.Query(ctx, "SELECT format_type(oid, NULL), typtype = 'e', oid, typtype = 'p' FROM pg_type WHERE oid = to_regtype($1)", column.Native)
		if err != nil {
			return "", target, "", err
		}
		if len(rows) == 1 && rows[0][3].Bool() {
			return "text", textGoal(column.Name), fmt.Sprintf("The column %q is made as text: no table has columns of the type %s", column.Name, column.Native), nil
		}
		if len(rows) == 1 {
			oid, err := strconv.ParseUint(rows[0][2].Text, 10, 32)
			target = pgbinary.Target{Name: column.Name, Type: pgbinary.Type{OID: uint32(oid), Typmod: -1}, Enum: rows[0][1].Bool()}
			return rows[0][0].Text, target, "", err
		}
	}
	return "text", textGoal(column.Name), fmt.Sprintf("The column %q is made as text: ", column.Name) + whyText(column, kind), nil
}

// whyText says why a column is made as text and what stands in it.
func whyText(column record.Column, kind string) string {
	from, builtin := sourceType(column, kind)
	switch {
	case slices.Contains(sealed, column.Native):
		return fmt.Sprintf("values of the type %s are made by the server alone", column.Native)
	case !builtin:
		return fmt.Sprintf("the type %s does not exist in this database", column.Native)
	case from.Portable():
		return fmt.Sprintf("this server is too old for the type %s", column.Native)
	default:
		return fmt.Sprintf("a value of the type %s is the number of an object of the source's own database (a table, a role, a function), "+
			"and the same number means something else here; the text that the source shows for it is stored, which is the object's name where it has one", column.Native)
	}
}
