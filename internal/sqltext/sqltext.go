// Package sqltext looks at the text of a query that a person wrote, as far as that must be
// known before a server sees it inside of other SQL. It knows the words of the scanner
// that PostgreSQL and DuckDB share, and no grammar: what the text means is for the server.
package sqltext

import (
	"strings"
	"unicode/utf8"
)

// Query is what can be seen of one query.
type Query struct {
	// Text ends with the last thing that is said: blanks, comments and semicolons behind it
	// are left out, so that it can stand in brackets. It is empty when nothing is said.
	Text string
	// First is the first word, in capitals; "(" where the query begins with a bracket.
	First string
	// Parameter is the first placeholder as it is written, such as $1, $name or ?. In
	// PostgreSQL ? is an operator as well. It is empty where there is none.
	Parameter string
}

// Scan looks at a query.
func Scan(query string) Query {
	var q Query
	for at := 0; at < len(query); {
		kind, size := next(query[at:])
		token := query[at : at+size]
		at += size
		if kind == blank || token == ";" {
			continue
		}
		if q.Text == "" {
			q.First = strings.ToUpper(token)
		}
		if kind == parameter && q.Parameter == "" {
			q.Parameter = token
		}
		q.Text = query[:at]
	}
	return q
}

// Reads tells whether the query begins as one that reads rows does in standard SQL.
func (q Query) Reads() bool {
	switch q.First {
	case "SELECT", "WITH", "VALUES", "TABLE", "(":
		return true
	}
	return false
}

// kind is what a token is.
type kind int

const (
	blank kind = iota // white space and comments
	word
	quoted // texts and quoted names
	parameter
	sign // anything else, one letter at a time
)

// next finds the kind and the length in bytes of the token that text begins with.
func next(text string) (kind, int) {
	switch c := text[0]; {
	case strings.IndexByte(" \t\r\n\f\v", c) >= 0:
		return blank, 1
	case strings.HasPrefix(text, "--"):
		return blank, through(text, 2, "\n")
	case strings.HasPrefix(text, "/*"):
		return blank, comment(text)
	case c == '\'' || c == '"':
		return quoted, 1 + through(text[1:], 0, text[:1]) // a doubled quote begins the next token
	case (c == 'e' || c == 'E') && strings.HasPrefix(text[1:], "'"):
		return quoted, escaped(text)
	case c == '$':
		return dollar(text)
	case c == '?':
		return parameter, 1
	case begins(c):
		return word, 1 + while(text[1:], continues)
	}
	_, size := utf8.DecodeRuneInString(text)
	return sign, size
}

// through is the length up to the end of the mark, looked for from a place on, or all.
func through(text string, from int, mark string) int {
	if i := strings.Index(text[from:], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(text)
}

// comment is the length of a comment in /* */, which may hold others.
func comment(text string) int {
	depth := 0
	for at := 0; at < len(text); {
		switch {
		case strings.HasPrefix(text[at:], "/*"):
			depth, at = depth+1, at+2
		case strings.HasPrefix(text[at:], "*/"):
			depth, at = depth-1, at+2
		default:
			at++
		}
		if depth == 0 {
			return at
		}
	}
	return len(text)
}

// escaped is the length of a text like E'it\'s'.
func escaped(text string) int {
	for at := len("E'"); at < len(text); at++ {
		switch text[at] {
		case '\\':
			at++
		case '\'':
			return at + 1
		}
	}
	return len(text)
}

// dollar tells texts like $$it's$$ and $tag$it's$tag$ from parameters.
func dollar(text string) (kind, int) {
	name := while(text[1:], func(c byte) bool { return continues(c) && c != '$' })
	tag := name == 0 || begins(text[1])
	if end := 1 + name; tag && end < len(text) && text[end] == '$' {
		return quoted, through(text, end+1, text[:end+1])
	}
	if name == 0 {
		return sign, 1
	}
	return parameter, 1 + name
}

// begins tells the letters that a name begins with; those outside of ASCII all do.
func begins(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}

// continues tells the letters that a name goes on with, which holds for numbers as well.
func continues(c byte) bool { return begins(c) || c >= '0' && c <= '9' || c == '$' }

func while(text string, is func(byte) bool) int {
	for i := range len(text) {
		if !is(text[i]) {
			return i
		}
	}
	return len(text)
}
