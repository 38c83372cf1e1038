package storage

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// jsonText keeps a value as JSON in a TEXT column.
type jsonText[T any] struct{ value *T }

// asJSON serves both as argument and as place to scan into.
func asJSON[T any](value *T) jsonText[T] { return jsonText[T]{value} }

// Value encodes the value.
func (j jsonText[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(j.value)
	if err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return string(text), nil
}

// Scan decodes the value.
func (j jsonText[T]) Scan(from any) error {
	var text []byte
	switch from := from.(type) {
	case string:
		text = []byte(from)
	case []byte:
		text = from
	default:
		return fmt.Errorf("decode JSON: the column holds a %T", from)
	}
	if string(text) == "null" {
		return nil // most columns of most rows
	}
	if err := json.Unmarshal(text, j.value); err != nil {
		return fmt.Errorf("decode JSON: %w", err)
	}
	return nil
}

// micros keeps a time as microseconds since 1970; 0 is the zero time.
type micros struct{ value *time.Time }

// asMicros serves both as argument and as place to scan into.
func asMicros(value *time.Time) micros { return micros{value} }

// Value encodes the time.
func (m micros) Value() (driver.Value, error) { return toMicros(*m.value), nil }

// Scan decodes the time, in UTC.
func (m micros) Scan(from any) error {
	number, ok := from.(int64)
	if !ok {
		return fmt.Errorf("decode time: the column holds a %T", from)
	}
	*m.value = fromMicros(number)
	return nil
}

func toMicros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(number int64) time.Time {
	if number == 0 {
		return time.Time{}
	}
	return time.UnixMicro(number).UTC()
}

// storable removes what PostgreSQL refuses in text: NUL and invalid UTF-8. Messages of
// drivers may hold both.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
