package web

import (
	"slices"
	"strings"

	"leat/connectors"
	"leat/flows"
	"leat/record"
	"leat/ui/component"
	"leat/ui/page"
)

func cursorHint(candidates []string) string {
	if len(candidates) == 0 {
		return "No column looks like one that grows with every change."
	}
	return "A column that grows with every change. Suggested: " + strings.Join(candidates[:min(len(candidates), shownNames)], ", ") + "."
}

func columnTypes(schema record.Schema) map[string]string {
	out := map[string]string{}
	for _, column := range schema.Columns {
		out[column.Name] = record.TypeName(column.Type)
	}
	return out
}

// describedColumns are the columns as the system has them. Types can be changed where
// they were only inferred.
func describedColumns(d chosenDataset, inferred bool) []page.SourceColumn {
	key := d.Key
	if len(key) == 0 {
		key = d.description.Schema.Key
	}
	var out []page.SourceColumn
	for _, column := range d.description.Schema.Columns {
		shown := page.SourceColumn{
			Name: column.Name, Type: column.Native, Selected: len(d.Columns) == 0 && !d.noColumns || slices.Contains(d.Columns, column.Name),
			Key: slices.Contains(key, column.Name), CursorCandidate: slices.Contains(d.description.Cursors, column.Name),
		}
		if shown.Type == "" || inferred {
			shown.Type = record.TypeName(column.Type)
		}
		if inferred {
			shown.TypeWays = typeWays(shown.Type)
		}
		out = append(out, shown)
	}
	return out
}

// typeWays are the types that an inferred one can be changed to.
func typeWays(current string) []component.Option {
	all := []string{"text", "bool", "int16", "int32", "int64", "float32", "float64", "decimal(18,2)", "decimal(38,9)", "date", "time", "timestamp", "timestamptz", "uuid", "json"}
	if !slices.Contains(all, current) {
		all = append(all, current)
	}
	var out []component.Option
	for _, name := range all {
		out = append(out, component.Option{Value: name, Label: name, Selected: name == current})
	}
	return out
}

// rememberedColumns are the columns that a saved dataset names, for when the system
// does not answer.
func rememberedColumns(d flows.SourceDataset) []page.SourceColumn {
	all := slices.Clone(d.Columns)
	for _, name := range append(slices.Clone(d.Key), d.Cursor) {
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	var out []page.SourceColumn
	for _, name := range all {
		out = append(out, page.SourceColumn{Name: name, Selected: true, Key: slices.Contains(d.Key, name)})
	}
	return out
}

// optionFields are the options of one dataset, such as a delimiter; what was found out
// is shown where nothing was typed.
func optionFields(fields []connectors.Field, d chosenDataset, i int) []component.Field {
	var out []component.Field
	for _, field := range fields {
		value := d.Dataset.Options[field.Name]
		if value == "" && d.description != nil {
			value = d.description.Options[field.Name]
		}
		if value == "" {
			value = field.Default
		}
		drawn := drawField(field, dsName(i, "option."+field.Name), value)
		if drawn.Width == "" && drawn.Type != "checkbox" {
			drawn.Width = "half"
		}
		out = append(out, drawn)
	}
	return out
}

func nullsWays() []component.Option {
	return []component.Option{
		{Value: "", Label: "Read on the first run, left out later"},
		{Value: string(connectors.NullsInclude), Label: "Always read"},
		{Value: string(connectors.NullsExclude), Label: "Always left out"},
		{Value: string(connectors.NullsFail), Label: "Fail the run"},
	}
}

// dataTable draws previewed rows. Numbers stand at the right.
func dataTable(caption string, p flows.Preview, key []string, cursor string) component.DataTable {
	table := component.DataTable{Caption: caption}
	for _, column := range p.Columns {
		shown := column.Native
		if shown == "" {
			shown = column.Type
		}
		table.Columns = append(table.Columns, component.DataColumn{
			Name: column.Name, Type: shown, Key: column.Key || slices.Contains(key, column.Name),
			Cursor: cursor != "" && column.Name == cursor, Numeric: isNumeric(column.Type),
		})
	}
	for _, row := range p.Rows {
		cells := make([]component.Cell, len(row))
		for i, value := range row {
			if value == nil {
				cells[i].Null = true
			} else {
				cells[i].Text = *value
			}
		}
		table.Rows = append(table.Rows, cells)
	}
	return table
}

func isNumeric(logical string) bool {
	return strings.HasPrefix(logical, "int") || strings.HasPrefix(logical, "float") || strings.HasPrefix(logical, "decimal")
}
