package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/record/pgbinary"
)

// position is where an incremental read stands: the highest cursor in the server's own
// text, exact to the last digit, and the type it belongs to; or a transaction number.
type position struct {
	Cursor *string `json:"cursor,omitempty"`
	Type   string  `json:"type,omitempty"`
	Xmin   *uint64 `json:"xmin,omitempty"`
}

func parsePosition(text connectors.Position) (position, error) {
	var p position
	if text == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil || p.Cursor == nil && p.Xmin == nil {
		return p, &connectors.Error{
			Kind: connectors.Config, Message: "the stored position cannot be read", Cause: err,
			Fix: "Reset the stream's state, or run it once with a full refresh.",
		}
	}
	return p, nil
}

func (p position) text() connectors.Position {
	raw, _ := json.Marshal(p) // strings and numbers always marshal
	return connectors.Position(raw)
}

// window bounds an incremental read: its condition, the parameters in it, and the
// position behind its last row.
type window struct {
	condition string
	values    [][]byte
	oids      []uint32
	next      connectors.Position
}

// bind adds a parameter and returns its place.
func (w *window) bind(value string, oid uint32) string {
	w.values, w.oids = append(w.values, []byte(value)), append(w.oids, oid)
	return "$" + strconv.Itoa(len(w.values))
}

// cursorTypes are the types of cursors and how an overlap is taken off them.
var cursorTypes = map[uint32]string{
	pgbinary.OIDInt2: "number", pgbinary.OIDInt4: "number", pgbinary.OIDInt8: "number", pgbinary.OIDNumeric: "number", pgbinary.OIDOid: "",
	pgbinary.OIDDate: "time", pgbinary.OIDTimestamp: "time", pgbinary.OIDTimestamptz: "time",
	pgbinary.OIDText: "", pgbinary.OIDVarchar: "", pgbinary.OIDUUID: "",
}

const endlessSpan = "%s OPERATOR(pg_catalog.=) ANY ('{infinity,-infinity}')"

// endless says how to find values that have no place in the order: the highest for ever
// would stop the cursor from moving. Such rows are read each time and never become the
// position.
var endless = map[uint32]string{
	pgbinary.OIDDate: endlessSpan, pgbinary.OIDTimestamp: endlessSpan, pgbinary.OIDTimestamptz: endlessSpan,
	pgbinary.OIDNumeric: "%s::pg_catalog.text OPERATOR(pg_catalog.=) ANY ('{NaN,Infinity,-Infinity}'::pg_catalog.text[])",
}

// window finds the bounds of a selection inside the snapshot.
func (p planner) window(ctx context.Context, r relation, s connectors.Selection) (window, error) {
	if s.Cursor == "" {
		return window{}, nil
	}
	last, err := parsePosition(s.Position)
	if err != nil {
		return window{}, err
	}
	if s.Cursor == connectors.CursorXmin {
		return p.xminWindow(ctx, r, last)
	}
	fields, err := fieldsOf(ctx, p.conn, r, []string{s.Cursor}, p.user)
	if err != nil {
		return window{}, err
	}
	c := cursor{planner: p, relation: r, selection: s, typ: fields[0].typ, column: pgwire.Quote(s.Cursor), last: last}
	if err := c.check(fields[0].native); err != nil {
		return window{}, err
	}
	return c.window(ctx)
}

// cursor is one cursor column and where it stands.
type cursor struct {
	planner   planner
	relation  relation
	selection connectors.Selection
	typ       pgbinary.Type
	column    string // quoted
	last      position
}

// check refuses what cannot be read incrementally.
func (c cursor) check(native string) error {
	if _, ok := cursorTypes[c.typ.OID]; !ok {
		return &connectors.Error{
			Kind: connectors.Config, Message: fmt.Sprintf("column %q of %s has the type %s, which cannot be a cursor", c.selection.Cursor, c.relation.dataset, native),
			Fix: "Use a column of whole numbers, numeric, date, timestamp, text or uuid that only grows.",
		}
	}
	if c.last.Xmin != nil || c.last.Cursor != nil && !sameFamily(c.last.Type, c.typ) {
		return &connectors.Error{
			Kind: connectors.Config, Message: fmt.Sprintf("the stored position of %s belongs to another cursor or type", c.relation.dataset),
			Fix: "Run the stream once with a full refresh.",
		}
	}
	return nil
}

// sameFamily lets a cursor become wider, for example from integer to bigint.
func sameFamily(stored string, now pgbinary.Type) bool {
	was, ok := pgbinary.ParseType(stored)
	if !ok {
		return false
	}
	family := func(oid uint32) uint32 {
		switch oid {
		case pgbinary.OIDInt2, pgbinary.OIDInt4, pgbinary.OIDInt8, pgbinary.OIDNumeric:
			return pgbinary.OIDNumeric
		case pgbinary.OIDVarchar:
			return pgbinary.OIDText
		default:
			return oid
		}
	}
	return family(was.OID) == family(now.OID)
}

// window asks for the highest cursor of the snapshot and makes the condition.
func (c cursor) window(ctx context.Context) (window, error) {
	if err := c.checkNulls(ctx); err != nil {
		return window{}, err
	}
	upper, newer, err := c.upper(ctx)
	if err != nil {
		return window{}, err
	}
	w := window{next: c.selection.Position}
	if newer {
		w.next = position{Cursor: &upper, Type: c.base().String()}.text()
	} else if c.last.Cursor != nil {
		upper = *c.last.Cursor // rows may have gone: the window ends where it began
	}
	if err := c.condition(&w, upper, newer || c.last.Cursor != nil); err != nil {
		return window{}, err
	}
	return w, nil
}

// base is the cursor's type without its modifier, so that no parameter is rounded.
func (c cursor) base() pgbinary.Type { return pgbinary.Type{OID: c.typ.OID, Typmod: -1} }

// finite is a condition that leaves endless values out; empty when there are none.
func (c cursor) finite() string {
	if pattern, ok := endless[c.typ.OID]; ok {
		return " AND NOT (" + fmt.Sprintf(pattern, c.column) + ")"
	}
	return ""
}

// upper returns the highest cursor and whether it lies behind the position.
func (c cursor) upper(ctx context.Context) (text string, newer bool, err error) {
	var w window
	isNewer := "true"
	if c.last.Cursor != nil {
		isNewer = "top.c OPERATOR(pg_catalog.>) " + w.bind(*c.last.Cursor, c.typ.OID)
	}
	// The cast stands outside: inside, ORDER BY would sort by the text of the same name.
	sql := fmt.Sprintf("SELECT top.c::pg_catalog.text, %s FROM (SELECT %s AS c FROM %s WHERE %s IS NOT NULL%s ORDER BY %s DESC LIMIT 1) AS top",
		isNewer, c.column, c.relation.from, c.column, c.finite(), c.column)
	result := c.planner.conn.PgConn().ExecParams(ctx, sql, w.values, w.oids, nil, nil).Read()
	if result.Err != nil {
		return "", false, c.relation.readError(ctx, result.Err, c.planner.user)
	}
	if len(result.Rows) == 0 {
		return "", false, nil
	}
	return string(result.Rows[0][0]), string(result.Rows[0][1]) == "t", nil
}

// condition writes the window in SQL. bounded says that there is an upper bound.
func (c cursor) condition(w *window, upper string, bounded bool) error {
	lower, err := c.lower(w)
	if err != nil {
		return err
	}
	var parts []string
	if bounded {
		operator := " OPERATOR(pg_catalog.<=) "
		if c.selection.Overlap == connectors.OverlapNone {
			operator = " OPERATOR(pg_catalog.<) "
		}
		inside := c.column + operator + w.bind(upper, c.typ.OID)
		if lower != "" {
			inside = c.column + " OPERATOR(pg_catalog.>=) " + lower + " AND " + inside
		}
		parts = append(parts, "("+inside+c.finite()+")")
	}
	if pattern, ok := endless[c.typ.OID]; ok && !c.leavesEndless() {
		parts = append(parts, fmt.Sprintf(pattern, c.column))
	}
	if c.includesNulls() {
		parts = append(parts, c.column+" IS NULL")
	}
	if w.condition = strings.Join(parts, " OR "); len(parts) == 0 {
		w.condition = "false"
	}
	return nil
}

// leavesEndless says that endless rows are left out: a half-open read brings no row twice
// where rows without a cursor are not wanted.
func (c cursor) leavesEndless() bool {
	return c.selection.Overlap == connectors.OverlapNone && c.selection.Nulls == connectors.NullsExclude
}

// includesNulls reads rows without a cursor on a first read, or always when asked to.
func (c cursor) includesNulls() bool {
	return c.selection.Nulls == connectors.NullsInclude || c.selection.Nulls == "" && c.last.Cursor == nil
}

// checkNulls refuses rows without a cursor when asked to.
func (c cursor) checkNulls(ctx context.Context) error {
	if c.selection.Nulls != connectors.NullsFail {
		return nil
	}
	sql := fmt.Sprintf("SELECT 1 FROM %s WHERE %s IS NULL LIMIT 1", c.relation.from, c.column)
	var one int
	err := c.planner.conn.QueryRow(ctx, sql).Scan(&one)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return c.relation.readError(ctx, err, c.planner.user)
	}
	return &connectors.Error{
		Kind: connectors.Data, Message: fmt.Sprintf("the cursor %q of %s is NULL in some rows", c.selection.Cursor, c.relation.dataset),
		Fix: "Fill the column, or choose to include or exclude these rows.",
	}
}
