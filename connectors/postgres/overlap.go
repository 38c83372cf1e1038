package postgres

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"leat/connectors"
	"leat/record/pgbinary"
)

// lower writes the lower bound, the position minus the overlap; empty for a first read.
func (c cursor) lower(w *window) (string, error) {
	off, err := c.overlap()
	if err != nil || c.last.Cursor == nil {
		return "", err
	}
	switch {
	case off == "":
		return w.bind(*c.last.Cursor, c.typ.OID), nil
	case c.typ.OID == pgbinary.OIDDate:
		return fmt.Sprintf("(%s OPERATOR(pg_catalog.-) %s)::pg_catalog.date", w.bind(*c.last.Cursor, pgbinary.OIDTimestamp), w.bind(off, pgbinary.OIDInterval)), nil
	case cursorTypes[c.typ.OID] == "time":
		return fmt.Sprintf("(%s OPERATOR(pg_catalog.-) %s)", w.bind(*c.last.Cursor, c.typ.OID), w.bind(off, pgbinary.OIDInterval)), nil
	default:
		return c.lowerNumber(w, off), nil
	}
}

// overlap is how far the lower bound goes back, as an interval or a number in the
// server's words; empty when it does not.
func (c cursor) overlap() (string, error) {
	overlap := c.selection.Overlap
	if overlap == "" || overlap == connectors.OverlapNone || overlap == "0" {
		return "", nil
	}
	switch cursorTypes[c.typ.OID] {
	case "":
		return "", c.badOverlap("is not possible for this type", "Remove the overlap.")
	case "time":
		d, err := parseDuration(overlap)
		if err != nil {
			return "", c.badOverlap("is not a duration", "Write it like 30s, 5m, 2h or 1d.")
		}
		return intervalOf(d), nil
	default:
		if !isNumber(overlap) {
			return "", c.badOverlap("is not a number", "Write it like 1000.")
		}
		return overlap, nil
	}
}

// lowerNumber subtracts exactly. For whole numbers the bound gets the column's type
// again, or an index on the column would be of no use.
func (c cursor) lowerNumber(w *window, off string) string {
	bound := fmt.Sprintf("%s OPERATOR(pg_catalog.-) %s", w.bind(*c.last.Cursor, pgbinary.OIDNumeric), w.bind(off, pgbinary.OIDNumeric))
	if lowest, ok := lowestInteger[c.typ.OID]; ok {
		return fmt.Sprintf("greatest(pg_catalog.floor(%s), %s)::%s", bound, lowest, c.base())
	}
	return "(" + bound + ")"
}

var lowestInteger = map[uint32]string{
	pgbinary.OIDInt2: "-32768", pgbinary.OIDInt4: "-2147483648", pgbinary.OIDInt8: "-9223372036854775808",
}

func (c cursor) badOverlap(reason, fix string) error {
	return &connectors.Error{
		Kind: connectors.Config, Fix: fix,
		Message: fmt.Sprintf("the overlap %q of the cursor %q %s", c.selection.Overlap, c.selection.Cursor, reason),
	}
}

// parseDuration is time.ParseDuration with days.
func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 15)
		return time.Duration(n) * 24 * time.Hour, err
	}
	d, err := time.ParseDuration(text)
	if err == nil && d < 0 {
		err = errors.New("negative")
	}
	return d, err
}

// intervalOf writes a duration as an interval. Each number stays below 2³¹, the limit of
// servers before version 15.
func intervalOf(d time.Duration) string {
	hours, rest := d/time.Hour, d%time.Hour
	return fmt.Sprintf("%d hours %d.%06d seconds", hours, rest/time.Second, rest%time.Second/time.Microsecond)
}

// isNumber tells plain decimal numbers that are not negative.
func isNumber(text string) bool {
	whole, fraction, _ := strings.Cut(text, ".")
	digits := whole + fraction
	return digits != "" && !slices.ContainsFunc([]byte(digits), func(b byte) bool { return b < '0' || b > '9' })
}
