package duck

import (
	"context"
	"fmt"
	"math"
	"strings"
)

const (
	// blockBytes is the size of a block in files that name no other.
	blockBytes = 256 << 10
	// blocksPerColumn is what DuckDB sets aside for each column of a table while rows are
	// added to it, however few: one for values and one for NULLs. Most of it is never touched.
	blocksPerColumn = 2
	// replayColumns is how wide a table may be whose rows are in the log when a file is opened.
	replayColumns = 1600
	// replayBytes is how much more memory may be used to open a file whose log does not fit
	// the limit.
	replayBytes = replayColumns * blocksPerColumn * blockBytes
)

// open opens the database. DuckDB repeats the log of a file while it opens it, when nobody
// can know how wide the tables are; the limit is set right afterwards.
func (db *DB) open(path string, o Options) error {
	err := db.openWith(path, o)
	if noMemory(err) {
		if limit, ok := parseSize(o.MemoryLimit); ok {
			o.MemoryLimit = kibibytes(limit + replayBytes)
			return db.openWith(path, o)
		}
	}
	return err
}

// reserve sets the memory limit to what was asked for and what DuckDB sets aside for the
// columns of the widest table.
func (c *Conn) reserve(o Options) error {
	limit, ok := parseSize(o.MemoryLimit)
	if !ok {
		return nil // DuckDB understood it: leave it as it is
	}
	rows, err := c.Values(context.Background(), `SELECT coalesce(max(column_count), 0), (SELECT max(block_size) FROM pragma_database_size())
		FROM duckdb_tables() WHERE NOT temporary`)
	if err != nil {
		return err
	}
	columns, _ := rows[0][0].(int64)
	block, _ := rows[0][1].(int64)
	err = c.run("SET GLOBAL memory_limit = '" + kibibytes(limit+columns*blocksPerColumn*block) + "'")
	if noMemory(err) { // what the log brought is still held
		return nil
	}
	return err
}

func kibibytes(size int64) string { return fmt.Sprintf("%dKiB", size>>10) }

// units are those of DuckDB's sizes.
var units = map[string]float64{
	"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40,
}

// parseSize returns the bytes of a size such as "512MB" or "1.5 GiB".
func parseSize(text string) (int64, bool) {
	var number float64
	var unit string
	if n, _ := fmt.Sscanf(text, "%g%s", &number, &unit); n != 2 {
		return 0, false
	}
	size := number * units[strings.ToUpper(unit)]
	return int64(size), size > 0 && size < math.MaxInt64/4
}
