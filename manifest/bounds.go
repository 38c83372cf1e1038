package manifest

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// Leat's limits of one file. The parser calls itself for each level and keeps some
// hundred bytes for each word, and an alias stands for all that it names.
const (
	maxFileBytes = 4 << 20
	maxDepth     = 64
	maxAliases   = 256
)

// bounded refuses a file that the parser must not see: too large, too deep, with too
// many aliases, or with a tag, which means nothing here and which the parser does not
// always survive.
func bounded(file File) *Problem {
	if len(file.Content) > maxFileBytes {
		return &Problem{At: file.Name, Message: fmt.Sprintf("the file has %d bytes and Leat's limit is %d; split it into several", len(file.Content), maxFileBytes)}
	}
	at := func(t *token.Token) string { return fmt.Sprintf("%s:%d", file.Name, t.Position.Line) }
	depth, aliases := nesting{}, 0
	for _, t := range lexer.Tokenize(string(file.Content)) {
		if t.Type == token.AliasType {
			aliases++
		}
		switch {
		case t.Type == token.TagType && !strings.HasPrefix(t.Value, "!!"):
			return &Problem{At: at(t), Message: fmt.Sprintf("the tag %s has no meaning here; take it out, or put the text into quotes", t.Value)}
		case depth.after(t) > maxDepth:
			return &Problem{At: at(t), Message: fmt.Sprintf("lists and mappings are nested deeper than Leat's limit of %d levels; take some out", maxDepth)}
		case aliases > maxAliases:
			return &Problem{At: at(t), Message: fmt.Sprintf("the file has more aliases (*name) than Leat's limit of %d; write some of them out", maxAliases)}
		}
	}
	return nil
}

// nesting follows how deep the parser has to go: brackets, indented lists and mappings,
// and what stands before one value in a row, such as anchors.
type nesting struct {
	flow    int   // open brackets
	pairs   int   // colons since the last bracket or comma, inside of brackets
	columns []int // of the open lists and mappings outside of brackets
	before  int   // tags, anchors and question marks in a row
}

// after returns the depth behind a word.
func (n *nesting) after(t *token.Token) int {
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		n.flow, n.pairs = n.flow+1, 0
	case token.SequenceEndType, token.MappingEndType:
		n.flow, n.pairs = max(n.flow-1, 0), 0
	case token.CollectEntryType:
		n.pairs = 0
	case token.MappingValueType:
		if n.flow > 0 {
			n.pairs++
		} else if t.Prev != nil {
			n.open(t.Prev.Position.Column)
		}
	case token.SequenceEntryType:
		n.open(t.Position.Column)
	}
	switch t.Type {
	case token.TagType, token.AnchorType, token.MappingKeyType:
		n.before++
	default:
		n.before = 0
	}
	return n.flow + n.pairs + len(n.columns) + n.before
}

// open begins a list or a mapping at a column, which ends those that do not stand
// further left.
func (n *nesting) open(column int) {
	for len(n.columns) > 0 && n.columns[len(n.columns)-1] >= column {
		n.columns = n.columns[:len(n.columns)-1]
	}
	n.columns = append(n.columns, column)
}
