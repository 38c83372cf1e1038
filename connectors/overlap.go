package connectors

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Overlap is how far before its position a read begins.
type Overlap struct {
	// None says that the read is half-open.
	None bool
	// Duration is for cursors that are times.
	Duration time.Duration
	// Number is for cursors that are numbers: digits, perhaps with a point.
	Number string
}

// Zero says that the read begins at its position.
func (o Overlap) Zero() bool { return !o.None && o.Duration == 0 && o.Number == "" }

// Days is the duration in whole days, rounded up.
func (o Overlap) Days() int64 {
	const day = 24 * time.Hour
	return int64((o.Duration + day - 1) / day)
}

// OverlapForms says what an overlap may be, as the end of a sentence.
const OverlapForms = "write a duration such as 90s, 5m, 12h, 1d or 2w, a number such as 1000, or none"

var (
	overlapNumber = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	overlapPart   = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)(w|d|h|ms|m|s|us|µs|μs|ns)`)
)

// ParseOverlap reads an overlap as people write it: a duration in weeks, days, hours,
// minutes, seconds and smaller, such as 1d12h; a number; or none. Empty and 0 are zero.
func ParseOverlap(text string) (Overlap, error) {
	switch {
	case text == "" || strings.Trim(text, "0") == "":
		return Overlap{}, nil
	case text == OverlapNone:
		return Overlap{None: true}, nil
	case overlapNumber.MatchString(text):
		return Overlap{Number: text}, nil
	}
	total := time.Duration(0)
	for rest := text; rest != ""; {
		part := overlapPart.FindStringSubmatch(rest)
		if part == nil {
			return Overlap{}, fmt.Errorf("the overlap %q is not understood: %s", text, OverlapForms)
		}
		d, err := overlapTime(part[1], part[2])
		if err != nil || d > longest || total > longest-d {
			return Overlap{}, fmt.Errorf("the overlap %q is too long: %s", text, OverlapForms)
		}
		total, rest = total+d, rest[len(part[0]):]
	}
	return Overlap{Duration: total}, nil
}

// longUnits are those that the standard library lacks, in hours.
var longUnits = map[string]float64{"d": 24, "w": 7 * 24}

// longest bounds an overlap, a day below the end of its type.
const longest = math.MaxInt64 - 24*time.Hour

func overlapTime(count, unit string) (time.Duration, error) {
	hours, long := longUnits[unit]
	if !long {
		return time.ParseDuration(count + unit)
	}
	n, err := strconv.ParseFloat(count, 64)
	if err == nil && n*hours >= math.MaxInt64/float64(time.Hour) {
		err = errors.New("too long")
	}
	return time.Duration(math.Round(n * hours * float64(time.Hour))), err
}
