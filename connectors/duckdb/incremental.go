package duckdb

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
	"leat/internal/duck"
)

// position is where an incremental read stands: the highest cursor in DuckDB's own text
// and its type.
type position struct {
	Cursor string `json:"cursor"`
	Type   string `json:"type"`
}

// window bounds an incremental read.
type window struct {
	conditions []string
	args       []any
	// next is the position behind the last row.
	next connectors.Position
}

func (w window) where() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " OR ")
}

// bind adds an argument and returns its place.
func (w *window) bind(value string) string {
	w.args = append(w.args, value)
	return "$" + strconv.Itoa(len(w.args))
}

// cursor is a cursor column and where it stands.
type cursor struct {
	conn      *duck.Conn
	relation  relation
	selection connectors.Selection
	column    duck.Column
	quoted    string
	// last is nil on a first read.
	last *position
}

// findWindow asks for the highest cursor of the snapshot and makes the condition.
func findWindow(ctx context.Context, conn *duck.Conn, r relation, s connectors.Selection) (window, error) {
	if s.Cursor == "" {
		return window{}, nil
	}
	column, err := r.column(s.Cursor)
	if err != nil {
		return window{}, err
	}
	c := cursor{conn: conn, relation: r, selection: s, column: column, quoted: duck.Quote(s.Cursor)}
	if err := c.parse(); err != nil {
		return window{}, err
	}
	if err := c.checkNulls(ctx); err != nil {
		return window{}, err
	}
	return c.window(ctx)
}

// parse checks the type and reads the position.
func (c *cursor) parse() error {
	if c.kind() == "" {
		return c.refuse(fmt.Sprintf("has the type %s, which cannot be a cursor", c.column.Native), "Use a column of whole numbers, decimals, dates, timestamps or text that only grows.")
	}
	if c.selection.Position == "" {
		return nil
	}
	c.last = &position{}
	if err := json.Unmarshal([]byte(c.selection.Position), c.last); err != nil {
		return c.refuse("has a stored position that cannot be read", "Run the stream once with a full refresh.")
	}
	if c.last.Type != c.column.Native {
		return c.refuse(fmt.Sprintf("is %s, but its stored position is %s", c.column.Native, c.last.Type), "Run the stream once with a full refresh.")
	}
	return nil
}

func (c *cursor) refuse(message, fix string) error {
	return &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf("the cursor %q of %s %s", c.selection.Cursor, c.relation.dataset, message), Fix: fix}
}

// kind sorts cursor types by what can be taken off them; "" is no cursor.
func (c *cursor) kind() string {
	if c.column.Cast != "" {
		return ""
	}
	switch c.column.Type.ID() {
	case arrow.INT16, arrow.INT32, arrow.INT64, arrow.DECIMAL128:
		return "number"
	case arrow.DATE32, arrow.TIMESTAMP:
		return "time"
	case arrow.STRING:
		return "text"
	default:
		return ""
	}
}

// finite leaves infinity out, which would be the highest for ever.
func (c *cursor) finite() string {
	if c.kind() == "time" {
		return "isfinite(" + c.quoted + ")"
	}
	return "true"
}

func (c *cursor) typed(place string) string { return "CAST(" + place + " AS " + c.column.Native + ")" }

// text writes a finite value so that typed reads the same one. DuckDB's own text of a time
// with a zone is wrong in the milliseconds beyond the years ±285,000, where the time
// without one, in UTC, is right.
func (c *cursor) text(value string) string {
	if c.column.Native == "TIMESTAMP WITH TIME ZONE" {
		return "CAST(make_timestamp(epoch_us(" + value + ")) AS VARCHAR) || '+00'"
	}
	return "CAST(" + value + " AS VARCHAR)"
}

func (c *cursor) window(ctx context.Context) (window, error) {
	rows, err := c.conn.Values(ctx, "SELECT "+c.text("max("+c.quoted+")")+" FROM "+c.relation.from+" WHERE "+c.finite())
	if err != nil {
		return window{}, mapError(err, "find the highest "+c.selection.Cursor+" of "+c.relation.dataset.String())
	}
	w := window{next: c.selection.Position}
	upper, found := rows[0][0].(string)
	if found {
		if upper, err = c.newer(ctx, upper, &w); err != nil {
			return w, err
		}
		if err := c.between(&w, upper); err != nil {
			return w, err
		}
	}
	if c.kind() == "time" && !c.leavesEndless() {
		w.conditions = append(w.conditions, "NOT isfinite("+c.quoted+")")
	}
	if c.includesNulls() {
		w.conditions = append(w.conditions, c.quoted+" IS NULL")
	}
	if len(w.conditions) == 0 {
		w.conditions = []string{"false"}
	}
	return w, nil
}

// newer moves the position to the highest cursor, unless rows have gone and the position
// lies behind it.
func (c *cursor) newer(ctx context.Context, upper string, w *window) (string, error) {
	if c.last != nil {
		rows, err := c.conn.Values(ctx, "SELECT "+c.typed("$1")+" > "+c.typed("$2"), upper, c.last.Cursor)
		if err != nil {
			return "", c.refuse("has a stored position that its type does not hold", "Run the stream once with a full refresh.")
		}
		if rows[0][0] != true {
			return c.last.Cursor, nil
		}
	}
	raw, err := json.Marshal(position{Cursor: upper, Type: c.column.Native})
	w.next = connectors.Position(raw)
	return upper, err
}

// between is the window from the position, minus the overlap, to the highest cursor.
func (c *cursor) between(w *window, upper string) error {
	operator := " <= "
	if c.selection.Overlap == connectors.OverlapNone {
		operator = " < "
	}
	condition := c.quoted + operator + c.typed(w.bind(upper)) + " AND " + c.finite()
	if c.last != nil {
		lower, err := c.lower(w)
		if err != nil {
			return err
		}
		condition = c.quoted + " >= " + lower + " AND " + condition
	}
	w.conditions = append(w.conditions, "("+condition+")")
	return nil
}

// lower is the position minus the overlap, or the end of the type where that lies beyond.
func (c *cursor) lower(w *window) (string, error) {
	last := c.typed(w.bind(c.last.Cursor))
	overlap, err := connectors.ParseOverlap(c.selection.Overlap)
	switch kind := c.kind(); {
	case err != nil:
		return "", c.refuse(fmt.Sprintf("has the overlap %q, which is not understood", c.selection.Overlap), "Set the overlap again: "+connectors.OverlapForms+".")
	case overlap.None || overlap.Zero():
		return last, nil
	case kind == "text":
		return "", c.refuse("cannot have an overlap, because it is text", "Remove the overlap.")
	case kind == "time" && overlap.Number != "":
		return "", c.refuse(fmt.Sprintf("has the overlap %q, which is not a duration", c.selection.Overlap), "Write it like 30s, 5m, 2h, 1d or 2w.")
	case kind == "time":
		off := "to_microseconds(" + strconv.FormatInt(overlap.Duration.Microseconds(), 10) + ")"
		if c.column.Type.ID() == arrow.DATE32 {
			off = strconv.FormatInt(overlap.Days(), 10)
		}
		return "COALESCE(TRY(" + last + " - " + off + "), " + c.typed("'-infinity'") + ")", nil
	case overlap.Number == "":
		return "", c.refuse(fmt.Sprintf("has the overlap %q, which is not a number", c.selection.Overlap), "Write it like 1000.")
	default:
		return c.lowerNumber(w, last, overlap.Number), nil
	}
}

// lowerNumber subtracts exactly, or is the lowest number of the widest type.
func (c *cursor) lowerNumber(w *window, last, off string) string {
	scale := 6
	if decimal, ok := c.column.Type.(*arrow.Decimal128Type); ok {
		scale = int(decimal.Scale)
	}
	widest := fmt.Sprintf("DECIMAL(38,%d)", scale)
	lowest := "'-" + strings.Repeat("9", 38-scale) + "." + strings.Repeat("9", scale) + "'"
	return fmt.Sprintf("COALESCE(TRY(CAST(%[1]s AS %[2]s) - CAST(%[3]s AS %[2]s)), CAST(%[4]s AS %[2]s))", last, widest, w.bind(off), lowest)
}

// leavesEndless says that endless rows are left out: a half-open read brings no row twice
// where rows without a cursor are not wanted.
func (c *cursor) leavesEndless() bool {
	return c.selection.Overlap == connectors.OverlapNone && c.selection.Nulls == connectors.NullsExclude
}

// includesNulls reads rows without a cursor on a first read, or always when asked to.
func (c *cursor) includesNulls() bool {
	return c.selection.Nulls == connectors.NullsInclude || c.selection.Nulls == "" && c.last == nil
}

// checkNulls refuses rows without a cursor when asked to.
func (c *cursor) checkNulls(ctx context.Context) error {
	if c.selection.Nulls != connectors.NullsFail {
		return nil
	}
	rows, err := c.conn.Values(ctx, "SELECT 1 FROM "+c.relation.from+" WHERE "+c.quoted+" IS NULL LIMIT 1")
	if err != nil {
		return mapError(err, "look for rows without a cursor in "+c.relation.dataset.String())
	}
	if len(rows) == 0 {
		return nil
	}
	return &connectors.Error{
		Kind: connectors.Data, Message: fmt.Sprintf("the cursor %q of %s is NULL in some rows", c.selection.Cursor, c.relation.dataset),
		Fix: "Fill the column, or choose to include or exclude these rows.",
	}
}
