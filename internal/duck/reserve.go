package duck

import (
	"context"
	"fmt"
)

// reserve raises the memory limit by what DuckDB sets aside for the columns of the widest
// table while rows are added to it: a block for the values of each column and one for its
// NULLs, however few the rows. Most of that is never touched.
func (c *Conn) reserve() error {
	rows, err := c.Values(context.Background(), `SELECT coalesce(max(column_count), 0), (SELECT max(block_size) FROM pragma_database_size())
		FROM duckdb_tables() WHERE NOT temporary`)
	if err != nil {
		return err
	}
	columns, _ := rows[0][0].(int64)
	block, _ := rows[0][1].(int64)
	if columns == 0 {
		return nil
	}
	limit, err := c.setting("memory_limit")
	if err != nil {
		return err
	}
	var number float64
	var unit string
	if _, err := fmt.Sscanf(limit, "%g %s", &number, &unit); err != nil {
		return fmt.Errorf("understand the memory limit %q: %w", limit, err)
	}
	scale := map[string]float64{"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}[unit]
	return c.run(fmt.Sprintf("SET GLOBAL memory_limit = '%dKiB'", int64(number*scale)>>10+2*columns*block>>10))
}
