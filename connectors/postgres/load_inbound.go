package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"leat/connectors"
)

// readInbound names the foreign keys of other tables that refer to this one, and those
// among them that pass a deletion on.
func (t *existing) readInbound(ctx context.Context, s *session, _ int) error {
	rows, err := s.Query(ctx, `SELECT CAST(CAST(conrelid AS regclass) AS text), conname, confdeltype IN ('c', 'n', 'd'), CAST(conrelid AS oid),
		current_setting('track_counts') = 'on' FROM pg_constraint WHERE confrelid = $1 AND contype = 'f' AND conrelid <> confrelid ORDER BY 1, 2`, t.oid)
	var counts []string
	for _, row := range rows {
		name := fmt.Sprintf("foreign key %q of %s", row[1].Text, row[0].Text)
		t.Inbound = append(t.Inbound, name)
		if !row[2].Bool() {
			continue
		}
		t.Cascades = append(t.Cascades, name)
		count := "pg_stat_get_xact_tuples_deleted(" + row[3].Text + ") + pg_stat_get_xact_tuples_updated(" + row[3].Text + ")"
		if !slices.Contains(counts, count) { // one table may refer twice
			counts = append(counts, count)
		}
		t.uncounted = t.uncounted || !row[4].Bool()
	}
	// The server counts for its statistics what a transaction does to a table, also where
	// this user may not read that table.
	t.Elsewhere = "SELECT " + strings.Join(counts, " + ")
	return err
}

// requireCounted refuses modes that delete rows where nobody would know what went with
// them.
func (t *existing) requireCounted(mode connectors.WriteMode) error {
	if !t.uncounted || !slices.Contains(rights(mode), "DELETE") {
		return nil
	}
	return &connectors.Error{
		Kind: connectors.Config, Message: fmt.Sprintf("%s into %s may delete rows of other tables unseen, since the server does not count them: %s", mode, t.name, strings.Join(t.Cascades, ", ")),
		Fix: "Switch track_counts on at the server, or use upsert, which removes nothing.",
	}
}
