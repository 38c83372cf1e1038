package manifest

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"leat/connectors"
	"leat/flows"
)

// shapeError refuses a value that has another shape than its key takes. It is a
// yaml.Error, so that it carries its place.
type shapeError struct {
	at      *token.Token
	message string
}

func (e *shapeError) Error() string                 { return e.message }
func (e *shapeError) GetMessage() string            { return e.message }
func (e *shapeError) GetToken() *token.Token        { return e.at }
func (e *shapeError) FormatError(bool, bool) string { return e.message }

// tableShape says how a table is written; err holds the place and is returned as it is
// when it says more, such as an unknown key.
func tableShape(err error) error {
	found, ok := errors.AsType[yaml.Error](err)
	if _, isShape := shapeSentence(err); !ok || !isShape {
		return err
	}
	return &shapeError{found.GetToken(), `the key table holds neither text nor a pair; write table: schema.name, or table: {schema: "My Schema", name: "Orders"}`}
}

// Target is the table that a stream writes, as text: schema.name, or name in the default
// schema of the destination. A part with dots or spaces stands in double quotes.
type Target string

// UnmarshalYAML takes the text, or {schema: …, name: …} as datasets do.
func (t *Target) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if err := unmarshal(&text); err == nil {
		*t = Target(text)
		return nil
	}
	var pair struct {
		Schema string `yaml:"schema"`
		Name   string `yaml:"name"`
	}
	if err := unmarshal(&pair); err != nil {
		return tableShape(err)
	}
	*t = Target(flows.FormatTable(connectors.Table{Schema: pair.Schema, Name: pair.Name}))
	return nil
}

// shapeSentence says which shape a key takes and which it was given; false when the
// error is about something else.
func shapeSentence(err error) (string, bool) {
	if found, ok := errors.AsType[*yaml.TypeError](err); ok {
		return fmt.Sprintf("%s is %s; write %s", keyBefore(found.Token), shapeWord(found.SrcType), shapeWord(found.DstType)), true
	}
	if found, ok := errors.AsType[*yaml.UnexpectedNodeTypeError](err); ok {
		return fmt.Sprintf("%s is %s; write %s", keyBefore(found.Token), nodeWord(found.Actual), nodeWord(found.Expected)), true
	}
	return "", false
}

// keyBefore names the key that a value stands behind.
func keyBefore(value *token.Token) string {
	if value != nil && value.Type == token.MappingValueType { // a mapping is found by its first colon
		value = value.Prev
	}
	if value == nil || value.Prev == nil || value.Prev.Type != token.MappingValueType || value.Prev.Prev == nil {
		return "this value"
	}
	return "the key " + value.Prev.Prev.Value
}

// nodeWord names a node in the words of shapeWord.
func nodeWord(t ast.NodeType) string {
	switch t {
	case ast.MappingType, ast.MappingValueType:
		return "a mapping"
	case ast.SequenceType:
		return "a list"
	case ast.IntegerType, ast.FloatType:
		return "a number"
	case ast.BoolType:
		return "true or false"
	case ast.NullType:
		return "nothing"
	default:
		return "text"
	}
}

// shapeWord names a type in the words of YAML.
func shapeWord(t reflect.Type) string {
	if t == nil {
		return "nothing"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a mapping"
	case reflect.Pointer:
		return shapeWord(t.Elem())
	default:
		return "a number"
	}
}
