package postgres

import (
	"context"
	"fmt"
	"slices"

	"leat/connectors"
	"leat/connectors/pgwire"
)

// readPublished finds out what the server will refuse because the table is published and
// has no replica identity. Partitions have identities of their own, so that of a
// partitioned table says nothing.
func (t *existing) readPublished(ctx context.Context, s *session, version int) error {
	if version < pgwire.SincePublications || t.kind != "r" {
		return nil
	}
	// The view of published tables is dear to plan, and most databases publish nothing.
	publishes, err := s.Query(ctx, "SELECT EXISTS (SELECT 1 FROM pg_publication)")
	if err != nil || !publishes[0][0].Bool() {
		return err
	}
	rows, err := s.Query(ctx, `SELECT coalesce(bool_or(p.pubupdate), false), coalesce(bool_or(p.pubdelete), false)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_publication_tables t ON t.schemaname = n.nspname AND t.tablename = c.relname JOIN pg_publication p ON p.pubname = t.pubname
		WHERE c.oid = $1 AND c.relreplident <> 'f' AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid
			AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident))`, t.oid)
	if err != nil {
		return err
	}
	for i, what := range []string{"UPDATE", "DELETE"} {
		if rows[0][i].Bool() {
			t.published = append(t.published, what)
		}
	}
	return nil
}

// changes are what a mode does to rows that stand in the table, whatever comes.
func (t *existing) changes(mode connectors.WriteMode) string {
	switch {
	case mode == connectors.Update, mode == connectors.History:
		return "UPDATE"
	case mode == connectors.Delete, mode == connectors.DeleteInsert, mode == connectors.TruncateInsert && t.Filled:
		return "DELETE"
	default: // upsert may bring new rows only
		return ""
	}
}

// requireIdentity refuses modes whose changes the server cannot publish.
func (t *existing) requireIdentity(mode connectors.WriteMode) error {
	change := t.changes(mode)
	if !slices.Contains(t.published, change) {
		return nil
	}
	return &connectors.Error{
		Kind:    connectors.Config,
		Message: fmt.Sprintf("%s is published for logical replication and has no replica identity, so the server refuses the %s of %s", t.name, change, mode),
		Fix:     pgwire.IdentityFix(t.name),
	}
}
