package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/pgwire"
)

// keysSQL selects the key of each table: the primary key, else the smallest unique index
// over columns that are never NULL, then the first by name. An index counts when it is
// valid, holds every row (no condition) and columns only, and is enforced at once; a
// primary key may be deferrable. This user must be able to read its columns. Since version
// 18 a column may be called NOT NULL before its rows were looked at.
const keysSQL = `
SELECT DISTINCT ON (i.indrelid) n.nspname::text, c.relname::text, k.names
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class x ON x.oid = i.indexrelid
CROSS JOIN LATERAL (SELECT array_agg(a.attname::text ORDER BY u.place) AS names, count(*) AS size, bool_and(a.attnotnull AND has_column_privilege(i.indrelid, a.attnum, 'SELECT')
		AND NOT EXISTS (SELECT 1 FROM pg_constraint o WHERE o.conrelid = i.indrelid AND o.contype = 'n' AND NOT o.convalidated AND a.attnum = ANY (o.conkey))) AS fits
	FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u(attnum, place) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum WHERE u.place <= %s) AS k
WHERE i.indisunique AND i.indisvalid AND (i.indisprimary OR i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL) AND k.fits AND %s
ORDER BY i.indrelid, i.indisprimary DESC, k.size, x.relname`

// keys finds the keys of the tables c in the schemas n that a condition selects.
func (c *connection) keys(ctx context.Context, condition string, args ...any) (map[connectors.Table][]string, error) {
	columns := "i.indnkeyatts"
	if pgwire.ServerVersion(c.session.PgConn()) < pgwire.SinceIncluded {
		columns = "i.indnatts"
	}
	rows, err := c.session.Query(ctx, fmt.Sprintf(keysSQL, columns, condition), args...)
	if err != nil {
		return nil, err
	}
	found := map[connectors.Table][]string{}
	var table connectors.Table
	var names []string
	_, err = pgx.ForEachRow(rows, []any{&table.Schema, &table.Name, &names}, func() error {
		found[table], names = names, nil
		return nil
	})
	return found, err
}

// key is the key of one table; nil where it has none.
func (c *connection) key(ctx context.Context, r relation) ([]string, error) {
	found, err := c.keys(ctx, "i.indrelid = $1", r.oid)
	return found[connectors.Table{Schema: r.dataset.Schema, Name: r.dataset.Name}], pgwire.MapError(ctx, err, r.attempt(c.config.User))
}

// addKeys adds its key to each table of a listing.
func (c *connection) addKeys(ctx context.Context, listed []connectors.DatasetInfo) error {
	found, err := c.keys(ctx, "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'")
	for i := range listed {
		listed[i].Key = found[connectors.Table{Schema: listed[i].Schema, Name: listed[i].Name}]
	}
	return err
}
