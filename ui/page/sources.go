package page

import (
	"time"

	"leat/ui/component"
	"leat/ui/layout"
)

// Sources is the list of saved selections; its search is a GET with q.
type Sources struct {
	Shell   layout.Shell
	CanEdit bool
	Query   string
	Items   []SourceItem
}

// A SourceItem is one line of it.
type SourceItem struct {
	ID         string
	Name       string
	Authorizer Ref
	Connector  string
	Datasets   int
	Summary    string // the first names: "public.orders, public.customers"
	UsedBy     int
}

// SourceForm is the form of a source. It posts (multipart) to /sources or
// /sources/{id}:
//
//	name, authorizer (id), return, q (the search in the list of datasets)
//	listed            repeated: every dataset name that the list showed
//	datasets          repeated: the ticked names; a listed name without tick is out,
//	                  a chosen one that was not listed stays
//	pattern, exclude  "public.*" and a comma-separated list of patterns
//	upload            a file
//	ds.<i>.name, ds.<i>.dataset (hidden: what is read), ds.<i>.query (for queries),
//	ds.<i>.columns (repeated), ds.<i>.key (repeated), ds.<i>.cursor, ds.<i>.overlap,
//	ds.<i>.nulls, ds.<i>.option.<name>, ds.<i>.type.<column>
//	action            save, refresh (choose what is ticked, list again), new-authorizer
//	                  (go and come back), add-query, upload, preview-<i>, remove-<i>
type SourceForm struct {
	Shell layout.Shell
	Form
	ID           string
	Name         string
	AuthorizerID string
	Authorizers  []component.Option
	CanQuery     bool
	CanUpload    bool
	List         DatasetList
	Pattern      string
	Exclude      string
	PatternNote  string // "12 of 300 match: ..."
	Chosen       []DatasetConfig
	UsedBy       []Ref
}

// A DatasetList is what the authorizer offers to read.
type DatasetList struct {
	// Loaded is false while no authorizer is chosen.
	Loaded bool
	Error  *ErrorBox
	Query  string
	Items  []DatasetItem
	Total  int // of all, when Items is only the first part
}

// A DatasetItem is one dataset to choose. Rows is an estimate, -1 when unknown.
type DatasetItem struct {
	Name     string
	Kind     string // "table", "view", "file"
	Rows     int64
	Analysed string // age of the estimate: "analysed 2 d ago"
	Selected bool
}

// A DatasetConfig is one chosen dataset and how it is read.
type DatasetConfig struct {
	Name    string
	Dataset string // what is read, as the list named it; "" for a query
	IsQuery bool
	Query   string
	Rows    int64
	Columns []SourceColumn
	Cursor  string
	// CursorHint explains the suggestion, or why there is none.
	CursorHint string
	Overlap    string
	Nulls      string
	NullsWays  []component.Option
	// Options are named "ds.<i>.option.<name>".
	Options         []component.Field
	Preview         *component.DataTable
	PreviewTook     time.Duration
	PreviewWarnings []string
	PreviewError    *ErrorBox
	Open            bool
}

// A SourceColumn is a column of a dataset. TypeWays, when there are any, let the user
// change an inferred type.
type SourceColumn struct {
	Name            string
	Type            string
	TypeWays        []component.Option
	Selected        bool
	Key             bool
	CursorCandidate bool
}

func (v SourceForm) fields() []component.Field {
	return v.with(component.Field{Name: "name", Label: "Name", Value: v.Name, Required: true, Help: "How flows refer to it, for example shop-sales."})
}

func (v SourceForm) authorizerField() component.Field {
	return v.with(component.Field{
		Name: "authorizer", Label: "Authorizer", Type: "select", Value: v.AuthorizerID, Options: choose("Choose an authorizer", v.Authorizers),
		Required: true, Refresh: formAction(SourcesPath, v.ID), RefreshTarget: "source-parts",
	})[0]
}

// choose puts an empty first option before the others.
func choose(label string, options []component.Option) []component.Option {
	return append([]component.Option{{Value: "", Label: label}}, options...)
}

func (v SourceForm) allProblems() []component.Problem {
	fields := append(v.fields(), v.authorizerField())
	for i := range v.Chosen {
		fields = append(fields, v.configFields(i)...)
	}
	return v.problems(fields, [2]string{"datasets", "Datasets"}, [2]string{"pattern", "Pattern"}, [2]string{"upload", "File"})
}

// dsName is the posted name of a field of the dataset with index i.
func dsName(i int, field string) string { return "ds." + itoa(i) + "." + field }

// configFields are the single inputs of a chosen dataset: cursor, overlap, nulls.
func (v SourceForm) configFields(i int) []component.Field {
	c := v.Chosen[i]
	cursors := []component.Option{{Value: "", Label: "None: every run reads the whole dataset"}}
	for _, col := range c.Columns {
		label := col.Name + " (" + col.Type + ")"
		if col.CursorCandidate {
			label += ", suggested"
		}
		cursors = append(cursors, component.Option{Value: col.Name, Label: label})
	}
	fields := []component.Field{
		{Name: dsName(i, "cursor"), Label: "Cursor", Type: "select", Value: c.Cursor, Options: cursors, Help: c.CursorHint, Width: "half"},
		{Name: dsName(i, "overlap"), Label: "Overlap", Value: c.Overlap, Help: "Read again before the position, so that late commits are not lost: 5m or 1d for times, 100 for numbers, or none.", Width: "half"},
	}
	if len(c.NullsWays) > 0 {
		fields = append(fields, component.Field{Name: dsName(i, "nulls"), Label: "Rows without cursor value", Type: "select", Value: c.Nulls, Options: c.NullsWays, Width: "half"})
	}
	return v.with(append(fields, c.Options...)...)
}

func (c DatasetConfig) columnPicks() []component.Option {
	var out []component.Option
	for _, col := range c.Columns {
		out = append(out, component.Option{Value: col.Name, Label: col.Name, Help: col.Type, Selected: col.Selected})
	}
	return out
}

func (c DatasetConfig) keyPicks() []component.Option {
	var out []component.Option
	for _, col := range c.Columns {
		out = append(out, component.Option{Value: col.Name, Label: col.Name, Selected: col.Key})
	}
	return out
}

// typeFields are selects to change inferred types.
func (c DatasetConfig) typeFields(i int) []component.Field {
	var out []component.Field
	for _, col := range c.Columns {
		if len(col.TypeWays) > 0 {
			out = append(out, component.Field{Name: dsName(i, "type."+col.Name), Label: col.Name, Type: "select", Value: col.Type, Options: col.TypeWays, Width: "third"})
		}
	}
	return out
}
