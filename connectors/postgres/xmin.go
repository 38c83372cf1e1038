package postgres

import (
	"context"
	"fmt"

	"leat/connectors"
	"leat/connectors/pgwire"
)

// halfCircle is how far transaction numbers can be told before from after: they wrap
// around at twice that.
const halfCircle = 1 << 31

// xminWindow reads the rows whose version was written by a transaction that had not
// ended when the last read took its snapshot. The position is the 64-bit number below
// which every transaction had ended. Rows carry 32 bits of theirs, so a position that is
// half a circle old tells nothing, and the whole table is read. A frozen row that is
// older than that may be read again; none is missed.
func (p planner) xminWindow(ctx context.Context, r relation, last position) (window, error) {
	if r.kind != "r" && r.kind != "m" {
		return window{}, &connectors.Error{
			Kind: connectors.Config, Message: fmt.Sprintf("%s has no row versions: only plain tables can be read by xmin", r.dataset),
			Fix: "Choose a column as cursor.",
		}
	}
	if last.Cursor != nil {
		return window{}, &connectors.Error{
			Kind: connectors.Config, Message: fmt.Sprintf("the stored position of %s belongs to another cursor", r.dataset),
			Fix: "Run the stream once with a full refresh.",
		}
	}
	var ended, next uint64
	err := p.conn.QueryRow(ctx, "SELECT pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot()), pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())").Scan(&ended, &next)
	if err != nil {
		return window{}, pgwire.MapError(ctx, err, r.attempt(p.user))
	}
	w := window{next: position{Xmin: &ended}.text()}
	if last.Xmin != nil && next-*last.Xmin < halfCircle && next >= *last.Xmin {
		low := w.bind(fmt.Sprint(*last.Xmin%(2*halfCircle)), 20)
		w.condition = fmt.Sprintf("(xmin::pg_catalog.text::bigint OPERATOR(pg_catalog.-) %s OPERATOR(pg_catalog.+) 4294967296) OPERATOR(pg_catalog.%%) 4294967296 OPERATOR(pg_catalog.<) 2147483648", low)
	}
	return w, nil
}
