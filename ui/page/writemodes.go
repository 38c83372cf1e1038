package page

import (
	"slices"

	"leat/ui/component"
)

// A ModeTable tells which of the user's columns the pictures of the write modes are
// drawn with. Value is any column that is not the key; empty names get plain words.
type ModeTable struct {
	Key      string
	Value    string
	Selected string
	// Only lists the modes the destination can do; empty means all.
	Only []string
	// Refused gives, per mode, the sentence why it cannot be chosen here.
	Refused map[string]string
	// Losses gives, per mode, a sentence with numbers about what is replaced or lost.
	Losses map[string]string
}

// picture is one write mode as it is explained: the same before-table and the same
// batch (key 2 with a new value, key 3) for all of them.
type picture struct {
	mode, title, line string
	aliases           []string
	facts             []string
	before, after     []component.MiniRow
}

func row(mark string, cells ...string) component.MiniRow {
	return component.MiniRow{Mark: mark, Cells: cells}
}

var (
	keep1, old2 = row("", "1", "10"), row("", "2", "20")
	new2, new3  = row("new", "2", "25"), row("new", "3", "30")
	twoRows     = []component.MiniRow{keep1, old2}
	needsKey    = "Needs unique columns."
	keepsGone   = "Rows deleted at the source stay."
)

var pictures = []picture{
	{
		"upsert", "Upsert", "New keys are added, known keys are updated.",
		[]string{"merge"},
		[]string{needsKey, keepsGone},
		twoRows,
		[]component.MiniRow{keep1, row("changed", "2", "25"), new3},
	},
	{
		"insert", "Insert", "Every row read is added at the end.",
		[]string{"append"},
		[]string{"Doubles rows when they are read twice.", keepsGone},
		twoRows,
		[]component.MiniRow{keep1, old2, new2, new3},
	},
	{
		"insert_ignore", "Insert, ignore known", "New keys are added, known keys are left as they are.", nil,
		[]string{needsKey, keepsGone},
		twoRows,
		[]component.MiniRow{keep1, old2, new3},
	},
	{
		"truncate_insert", "Replace", "The table holds exactly what this read brought, in one step.",
		[]string{"overwrite"},
		[]string{"If the run fails, the old rows stay."},
		twoRows,
		[]component.MiniRow{row("removed", "1", "10"), row("changed", "2", "25"), new3},
	},
	{
		"update", "Update only", "Known keys are updated, new keys are skipped and counted.", nil,
		[]string{needsKey, keepsGone},
		twoRows,
		[]component.MiniRow{keep1, row("changed", "2", "25")},
	},
	{
		"delete", "Delete", "Rows whose key was read are removed.", nil,
		[]string{needsKey},
		twoRows,
		[]component.MiniRow{keep1, row("removed", "2", "20")},
	},
	{
		"delete_insert", "Delete, then insert", "Rows with the read keys are removed, then the read rows are added.", nil,
		[]string{"Needs merge columns; they may repeat."},
		twoRows,
		[]component.MiniRow{keep1, row("removed", "2", "20"), new2, new3},
	},
	{
		"history", "History", "One row per version, with the time it was valid.",
		[]string{"scd2"},
		[]string{needsKey, "A whole read closes the versions of keys that are gone."},
		[]component.MiniRow{row("", "1", "10", "now"), row("", "2", "20", "now")},
		[]component.MiniRow{row("", "1", "10", "now"), row("changed", "2", "20", "past"), row("new", "2", "25", "now"), row("new", "3", "30", "now")},
	},
}

// WriteModes makes the cards for choosing a write mode.
func WriteModes(t ModeTable) []component.Choice {
	key, value := orWord(t.Key, "key"), orWord(t.Value, "value")
	var out []component.Choice
	for _, p := range pictures {
		if len(t.Only) > 0 && !slices.Contains(t.Only, p.mode) {
			continue
		}
		columns := []string{key, value}
		if p.mode == "history" {
			columns = append(columns, "valid")
		}
		out = append(out, component.Choice{
			Value: p.mode, Title: p.title, Line: p.line, Aliases: append([]string{p.mode}, p.aliases...), Facts: p.facts,
			Danger: t.Losses[p.mode], Reason: t.Refused[p.mode], Selected: p.mode == t.Selected,
			Before: &component.MiniTable{Columns: columns, Rows: p.before},
			After:  &component.MiniTable{Columns: columns, Rows: p.after},
		})
	}
	return out
}

func orWord(name, word string) string {
	if name == "" {
		return word
	}
	return name
}
