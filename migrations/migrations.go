// Package migrations holds the SQL that makes and changes the tables of the
// platform's own store. The files are numbered, only go forward, and run unchanged
// on SQLite and PostgreSQL: ids are TEXT, times are BIGINT microseconds since 1970
// (0 means none), structures are JSON in TEXT. A file that has been released is
// never edited; a change is a new file.
package migrations

import "embed"

// Files holds the migrations by number.
//
//go:embed *.sql
var Files embed.FS
