package postgres

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// sample is a type of a column with a maker of literals for it.
type sample struct {
	name  string
	since int // server version
	// value makes the text of a value.
	value func(*rand.Rand) string
	// unfit is a condition on a column (%s) that is true for values which the Arrow type
	// cannot hold, so that their rows are rejects; empty when there are none.
	unfit string
	// alone says that arrays of such values are another matter.
	alone bool
	// separator stands between the elements of an array; a comma when empty.
	separator string
}

// ownTypes are made in the source, and in targets that are to know them.
const ownTypes = `CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE TYPE mood AS ENUM ('sad', 'so so', 'žluť', 'NULL', '{,}');
	CREATE TYPE pair AS (n int, t text, a numeric[], m mood); CREATE TYPE nested AS (p pair, d date, ps pair[]);
	CREATE TYPE moodrange AS RANGE (subtype = mood); CREATE DOMAIN price AS numeric(10,2) CHECK (value > -1000000); CREATE DOMAIN day AS date;
	CREATE DOMAIN tags AS text[]; CREATE DOMAIN feeling AS mood; CREATE DOMAIN word AS varchar(7); CREATE DOMAIN deep AS price`

// oneOf picks one of some literals.
func oneOf(literals ...string) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return literals[r.IntN(len(literals))] }
}

// either picks one of some makers.
func either(makers ...func(*rand.Rand) string) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return makers[r.IntN(len(makers))](r) }
}

// The conditions of values that Arrow cannot hold.
const (
	endlessDate = "NOT isfinite(%s)"
	endlessTime = "(NOT isfinite(%[1]s) OR %[1]s > '294247-01-10 04:00:54.775807')"
	midnight24  = "%s = '24:00:00'"
	notANumber  = "%s = 'NaN'"
)

// awkward texts are hard to quote, to escape, or to tell from NULL.
var awkward = either(
	oneOf("", " ", "a", "NULL", "null", `\N`, `\.`, "tab\there", "line\nbreak", "\r\n", `"quoted"`, `back\slash`, "{,}", "(1,2)", "ž", "e\u0301", "🙂🚀", "\u202eabc", "trailing  ", "\u00a0", "'"),
	func(r *rand.Rand) string { return strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(3000)) },
	func(r *rand.Rand) string {
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteRune(awkwardRunes[r.IntN(len(awkwardRunes))])
		}
		return b.String()
	},
)

var awkwardRunes = []rune("abcž🙂\"\\{}(),; \t\n'")

// cutTo shortens the texts of a maker to a number of characters.
func cutTo(limit int, make func(*rand.Rand) string) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		text := []rune(make(r))
		return string(text[:min(limit, len(text))])
	}
}

func integer(low, high int64) func(*rand.Rand) string {
	return either(oneOf(fmt.Sprint(low), fmt.Sprint(high), "0", "-1", "1"), func(r *rand.Rand) string {
		return fmt.Sprint(low + int64(r.Uint64N(uint64(high)-uint64(low)))) // wraps into the range
	})
}

func bits(width int) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		out := make([]byte, width)
		for i := range out {
			out[i] = "01"[r.IntN(2)]
		}
		return string(out)
	}
}

func digits(r *rand.Rand, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte('0' + r.IntN(10))
	}
	return string(out)
}

// decimals makes numerics of a declared precision and scale.
func decimals(precision, scale int) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		number := []string{"", "-"}[r.IntN(2)] + "0" + digits(r, r.IntN(precision-scale+1))
		if scale > 0 {
			number += "." + digits(r, r.IntN(scale)+1)
		}
		return number
	}
}

func stamp(r *rand.Rand) string {
	era := ""
	if r.IntN(5) == 0 {
		era = " BC"
	}
	return fmt.Sprintf("%04d-%02d-%02d %02d:%02d:%02d.%06d%s", 1+r.IntN(4000), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1_000_000), era)
}

func day(r *rand.Rand) string {
	return fmt.Sprintf("%04d-%02d-%02d", 1+r.IntN(9999), 1+r.IntN(12), 1+r.IntN(28))
}

var (
	days   = either(day, oneOf("infinity", "-infinity", "4713-01-01 BC", "5874897-12-31", "0001-01-01", "1582-10-10", "0001-12-31 BC", "2000-02-29"))
	clocks = either(oneOf("24:00:00", "00:00:00", "23:59:59.999999", "12:00:00.5"), func(r *rand.Rand) string {
		return fmt.Sprintf("%02d:%02d:%02d.%06d", r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1_000_000))
	})
	spans = either(oneOf("0", "1 year 2 mons -3 days", "-1 year", "178000000 years", "-00:00:00.000001", "1 mon -1 day +00:00:01", "2147483647 days", "-178000000 years", "100:00:00"), func(r *rand.Rand) string {
		return fmt.Sprintf("%d mons %d days %d.%06d seconds", r.IntN(4000)-2000, r.IntN(2000)-1000, r.IntN(2_000_000)-1_000_000, r.IntN(1_000_000))
	})
	floats = either(oneOf("NaN", "Infinity", "-Infinity", "0", "-0", "0.1", "100000", "1e15", "123456789", "1e-5"), func(r *rand.Rand) string {
		return fmt.Sprint(float32(r.NormFloat64() * math.Pow(10, float64(r.IntN(60)-30))))
	})
	doubles  = either(floats, oneOf("5e-324", "1.7976931348623157e308", "0.30000000000000004", "2.2250738585072014e-308"), func(r *rand.Rand) string { return fmt.Sprint(r.NormFloat64() * math.Pow(10, float64(r.IntN(500)-250))) })
	numerics = either(oneOf("NaN", "0", "0.00", "-0.1", "1e-40", "1e40", "10000", "0.0001", "1e-16383"), func(r *rand.Rand) string { return decimals(60, r.IntN(30))(r) })
	coord    = oneOf("0", "-0", "1.5", "-1e300", "0.1", "1e-300", "3.141592653589793")
	keywords = oneOf("sad", "so so", "žluť", "NULL", "{,}")
)

func point(r *rand.Rand) string { return "(" + coord(r) + "," + coord(r) + ")" }

func points(low int) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		list := make([]string, low+r.IntN(4))
		for i := range list {
			list[i] = point(r)
		}
		return "(" + strings.Join(list, ",") + ")"
	}
}

// rangeOf makes ranges of two ordered bounds that the format makes of small numerics.
func rangeOf(format string, outer ...string) func(*rand.Rand) string {
	return either(oneOf(append(outer, "empty", "(,)")...), func(r *rand.Rand) string {
		low := 10 + r.IntN(30)
		lower, upper := fmt.Sprintf(format, low), fmt.Sprintf(format, low+r.IntN(40)+1)
		if r.IntN(5) == 0 {
			upper = ""
		}
		return "[("[r.IntN(2):][:1] + lower + "," + upper + "])"[r.IntN(2):][:1]
	})
}

func multi(ranges func(*rand.Rand) string) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		list := make([]string, r.IntN(4))
		for i := range list {
			list[i] = ranges(r)
		}
		return "{" + strings.Join(list, ",") + "}"
	}
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// row makes the text of a composite value; some fields are NULL.
func row(fields ...func(*rand.Rand) string) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		list := make([]string, len(fields))
		for i, field := range fields {
			if r.IntN(4) > 0 {
				list[i] = quote(field(r))
			}
		}
		return "(" + strings.Join(list, ",") + ")"
	}
}

// arrayOf makes an array type of a type: with NULLs, up to three dimensions, and bounds
// that do not begin at 1.
func arrayOf(s sample) sample {
	separator := s.separator
	if separator == "" {
		separator = ","
	}
	return sample{name: s.name + "[]", since: s.since, value: func(r *rand.Rand) string {
		if r.IntN(6) == 0 {
			return "{}"
		}
		lengths := make([]int, 1+r.IntN(3))
		bounds := ""
		for i := range lengths {
			lengths[i] = 1 + r.IntN(3)
			low := r.IntN(5) - 2
			bounds += fmt.Sprintf("[%d:%d]", low, low+lengths[i]-1)
		}
		if r.IntN(2) == 0 {
			bounds = ""
		} else {
			bounds += "="
		}
		return bounds + level(r, s.value, lengths, separator)
	}}
}

func level(r *rand.Rand, value func(*rand.Rand) string, lengths []int, separator string) string {
	list := make([]string, lengths[0])
	for i := range list {
		switch {
		case len(lengths) > 1:
			list[i] = level(r, value, lengths[1:], separator)
		case r.IntN(4) == 0:
			list[i] = "NULL"
		default:
			list[i] = quote(value(r))
		}
	}
	return "{" + strings.Join(list, separator) + "}"
}
