package flows

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"leat/connectors"
)

// ParseTable reads a table as people type it: schema.table, or table in the default
// schema. A part with dots, quotes or spaces stands in double quotes, in which a quote
// is written twice: "My Schema"."T.x". Case is kept as it is typed.
func ParseTable(text, defaultSchema string) (connectors.Table, error) {
	parts, err := splitTable(strings.TrimSpace(text))
	if err != nil {
		return connectors.Table{}, err
	}
	switch len(parts) {
	case 1:
		return connectors.Table{Schema: defaultSchema, Name: parts[0]}, nil
	case 2:
		return connectors.Table{Schema: parts[0], Name: parts[1]}, nil
	default:
		return connectors.Table{}, fmt.Errorf(`the table %s has %d parts: write schema.table, and a name with dots in double quotes`, text, len(parts))
	}
}

// FormatTable writes a table so that ParseTable reads it back. A table without a schema
// is its name alone.
func FormatTable(table connectors.Table) string {
	if table.Schema == "" {
		return formatPart(table.Name)
	}
	return formatPart(table.Schema) + "." + formatPart(table.Name)
}

func formatPart(part string) string {
	if part != "" && !strings.ContainsFunc(part, needsQuotes) {
		return part
	}
	return `"` + strings.ReplaceAll(part, `"`, `""`) + `"`
}

func needsQuotes(r rune) bool { return r == '.' || r == '"' || unicode.IsSpace(r) }

// splitTable takes the text apart at the dots outside quotes.
func splitTable(text string) (parts []string, err error) {
	if text == "" {
		return nil, errors.New("the table is missing: write schema.table")
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return nil, errors.New("the table holds characters that cannot be seen: take them out")
	}
	for rest, more := text, true; more; {
		var part string
		if part, rest, more, err = nextPart(rest); err != nil {
			return nil, fmt.Errorf("the table %s %w", text, err)
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// nextPart reads one part and tells whether a dot and another one follow.
func nextPart(text string) (part, rest string, more bool, err error) {
	if strings.HasPrefix(text, `"`) {
		return quotedPart(text[1:])
	}
	part, rest, more = strings.Cut(text, ".")
	switch {
	case part == "":
		return "", "", false, errors.New("has an empty part: write schema.table")
	case strings.ContainsFunc(part, needsQuotes):
		return "", "", false, errors.New("has a space or a quote in a name: put that name in double quotes")
	default:
		return part, rest, more, nil
	}
}

func quotedPart(text string) (part, rest string, more bool, err error) {
	var out strings.Builder
	for {
		before, after, closed := strings.Cut(text, `"`)
		if !closed {
			return "", "", false, errors.New("has a quote that does not end: close it")
		}
		out.WriteString(before)
		if !strings.HasPrefix(after, `"`) {
			text = after
			break
		}
		out.WriteString(`"`)
		text = after[1:]
	}
	if out.Len() == 0 {
		return "", "", false, errors.New("has an empty part: write schema.table")
	}
	rest, more = strings.CutPrefix(text, ".")
	if !more && rest != "" {
		return "", "", false, errors.New("goes on behind a quoted name: write a dot between the names")
	}
	return out.String(), rest, more, nil
}
