package sqlload

import (
	"context"
	"strings"

	"leat/connectors"
)

// Position reads where the stream stands in a table that exists; "" asks for a whole read,
// as after a changed selection and for a full refresh. A load that would append such a read
// again goes on from where it was when only the columns changed, and is refused when it
// reads something else.
func (s Store) Position(ctx context.Context, db Session, stream Stream) (connectors.Position, error) {
	rows, err := db.Query(ctx, "SELECT position, fingerprint FROM "+s.state()+mine, stream.Installation, stream.Target.StateKey)
	if err != nil || len(rows) == 0 || stream.Target.FullRefresh {
		return "", err
	}
	position, before := connectors.Position(rows[0][0].Text), rows[0][1].Text
	switch now := stream.Target.Fingerprint; {
	case sameSelection(before, now):
		return position, nil
	case position == "" || !appendsAgain(stream.Target):
		return "", nil
	case originOf(before) == originOf(now):
		return position, nil
	default:
		return "", refuse("the stream into %s reads another dataset or by another cursor than before, and a whole read would append rows that may be there already",
			"Load into another table; or say where to go on with leat state set, or with leat state reset to append everything.", stream.Table)
	}
}

// appendsAgain says that a whole read after others would append rows that are there.
func appendsAgain(target connectors.Target) bool {
	return target.Mode == connectors.Insert && target.Cursor != "" &&
		(target.Overlap == connectors.OverlapNone || target.Layout == connectors.LayoutRaw)
}

// sameSelection compares fingerprints. Those of earlier versions have one part only.
func sameSelection(before, now string) bool {
	first, _, _ := strings.Cut(now, ".")
	return before == now || before == first
}

// originOf is the part that identifies dataset and cursor; "" when there is none.
func originOf(fingerprint string) string {
	_, origin, _ := strings.Cut(fingerprint, ".")
	return origin
}
