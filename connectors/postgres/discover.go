package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/pgwire"
)

// readable selects the relations of pg_class c in pg_namespace n that this user may
// read: no system schemas, no partitions of a table that is listed itself, and none of
// the tables that loads keep for themselves.
const readable = `c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relname !~ '^_leat_'
  AND has_schema_privilege(n.oid, 'USAGE')
  AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))`

// estimatedRows is the estimate for a relation of pg_class c, -1 when there is none.
// Before version 14 a table that was never analysed counts 0 rows.
const estimatedRows = `CASE WHEN c.reltuples < 0 OR c.relpages = 0 AND (c.relkind <> 'p' OR c.reltuples = 0) THEN -1 ELSE c.reltuples::bigint END`

// Sizes come from the statistics: asking the file system takes a call per table.
const datasetsSQL = `
SELECT n.nspname, c.relname, c.relkind::text,
       ` + estimatedRows + `,
       CASE WHEN c.relpages = 0 THEN -1 ELSE c.relpages::bigint * current_setting('block_size')::bigint END,
       CASE WHEN NOT c.relispopulated THEN 'the materialized view has never been filled; REFRESH MATERIALIZED VIEW fills it'
            WHEN NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) THEN 'it has no columns' ELSE '' END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE ` + readable + `
ORDER BY n.nspname, c.relname`

// kinds are the words for relkind.
var kinds = map[string]string{
	"r": "table", "v": "view", "m": "materialized view", "f": "foreign table", "p": "partitioned table",
}

// Datasets lists the tables and views that this user may read.
func (c *connection) Datasets(ctx context.Context) ([]connectors.DatasetInfo, error) {
	if err := requireReadable(pgwire.ServerVersion(c.session.PgConn())); err != nil {
		return nil, err
	}
	rows, err := c.session.Query(ctx, datasetsSQL)
	if err != nil {
		return nil, c.mapError(ctx, err, "list the tables")
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (connectors.DatasetInfo, error) {
		var info connectors.DatasetInfo
		var kind string
		err := row.Scan(&info.Schema, &info.Name, &kind, &info.EstimatedRows, &info.Bytes, &info.Unreadable)
		info.Kind = kinds[kind]
		return info, err
	})
	if err == nil {
		found, err = c.withChildren(ctx, found)
	}
	if err == nil {
		err = c.addKeys(ctx, found)
	}
	return found, c.mapError(ctx, err, "list the tables")
}
