package postgres

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// withColumn names the column of a value that a binary COPY refused. The server says it
// at the end of the error's context only, in its own language: "COPY t, line 3, column v".
func withColumn(err error, columns []string) error {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || refused.ColumnName != "" {
		return err
	}
	context, _, _ := strings.Cut(refused.Where, "\n")
	found := ""
	for _, column := range columns {
		isNumber := strings.Trim(column, "0123456789") == "" // it could be the line's
		if !isNumber && strings.HasSuffix(context, " "+column) && len(column) > len(found) {
			found = column
		}
	}
	if found == "" {
		return err
	}
	named := *refused
	named.ColumnName = found
	return &named
}
