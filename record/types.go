package record

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/extensions"
)

// TypeName returns the logical type in the words of the configuration file and the
// pages: "bool", "int16", "int32", "int64", "float32", "float64", "decimal(12,2)",
// "text", "binary", "date", "time", "timestamp", "timestamptz", "uuid", "json".
func TypeName(t arrow.DataType) string {
	switch t := t.(type) {
	case *extensions.UUIDType:
		return "uuid"
	case *extensions.JSONType:
		return "json"
	case *arrow.TimestampType:
		if t.TimeZone == "" {
			return "timestamp"
		}
		return "timestamptz"
	case *arrow.Decimal128Type:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision, t.Scale)
	}
	for name, known := range simpleTypes {
		if arrow.TypeEqual(t, known) {
			return name
		}
	}
	return t.String()
}

// ParseType is the inverse of TypeName. Its error names the types that exist.
func ParseType(name string) (arrow.DataType, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if t, ok := simpleTypes[name]; ok {
		return t, nil
	}
	switch name {
	case "uuid":
		return UUID(), nil
	case "json":
		return JSON(), nil
	case "timestamp":
		return Timestamp, nil
	case "timestamptz":
		return TimestampTZ, nil
	}
	if t, ok := parseDecimal(name); ok {
		return t, nil
	}
	return nil, fmt.Errorf("type %q is unknown: use bool, int16, int32, int64, float32, float64, decimal(p,s), text, binary, date, time, timestamp, timestamptz, uuid or json", name)
}

// simpleTypes are the types whose name has no parameter and no extension.
var simpleTypes = map[string]arrow.DataType{
	"bool": Bool, "int16": Int16, "int32": Int32, "int64": Int64,
	"float32": Float32, "float64": Float64, "text": Text, "binary": Binary,
	"date": Date, "time": Time,
}

func parseDecimal(name string) (arrow.DataType, bool) {
	inner, ok := strings.CutPrefix(name, "decimal(")
	if !ok || !strings.HasSuffix(inner, ")") {
		return nil, false
	}
	precision, scale, ok := strings.Cut(strings.TrimSuffix(inner, ")"), ",")
	if !ok {
		return nil, false
	}
	p, errP := strconv.ParseInt(strings.TrimSpace(precision), 10, 32)
	s, errS := strconv.ParseInt(strings.TrimSpace(scale), 10, 32)
	if errP != nil || errS != nil || p < 1 || p > MaxPrecision || s < 0 || s > p {
		return nil, false
	}
	return Decimal(int32(p), int32(s)), true
}
