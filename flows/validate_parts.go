package flows

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"leat/connectors"
)

// TablePlaceholder stands for the name of each table of a pattern.
const TablePlaceholder = "{table}"

// check adds what is wrong with a dataset.
func (d SourceDataset) check(problems connectors.Problems, at string, can connectors.Capabilities) {
	if d.Name == "" {
		problems.Add(at+"name", "is missing: give a name")
	}
	d.checkForm(problems, at, can)
	checkColumns(problems, at+"columns", d.Columns)
	checkColumns(problems, at+"key", d.Key)
	for _, column := range d.Key {
		if len(d.Columns) > 0 && !slices.Contains(d.Columns, column) {
			problems.Add(at+"key", fmt.Sprintf("names the column %q, which is not read: add it to the columns", column))
		}
	}
	d.checkCursor(problems, at, can)
	connectors.FieldProblems(problems, at+"options.", can.DatasetOptions, d.Dataset.Options)
}

// checkForm wants exactly one of a table, a query and a pattern.
func (d SourceDataset) checkForm(problems connectors.Problems, at string, can connectors.Capabilities) {
	forms := 0
	for _, given := range []bool{d.Dataset.Name != "", d.Dataset.Query != "", d.Pattern != ""} {
		if given {
			forms++
		}
	}
	switch {
	case forms != 1:
		problems.Add(at+"dataset", "must be exactly one of a table, a query and a pattern: choose one")
	case d.Dataset.Query != "" && !can.Queries:
		problems.Add(at+"query", "is not something this system runs: choose a dataset instead")
	case d.Dataset.Query != "" && strings.ContainsRune(d.Dataset.Query, 0):
		problems.Add(at+"query", "holds a NUL character: take it out")
	case d.Pattern == "" && len(d.Exclude) > 0:
		problems.Add(at+"exclude", "takes tables out of a pattern, and there is none: leave it out")
	}
}

func (d SourceDataset) checkCursor(problems connectors.Problems, at string, can connectors.Capabilities) {
	policies := []connectors.NullPolicy{"", connectors.NullsInclude, connectors.NullsExclude, connectors.NullsFail}
	switch {
	case d.Cursor == "":
		if d.Overlap != "" || d.Nulls != "" {
			problems.Add(at+"cursor", "is missing, and overlap and nulls have no meaning without it: choose a cursor or leave them out")
		}
	case !can.Cursors:
		problems.Add(at+"cursor", "is not possible, since this system is always read whole: leave it out")
	case len(d.Columns) > 0 && d.Cursor != connectors.CursorXmin && !slices.Contains(d.Columns, d.Cursor):
		problems.Add(at+"cursor", fmt.Sprintf("is the column %q, which is not read: add it to the columns", d.Cursor))
	}
	if _, err := connectors.ParseOverlap(d.Overlap); err != nil {
		problems.Add(at+"overlap", "is not understood: "+connectors.OverlapForms)
	}
	if d.Cursor == connectors.CursorXmin && d.Overlap != "" {
		problems.Add(at+"overlap", "has no meaning with the cursor xmin, which reads again what was open at the last read: leave it out")
	}
	if !slices.Contains(policies, d.Nulls) {
		problems.Add(at+"nulls", "is not known: use include, exclude or fail")
	}
}

// check adds what is wrong with a stream.
func (s Stream) check(problems connectors.Problems, at string, can connectors.Capabilities) {
	s.checkInputs(problems, at)
	s.checkTable(problems, at, can)
	s.checkMode(problems, at, can)
	checkColumns(problems, at+"unique_columns", s.Unique)
	for _, hint := range s.UniqueHints {
		checkColumns(problems, at+"unique", hint)
	}
	if s.StateKey == "" {
		problems.Add(at+"state_key", "is missing: write flow/table")
	}
	if s.Rejects != nil && *s.Rejects < -1 {
		problems.Add(at+"rejects", "is out of range: use 0 or more, or -1 for no limit")
	}
	if s.MinRowsRatio != -1 && !(s.MinRowsRatio >= 0 && s.MinRowsRatio <= 1) {
		problems.Add(at+"min_rows_ratio", "is out of range: use 0 to 1, or -1 to allow any number of rows")
	}
	checkCount(problems, at+"parts", s.Parts, MaxParallelism)
	s.checkWriters(problems, at, can)
}

func (s Stream) checkWriters(problems connectors.Problems, at string, can connectors.Capabilities) {
	if s.Writers > 1 && can.Writers < 2 {
		problems.Add(at+"writers", "asks for several sessions, but the destination writes a table in one: leave it out")
		return
	}
	checkCount(problems, at+"writers", s.Writers, max(can.Writers, 1))
}

// checkInputs wants one input, or several with a name each.
func (s Stream) checkInputs(problems connectors.Problems, at string) {
	if len(s.From) == 0 {
		problems.Add(at+"from", "is missing: choose a dataset of a source")
	}
	names := map[string]bool{}
	for _, input := range s.From {
		if input.SourceID == "" || input.Dataset == "" {
			problems.Add(at+"from", "names no source or no dataset: choose both")
		}
		if len(s.From) > 1 && (input.As == "" || names[input.As]) {
			problems.Add(at+"from", "has several inputs: give each its own name with as")
		}
		names[input.As] = true
	}
}

func (s Stream) checkTable(problems connectors.Problems, at string, can connectors.Capabilities) {
	table, err := ParseTable(strings.ReplaceAll(s.Table, TablePlaceholder, "table"), "")
	if err != nil {
		problems.Add(at+"table", err.Error())
		return
	}
	// A long table name is shortened by the load; a schema exists or does not.
	if problem := schemaProblem(table.Schema, can); problem != "" {
		problems.Add(at+"table", problem)
	}
}

// schemaProblem refuses names that no schema of the system can have.
func schemaProblem(name string, can connectors.Capabilities) string {
	switch {
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "holds characters that cannot be seen: take them out"
	case can.MaxIdentifier > 0 && len(name) > can.MaxIdentifier:
		return fmt.Sprintf("has a schema name of %d bytes: use at most %d", len(name), can.MaxIdentifier)
	default:
		return ""
	}
}

func (s Stream) checkMode(problems connectors.Problems, at string, can connectors.Capabilities) {
	switch {
	case !slices.Contains(connectors.WriteModes(), s.WriteMode):
		problems.Add(at+"write_mode", "is not known: use "+modeNames(can.WriteModes))
	case !can.Offers(s.WriteMode):
		problems.Add(at+"write_mode", fmt.Sprintf("%s is not offered by the destination: use %s", s.WriteMode, modeNames(can.WriteModes)))
	}
	if !slices.Contains([]connectors.Drift{"", connectors.DriftReport, connectors.DriftAdd, connectors.DriftWiden, connectors.DriftRefuse}, s.Drift) {
		problems.Add(at+"drift", "is not known: use report, add, widen or refuse")
	}
	known := append([]connectors.Replace{"", connectors.ReplaceAuto}, connectors.Recipes()...)
	if !slices.Contains(known, s.Replace) {
		problems.Add(at+"replace", "is not known: use auto, merge, delete_insert or swap")
	} else if !can.OffersRecipe(s.Replace) {
		problems.Add(at+"replace", fmt.Sprintf("%s is not offered by the destination: use auto", s.Replace))
	} else if s.Replace != "" && s.WriteMode != connectors.TruncateInsert {
		problems.Add(at+"replace", "has a meaning for truncate_insert only: leave it out")
	}
	s.checkLayout(problems, at, can)
	s.checkPolicies(problems, at)
}

// checkPolicies wants known words.
func (s Stream) checkPolicies(problems connectors.Problems, at string) {
	oneOf(problems, at+"takeover", s.Takeover, connectors.TakeoverNo, connectors.TakeoverYes, connectors.TakeoverAsk)
	oneOf(problems, at+"narrowing", s.Narrowing, connectors.NarrowingCheck, connectors.NarrowingRefuse)
	oneOf(problems, at+"triggers", s.Triggers, connectors.TriggersReport, connectors.TriggersRefuse)
	oneOf(problems, at+"duplicates", s.Duplicates, connectors.DuplicatesWarn, connectors.DuplicatesNewest, connectors.DuplicatesRefuse)
	oneOf(problems, at+"keyless", s.Keyless, KeylessRefuse, KeylessSkip, KeylessReplace)
	if s.Duplicates != "" && (!s.WriteMode.NeedsKey() || s.WriteMode == connectors.DeleteInsert) {
		problems.Add(at+"duplicates", "has a meaning only where one row of a key is stored: leave it out")
	}
	checkColumns(problems, at+"compare_without", s.CompareWithout)
	checkColumns(problems, at+"takeover", s.TakeoverTables)
}

// oneOf refuses a word that is neither empty nor one of the known ones.
func oneOf[T ~string](problems connectors.Problems, field string, word T, known ...T) {
	if word == "" || slices.Contains(known, word) {
		return
	}
	words := make([]string, 0, len(known))
	for _, one := range known {
		if one != "" {
			words = append(words, string(one))
		}
	}
	problems.Add(field, "is not known: use "+strings.Join(words, ", "))
}

func (s Stream) checkLayout(problems connectors.Problems, at string, can connectors.Capabilities) {
	switch {
	case s.Layout == "" || s.Layout == connectors.LayoutColumns:
	case s.Layout != connectors.LayoutRaw:
		problems.Add(at+"layout", "is not known: use columns or raw")
	case !can.RawLayout:
		problems.Add(at+"layout", "raw is not offered by the destination: use columns")
	case s.WriteMode != connectors.Insert && s.WriteMode != connectors.TruncateInsert:
		problems.Add(at+"layout", "raw works with insert and truncate_insert: choose one of them")
	}
}

func modeNames(modes []connectors.WriteMode) string {
	names := make([]string, len(modes))
	for i, mode := range modes {
		names[i] = string(mode)
	}
	return strings.Join(names, ", ")
}
