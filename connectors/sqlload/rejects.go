package sqlload

import (
	"strings"

	"leat/connectors"
)

// rejectsEnding ends the name of the table that keeps rejected rows.
const rejectsEnding = "__rejects"

// RejectsTable names the table that keeps the rejected rows of a table in use.
func RejectsTable(d Dialect, table connectors.Table) connectors.Table {
	return connectors.Table{Schema: table.Schema, Name: ShortenWith(table.Name, rejectsEnding, d.MaxIdentifier())}
}

// SelectRejects selects the rejected rows of one run, for connectors.RejectKeeper. The
// run stands in the text, since a selection has no parameters.
func SelectRejects(d Dialect, table connectors.Table, run string) (connectors.Selection, error) {
	table, err := MapTable(d, table)
	if err != nil {
		return connectors.Selection{}, err
	}
	kept := RejectsTable(d, table)
	return connectors.Selection{Dataset: connectors.Dataset{
		Query: "SELECT rejected_at, column_name, reason, row_data FROM " + d.Quote(kept.Schema) + "." + d.Quote(kept.Name) +
			" WHERE run = '" + strings.ReplaceAll(run, "'", "''") + "'",
	}}, nil
}
