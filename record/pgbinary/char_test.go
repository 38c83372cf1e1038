package pgbinary

import (
	"bytes"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"leat/record"
)

// TestCharKeepsEveryByte prints each byte of "char" and reads it back.
func TestCharKeepsEveryByte(t *testing.T) {
	for b := range 256 {
		text, ok := AppendText(nil, OIDChar, []byte{byte(b)})
		if !ok {
			t.Fatalf("the byte %d has no text", b)
		}
		if got, reason := encodeChar(string(text)); reason != "" || !bytes.Equal(got, []byte{byte(b)}) {
			t.Errorf("the byte %d became %q and came back as %v (%s)", b, text, got, reason)
		}
	}
	for _, text := range []string{"ab", "ž", `\101`, `\400`, `\38x`, "\x00"} {
		if got, reason := encodeChar(text); reason == "" {
			t.Errorf("%q was taken as %v", text, got)
		}
	}
}

func encodeChar(text string) ([]byte, string) {
	texts := array.NewStringBuilder(memory.DefaultAllocator)
	texts.Append(text)
	rows := one(record.Text, texts)
	defer rows.Release()
	return charByte(rows.Column(0), Target{})(nil, 0)
}

// TestCharArrays refuses what old servers would read back as something else.
func TestCharArrays(t *testing.T) {
	conn := server(t)
	for literal, holds := range map[string]bool{`{a,"",NULL}`: true, "{é}": false} {
		value, _, oid, ok := both(conn, `"char"[]`, literal)
		if !ok {
			t.Fatalf("the server refuses %s", literal)
		}
		if text, ok := AppendText(nil, oid, value); ok != holds {
			t.Errorf("%s: got %q, %v", literal, text, ok)
		}
	}
}
