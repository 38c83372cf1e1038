package duckdb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"leat/connectors"
	"leat/internal/duck"
)

// candidate is what may be the key of a table.
type candidate struct {
	primary bool
	name    string
	columns []string
}

// tableKeys finds the key of each table that a condition selects, and its columns that are
// never NULL. The key is the primary key, else the smallest unique constraint or index over
// columns that are never NULL, then the first by name. The catalogue shows what an index is
// over as a text, in which only plain columns are recognised.
func tableKeys(ctx context.Context, conn *duck.Conn, condition string, args ...any) (keys, never map[connectors.Table][]string, err error) {
	found, never := map[connectors.Table][]candidate{}, map[connectors.Table][]string{}
	rows, err := conn.Values(ctx, `SELECT schema_name, table_name, constraint_type, constraint_index, unnest(constraint_column_names) FROM duckdb_constraints()
		WHERE database_name = current_database() AND constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'NOT NULL') AND `+condition, args...)
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		table, column := connectors.Table{Schema: row[0].(string), Name: row[1].(string)}, row[4].(string)
		if row[2] == "NOT NULL" {
			never[table] = append(never[table], column)
			continue
		}
		name := fmt.Sprintf("%v", row[3])
		at := slices.IndexFunc(found[table], func(c candidate) bool { return c.name == name })
		if at < 0 {
			at = len(found[table])
			found[table] = append(found[table], candidate{primary: row[2] == "PRIMARY KEY", name: name})
		}
		found[table][at].columns = append(found[table][at].columns, column)
	}
	rows, err = conn.Values(ctx, `SELECT schema_name, table_name, index_name, expressions FROM duckdb_indexes()
		WHERE database_name = current_database() AND is_unique AND NOT is_primary AND expressions IS NOT NULL AND `+condition, args...)
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		table := connectors.Table{Schema: row[0].(string), Name: row[1].(string)}
		found[table] = append(found[table], candidate{name: row[2].(string), columns: indexed(row[3].(string))})
	}
	keys = map[connectors.Table][]string{}
	for table, candidates := range found {
		keys[table] = chosen(candidates, never[table])
	}
	return keys, never, nil
}

// indexed reads the columns of "[a, 'b', '\"C d\"']".
func indexed(expressions string) []string {
	columns := strings.Split(strings.Trim(expressions, "[]"), ", ")
	for i, column := range columns {
		column = strings.Trim(column, "'")
		if quoted, ok := strings.CutPrefix(column, `"`); ok {
			column = strings.ReplaceAll(strings.TrimSuffix(quoted, `"`), `""`, `"`)
		}
		columns[i] = column
	}
	return columns
}

// chosen is the best of the candidates; nil where none holds for every row.
func chosen(candidates []candidate, never []string) []string {
	candidates = slices.DeleteFunc(candidates, func(c candidate) bool {
		return !c.primary && slices.ContainsFunc(c.columns, func(column string) bool { return !slices.Contains(never, column) })
	})
	if len(candidates) == 0 {
		return nil
	}
	return slices.MinFunc(candidates, func(a, b candidate) int {
		if a.primary != b.primary {
			return map[bool]int{true: -1, false: 1}[a.primary]
		}
		return cmp.Or(cmp.Compare(len(a.columns), len(b.columns)), cmp.Compare(a.name, b.name))
	}).columns
}
