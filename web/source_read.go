package web

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"leat/connectors"
	"leat/flows"
)

// A chosenDataset is one dataset of the form: what is saved, and what the form needs to
// know of it to read the posted fields right.
type chosenDataset struct {
	flows.SourceDataset
	seen seenDataset
	// isQuery says that the form has a box for the query.
	isQuery bool
	// noColumns says that every tick of the shown columns was taken away.
	noColumns bool
	// description is set when the system was asked in this request.
	description *connectors.Description
	problem     error
}

// seenDataset travels in a hidden field: what the form showed. So saving need not ask
// the system again what "all columns" and "the primary key" were.
type seenDataset struct {
	Authorizer string             `json:"authorizer"`
	Dataset    connectors.Dataset `json:"dataset"`
	// Columns and Primary are empty when the system was not asked.
	Columns []string          `json:"columns,omitempty"`
	Primary []string          `json:"primary,omitempty"`
	Types   map[string]string `json:"types,omitempty"`
	// Boxes are the options drawn as checkboxes: one without a tick is not sent.
	Boxes []string `json:"boxes,omitempty"`
}

func (d seenDataset) encode() string {
	encoded, err := json.Marshal(d)
	if err != nil {
		return "" // strings and maps of strings cannot fail
	}
	return string(encoded)
}

func dsName(i int, field string) string { return "ds." + strconv.Itoa(i) + "." + field }

// readChosen reads the chosen datasets. stored are those of the saved source, for what
// the form does not show.
func readChosen(form url.Values, stored []flows.SourceDataset, authorizer string) []chosenDataset {
	var out []chosenDataset
	for _, i := range indices(form, "ds") {
		chosen := readDataset(form, i, stored)
		if chosen.seen.Authorizer == "" || chosen.seen.Authorizer == authorizer {
			out = append(out, chosen)
		}
	}
	return out
}

func readDataset(form url.Values, i int, stored []flows.SourceDataset) chosenDataset {
	var d chosenDataset
	d.Name = word(form, dsName(i, "name"))
	if before := slices.IndexFunc(stored, func(x flows.SourceDataset) bool { return x.Name == d.Name }); before >= 0 {
		d.SourceDataset = stored[before]
	}
	if _, ok := form[dsName(i, "query")]; ok {
		d.isQuery = true
		d.Dataset.Query = strings.TrimSpace(form.Get(dsName(i, "query")))
	}
	if err := json.Unmarshal([]byte(form.Get(dsName(i, "dataset"))), &d.seen); err == nil && !d.isQuery {
		d.Dataset = d.seen.Dataset
	}
	d.Cursor, d.Overlap = form.Get(dsName(i, "cursor")), word(form, dsName(i, "overlap"))
	d.Nulls = connectors.NullPolicy(form.Get(dsName(i, "nulls")))
	if d.Cursor == "" { // without a cursor the two mean nothing
		d.Overlap, d.Nulls = "", ""
	}
	d.readColumns(form, i)
	d.readOptions(form, i)
	return d
}

// readColumns keeps "all columns" and "the primary key" as such, so that columns that
// appear later are read too.
func (d *chosenDataset) readColumns(form url.Values, i int) {
	columns, key := words(form, dsName(i, "columns")), words(form, dsName(i, "key"))
	d.noColumns = len(columns) == 0 && len(d.seen.Columns) > 0
	if len(columns) > 0 {
		d.Columns = columns
	}
	if len(columns) > 0 || len(key) > 0 {
		d.Key = key
	}
	if len(d.seen.Columns) > 0 && sameSet(d.Columns, d.seen.Columns) {
		d.Columns = nil
	}
	if sameSet(d.Key, d.seen.Primary) {
		d.Key = nil
	}
}

// readOptions reads options such as a delimiter, and types that a person changed.
func (d *chosenDataset) readOptions(form url.Values, i int) {
	d.Dataset.Options, d.Dataset.Types = maps.Clone(d.Dataset.Options), maps.Clone(d.Dataset.Types)
	for _, box := range d.seen.Boxes {
		form.Set(dsName(i, "option."+box), strconv.FormatBool(ticked(form, dsName(i, "option."+box))))
	}
	for name := range form {
		if option, ok := strings.CutPrefix(name, dsName(i, "option.")); ok && word(form, name) != "" {
			if d.Dataset.Options == nil {
				d.Dataset.Options = map[string]string{}
			}
			d.Dataset.Options[option] = form.Get(name)
		}
		column, ok := strings.CutPrefix(name, dsName(i, "type."))
		if !ok || form.Get(name) == "" || form.Get(name) == d.seen.Types[column] {
			continue
		}
		if d.Dataset.Types == nil {
			d.Dataset.Types = map[string]string{}
		}
		d.Dataset.Types[column] = form.Get(name)
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// readTicks applies the ticks of the list: a listed name without tick goes, a ticked
// one that is not chosen yet comes.
func readTicks(form url.Values, chosen []chosenDataset) (kept []chosenDataset, added []string) {
	ticked := form["datasets"]
	for _, d := range chosen {
		if d.isQuery || !slices.Contains(form["listed"], d.Dataset.String()) || slices.Contains(ticked, d.Dataset.String()) {
			kept = append(kept, d)
		}
	}
	for _, name := range ticked {
		isChosen := slices.ContainsFunc(kept, func(d chosenDataset) bool { return !d.isQuery && d.Dataset.String() == name })
		if !isChosen && !slices.Contains(added, name) {
			added = append(added, name)
		}
	}
	return kept, added
}

// datasetNamed finds what a listed name stands for.
func datasetNamed(name string, listing []connectors.DatasetInfo, schemas bool) connectors.Dataset {
	for _, info := range listing {
		if listedName(info) == name {
			return connectors.Dataset{Schema: info.Schema, Name: info.Name}
		}
	}
	if schema, table, ok := strings.Cut(name, "."); ok && schemas {
		return connectors.Dataset{Schema: schema, Name: table}
	}
	return connectors.Dataset{Name: name}
}

func listedName(info connectors.DatasetInfo) string {
	return connectors.Dataset{Schema: info.Schema, Name: info.Name}.String()
}

// readPattern reads the fold "Select by pattern".
func readPattern(form url.Values) (flows.SourceDataset, bool) {
	pattern := word(form, "pattern")
	if pattern == "" {
		return flows.SourceDataset{}, false
	}
	d := flows.SourceDataset{Name: pattern, Pattern: pattern}
	for exclude := range strings.SplitSeq(form.Get("exclude"), ",") {
		if exclude = strings.TrimSpace(exclude); exclude != "" {
			d.Exclude = append(d.Exclude, exclude)
		}
	}
	return d, true
}
