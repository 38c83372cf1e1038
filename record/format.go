package record

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Format returns the exact text of one value for people: numbers with all their
// digits, times in ISO 8601 with up to six decimals ("+00" behind a timestamptz),
// bytes as \x and hexadecimal digits, JSON as it is. It returns "" for NULL; ask IsNull
// where that matters.
func Format(column arrow.Array, row int) string {
	if column.IsNull(row) {
		return ""
	}
	switch column := column.(type) {
	case *array.String:
		return column.Value(row)
	case *array.Float32:
		return formatFloat(float64(column.Value(row)), 32)
	case *array.Float64:
		return formatFloat(column.Value(row), 64)
	case *array.Decimal128:
		scale := column.DataType().(*arrow.Decimal128Type).Scale
		return formatDecimal(column.Value(row).BigInt().String(), int(scale))
	case *array.Binary:
		return `\x` + hex.EncodeToString(column.Value(row))
	case *array.Date32:
		return time.Unix(int64(column.Value(row))*86_400, 0).UTC().Format(time.DateOnly)
	case *array.Time64:
		return formatTime(int64(column.Value(row)))
	case *array.Timestamp:
		return formatTimestamp(column, row)
	case array.ExtensionArray:
		return formatExtension(column, row)
	default: // booleans and integers have one text only
		return column.ValueStr(row)
	}
}

// formatFloat gives the shortest text that reads back as the same number.
func formatFloat(value float64, bits int) string {
	switch {
	case math.IsNaN(value):
		return "NaN"
	case math.IsInf(value, 1):
		return "Infinity"
	case math.IsInf(value, -1):
		return "-Infinity"
	}
	if size := math.Abs(value); size != 0 && (size < 1e-4 || size >= 1e15) {
		return strconv.FormatFloat(value, 'e', -1, bits)
	}
	return strconv.FormatFloat(value, 'f', -1, bits)
}

// formatDecimal sets the point into the digits of an integer.
func formatDecimal(digits string, scale int) string {
	digits, negative := strings.CutPrefix(digits, "-")
	if scale > 0 {
		if missing := scale + 1 - len(digits); missing > 0 {
			digits = strings.Repeat("0", missing) + digits
		}
		point := len(digits) - scale
		digits = digits[:point] + "." + digits[point:]
	}
	if negative {
		return "-" + digits
	}
	return digits
}

// formatTime takes microseconds since midnight; 24:00:00 is a time of day as well.
func formatTime(micros int64) string {
	seconds, rest := micros/1_000_000, micros%1_000_000
	text := fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	if rest == 0 {
		return text
	}
	return text + strings.TrimRight(fmt.Sprintf(".%06d", rest), "0")
}

func formatTimestamp(column *array.Timestamp, row int) string {
	kind := column.DataType().(*arrow.TimestampType)
	text := column.Value(row).ToTime(kind.Unit).UTC().Format("2006-01-02 15:04:05.999999999")
	if kind.TimeZone != "" {
		text += "+00"
	}
	return text
}

// formatExtension knows UUIDs, which are 16 bytes; other extensions show what they store.
func formatExtension(column array.ExtensionArray, row int) string {
	storage, ok := column.Storage().(*array.FixedSizeBinary)
	if !ok {
		return Format(column.Storage(), row)
	}
	digits := hex.EncodeToString(storage.Value(row))
	if len(digits) != 32 {
		return `\x` + digits
	}
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
}
