package pgbinary

// Target is a column that tuples are written to.
type Target struct {
	Name string
	Type
	// Enum says that the type is an enum of the target's database. An enum's binary
	// form is its label, so texts are taken as they are and checked by the server.
	Enum bool
	// From is the source's type where encoded values are checked by it: texts that are
	// numbers, or whose blanks at the end mean nothing. The zero Type says nothing.
	From Type
}

// Takes tells whether a field's bytes can go into the target untouched, without any
// value changing: same binary form, and a modifier that is the same, wider or absent.
// It is a statement about bytes only; whether the change of type is wanted is for the
// caller to decide.
func (t Target) Takes(field Field) bool {
	from := Type{OID: field.OID, Typmod: field.Typmod}
	switch {
	case t.Enum:
		return isText(from.OID) && from.OID != OIDBpchar
	case from.OID == t.OID:
		return from.Copies() && modifierFits(from, t.Type)
	case isText(from.OID) && isText(t.OID):
		// The type character fills texts of other types with blanks.
		return t.Typmod < 0 || t.OID != OIDBpchar && from.Typmod >= 0 && from.Typmod <= t.Typmod
	case isText(from.OID):
		return t.OID == OIDJSON
	default:
		return false
	}
}

// isText tells the types whose binary form is plain text of any length.
func isText(oid uint32) bool { return oid == OIDText || oid == OIDVarchar || oid == OIDBpchar }

// modifierFits tells whether every value of from is one of to, both of one type. The
// server would round or cut silently otherwise.
func modifierFits(from, to Type) bool {
	if to.Typmod < 0 || to.Typmod == from.Typmod {
		return true
	}
	if from.Typmod < 0 {
		return false
	}
	b, _, _ := lookup(to.OID)
	switch b.mod {
	case numericModifier:
		p1, s1, _ := numericModifiers(from.Typmod)
		p2, s2, _ := numericModifiers(to.Typmod)
		return s2 >= s1 && p2-s2 >= p1-s1
	case lengthModifier, timeModifier:
		return to.Typmod >= from.Typmod
	case bitModifier:
		return b.oid == OIDVarbit && to.Typmod >= from.Typmod
	default:
		return false
	}
}

// Widens tells whether a cast of from to to, made by the server that sends, keeps every
// value. Texts need no cast: see Takes.
func Widens(from, to Type) bool {
	switch {
	case from.OID == to.OID:
		return modifierFits(from, to)
	case to.OID == OIDText:
		return !isText(from.OID)
	case to.OID == OIDNumeric:
		return integerDigits[from.OID] > 0 && holdsDigits(to.Typmod, integerDigits[from.OID])
	default:
		for _, oid := range wider[from.OID] {
			if oid == to.OID {
				return to.Typmod < 0
			}
		}
		return false
	}
}

// wider lists types without modifiers that hold every value of a type.
var wider = map[uint32][]uint32{
	OIDInt2:   {OIDInt4, OIDInt8, OIDFloat4, OIDFloat8},
	OIDInt4:   {OIDInt8, OIDFloat8},
	OIDFloat4: {OIDFloat8},
	OIDDate:   {OIDTimestamp},
	OIDCidr:   {OIDInet},
	OIDJSONB:  {OIDJSON},
}

// integerDigits are the most decimal digits of the integer types.
var integerDigits = map[uint32]int32{OIDInt2: 5, OIDInt4: 10, OIDInt8: 19}

func holdsDigits(typmod, digits int32) bool {
	precision, scale, ok := numericModifiers(typmod)
	return !ok || precision-scale >= digits
}
