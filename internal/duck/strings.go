package duck

import (
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// inlineBytes is the longest text that DuckDB keeps inside a string value.
const inlineBytes = 12

// stringValue is DuckDB's string in memory: the length, and then either up to 12
// bytes, or the first 4 bytes and a pointer to all of them.
type stringValue struct {
	length uint32
	inline [inlineBytes]byte
}

// longValue is stringValue for a text of more than 12 bytes.
type longValue struct {
	length  uint32
	prefix  [4]byte
	pointer *byte
}

// bytes returns the text in DuckDB's memory.
func (s *stringValue) bytes() []byte {
	if s.length <= inlineBytes {
		return s.inline[:s.length]
	}
	return unsafe.Slice((*longValue)(unsafe.Pointer(s)).pointer, s.length)
}

// textBytes sums the lengths of the texts.
func textBytes(v vector) int {
	total := 0
	texts := values[stringValue](v)
	for i := range texts {
		if !v.isNull(i) {
			total += int(texts[i].length)
		}
	}
	return total
}

// addLengths adds the length of each text to that of its row.
func addLengths(widths []int, v vector) {
	texts := values[stringValue](v)
	for i := range texts {
		if !v.isNull(i) {
			widths[i] += int(texts[i].length)
		}
	}
}

// textBuilder is what StringBuilder and BinaryBuilder share.
type textBuilder interface {
	Reserve(n int)
	ReserveData(n int)
	AppendNull()
}

func appendTexts(b textBuilder, v vector, add func([]byte)) (int, []int) {
	size := textBytes(v)
	b.Reserve(v.n)
	b.ReserveData(size)
	texts := values[stringValue](v)
	for i := range texts {
		if v.isNull(i) {
			b.AppendNull()
			continue
		}
		add(texts[i].bytes())
	}
	return size + 4*v.n, nil
}

func readText(b array.Builder, v vector) (int, []int) {
	builder := b.(*array.StringBuilder)
	return appendTexts(builder, v, builder.BinaryBuilder.Append)
}

func readJSON(b array.Builder, v vector) (int, []int) {
	return readText(b.(interface{ StorageBuilder() array.Builder }).StorageBuilder(), v)
}

func readBlob(b array.Builder, v vector) (int, []int) {
	builder := b.(*array.BinaryBuilder)
	return appendTexts(builder, v, builder.Append)
}
