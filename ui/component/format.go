package component

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// thin is the narrow no-break space that groups digits.
const thin = "\u202f"

// Count writes a whole number with its digits in groups of three: 1 204 331.
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(thin)
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// Approx writes an estimate, marked as one: ~1.2 M. A negative number means that
// nothing is known and gives an empty text.
func Approx(n int64) string {
	if n < 0 {
		return ""
	}
	return "~" + short(float64(n), 1000, []string{"", " k", " M", " G", " T"})
}

// Bytes writes a size in binary units: 12.4 MiB.
func Bytes(n int64) string {
	return short(float64(n), 1024, []string{" B", " KiB", " MiB", " GiB", " TiB", " PiB"})
}

// Rate writes rows per second: 21 k/s.
func Rate(rowsPerSecond float64) string {
	return short(rowsPerSecond, 1000, []string{"", " k", " M", " G"}) + "/s"
}

func short(v, base float64, units []string) string {
	i := 0
	for v >= base && i < len(units)-1 {
		v /= base
		i++
	}
	if v >= 10 || v == math.Trunc(v) {
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64) + units[i]
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + units[i]
}

// Elapsed writes a duration in its two largest units: 1 min 40 s.
func Elapsed(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
	}
}

// Relative writes how far a moment lies from now: "5 min ago", "in 2 h".
func Relative(at, now time.Time) string {
	d := now.Sub(at)
	if d < 0 {
		return "in " + coarse(-d)
	}
	if d < 2*time.Second {
		return "now"
	}
	return coarse(d) + " ago"
}

func coarse(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d d", int(d.Hours())/24)
	}
}

// Absolute writes a moment in the zone it carries, and names the zone.
func Absolute(at time.Time) string {
	zone := at.Location().String()
	if zone == "Local" || zone == "" {
		zone = at.Format("MST")
	}
	return at.Format("2 Jan 2006 15:04:05 ") + zone
}

// Plural writes a number with its noun: 1 flow, 3 flows.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(int64(n)) + " " + many
}
