package postgres

import (
	"fmt"
	"strconv"
	"time"

	"leat/connectors"
	"leat/record/pgbinary"
)

// lower writes the lower bound, the position minus the overlap, or -infinity where that lies
// before the first day of the type; empty for a first read.
func (c cursor) lower(w *window) (string, error) {
	overlap, err := c.overlap()
	if err != nil || c.last.Cursor == nil {
		return "", err
	}
	switch {
	case overlap.None || overlap.Zero():
		return w.bind(*c.last.Cursor, c.typ.OID), nil
	case c.typ.OID == pgbinary.OIDDate:
		return lowerTime("pg_catalog.date", w.bind(*c.last.Cursor, c.typ.OID), strconv.FormatInt(overlap.Days(), 10)), nil
	case cursorTypes[c.typ.OID] == "time":
		off := w.bind(intervalOf(overlap.Duration), pgbinary.OIDInterval)
		return lowerTime(c.base().String(), w.bind(*c.last.Cursor, c.typ.OID), off), nil
	default:
		return c.lowerNumber(w, overlap.Number), nil
	}
}

// lowerTime subtracts within the type: the first day of all of the server's types is the
// same one, and an overlap is shorter than what they hold.
func lowerTime(native, last, off string) string {
	return fmt.Sprintf("CASE WHEN %[2]s OPERATOR(pg_catalog.<) ('4714-11-24 00:00:00+00 BC'::%[1]s OPERATOR(pg_catalog.+) %[3]s)"+
		" THEN '-infinity'::%[1]s ELSE %[2]s OPERATOR(pg_catalog.-) %[3]s END", native, last, off)
}

// overlap is how far the lower bound goes back, checked against the cursor's type.
func (c cursor) overlap() (connectors.Overlap, error) {
	overlap, err := connectors.ParseOverlap(c.selection.Overlap)
	switch kind := cursorTypes[c.typ.OID]; {
	case err != nil:
		return overlap, c.badOverlap("is not understood", "Set the overlap again: "+connectors.OverlapForms+".")
	case overlap.None || overlap.Zero():
		return overlap, nil
	case kind == "":
		return overlap, c.badOverlap("is not possible for this type", "Remove the overlap.")
	case kind == "time" && overlap.Number != "":
		return overlap, c.badOverlap("is not a duration", "Write it like 30s, 5m, 2h, 1d or 2w.")
	case kind != "time" && overlap.Number == "":
		return overlap, c.badOverlap("is not a number", "Write it like 1000.")
	default:
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

// intervalOf writes a duration as an interval. Each number stays below 2³¹, the limit of
// servers before version 15.
func intervalOf(d time.Duration) string {
	hours, rest := d/time.Hour, d%time.Hour
	return fmt.Sprintf("%d hours %d.%06d seconds", hours, rest/time.Second, rest%time.Second/time.Microsecond)
}
