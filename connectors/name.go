package connectors

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the longest name of an authorizer, a source, a destination or a flow, in
// bytes.
const MaxName = 63

// NameProblem says in one sentence what is wrong with the name of an authorizer, a
// source, a destination or a flow; empty when it is fine. Names stand in addresses of
// pages, in configuration files and in the sessions of databases.
func NameProblem(name string) string {
	switch {
	case name == "":
		return "is missing: give a name"
	case len(name) > MaxName:
		return fmt.Sprintf("is %d bytes long: use at most %d", len(name), MaxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unprintable):
		return "holds characters that cannot be seen: use letters, digits, spaces, dots and dashes"
	case strings.Contains(name, "/"):
		return "holds a slash: use a dash"
	case strings.TrimSpace(name) != name:
		return "begins or ends with a space: take it away"
	default:
		return ""
	}
}

// unprintable is a control character, or one that changes how others are shown.
func unprintable(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
