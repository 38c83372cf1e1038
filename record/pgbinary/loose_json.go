package pgbinary

import (
	"encoding/hex"
	"encoding/json"
	"strings"

	"leat/record"
)

// LooseJSON returns a value as JSON for people to look at, whatever is wrong with it:
// numbers, and JSON that can be looked into, as they are; everything else as the text that the server prints, and
// what has none here as the hexadecimal digits of its bytes.
func LooseJSON(field Field, value []byte) json.RawMessage {
	text, ok := AppendText(nil, field.OID, value)
	switch {
	case !ok && isText(field.OID):
		text = []byte(strings.ToValidUTF8(string(value), "\ufffd"))
	case !ok:
		text = hex.AppendEncode([]byte(`\x`), value)
	case field.OID == OIDBool:
		return map[bool]json.RawMessage{true: json.RawMessage("true"), false: json.RawMessage("false")}[text[0] == 't']
	case keepsJSON(field.OID) && json.Valid(text) && record.UnfitEscapes(string(text)) == "":
		return text
	}
	quoted, _ := json.Marshal(string(text)) // a text always has a JSON form
	return quoted
}

// keepsJSON tells the types whose text is JSON, where it is any.
func keepsJSON(oid uint32) bool {
	switch oid {
	case OIDInt2, OIDInt4, OIDInt8, OIDFloat4, OIDFloat8, OIDNumeric, OIDJSON, OIDJSONB:
		return true
	default:
		return false
	}
}
