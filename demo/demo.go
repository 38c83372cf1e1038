// Package demo holds the sample data of `leat demo`: daily weather in Seattle
// and New York, a public-domain data set with text, dates and decimals, small
// enough to travel inside the binary. LICENSE.md says where it comes from.
package demo

import (
	"embed"
	"fmt"
)

// Name of the data set's file, and what its rows look like.
const (
	// FileName is the file in [Files].
	FileName = "weather.csv"
	// Rows is the number of rows below the header.
	Rows = 2922
	// Table is the bare table name that the demo's flow loads into.
	Table = "weather"
	// Cursor is the column that grows from day to day.
	Cursor = "date"
)

// Files holds the CSV file and the note on its licence.
//
//go:embed weather.csv LICENSE.md
var Files embed.FS

// Key returns the columns that together name a row.
func Key() []string { return []string{"location", "date"} }

// CSV returns the data: UTF-8, a header line, comma separated, lines that end
// in a line feed. The caller owns the slice.
func CSV() []byte {
	content, err := Files.ReadFile(FileName)
	if err != nil {
		panic(fmt.Sprintf("read the embedded %s: %v", FileName, err)) // the compiler put it there
	}
	return content
}
