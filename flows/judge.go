package flows

import (
	"fmt"
	"strings"

	"leat/connectors"
)

// Ends is what is known of the two ends of a flow when it is judged or completed. What
// nobody asked, or what has not answered, is missing.
type Ends struct {
	// Destination is what its system can do.
	Destination connectors.Capabilities
	// DefaultSchema is the destination's.
	DefaultSchema string
	// Streams holds one entry for each stream of the flow, in order; none when nothing is
	// known of any.
	Streams []StreamEnds
}

// StreamEnds is what is known of the ends of one stream.
type StreamEnds struct {
	// Dataset is what is read; its name is empty when it is unknown.
	Dataset SourceDataset
	// Description is what the source says of it.
	Description *connectors.Description
	// Plans are the destination's answers, one for each table.
	Plans []StreamPlan
}

// Key is what identifies a row: the dataset's own key, else that of the source.
func (e StreamEnds) Key() []string {
	if len(e.Dataset.Key) > 0 || e.Description == nil {
		return e.Dataset.Key
	}
	return e.Description.Schema.Key
}

// stream returns what is known of stream i.
func (e Ends) stream(i int) StreamEnds {
	if i < len(e.Streams) {
		return e.Streams[i]
	}
	return StreamEnds{}
}

// Judge says what is wrong with a flow by field, from the flow itself and from what is
// known of its ends; a flow with problems is not saved. Pages and configuration files ask
// here, and runs ask the same rules of each target, so that every rule stands once.
func Judge(f Flow, ends Ends) connectors.Problems {
	problems := connectors.Problems{}
	include(problems, "", f.Validate(ends.Destination))
	for i, stream := range f.Streams {
		if at, known := fmt.Sprintf("streams[%d].", i), ends.stream(i); known.Dataset.Name != "" {
			stream.judgeDataset(problems, at, known)
			stream.judgePattern(problems, at, known.Dataset)
		}
	}
	for _, i := range AppendsAll(f, ends) {
		if !f.Streams[i].AppendAll {
			problems.Add(fmt.Sprintf("streams[%d].append_all", i), "is missing: each run on schedule would append all rows of "+ends.stream(i).Dataset.Name+
				" again; write append_all: true if that is meant, or use another write mode or a cursor")
		}
	}
	return problems
}

// judgeDataset applies the rules that need the dataset. Unique columns that the stream
// lacks are the key, as soon as that is known.
func (s Stream) judgeDataset(problems connectors.Problems, at string, ends StreamEnds) {
	target := connectors.Target{
		Table: s.namedTable(), Mode: s.WriteMode, Unique: s.Unique, Cursor: ends.Dataset.Cursor, Overlap: ends.Dataset.Overlap,
		Layout: s.Layout, Duplicates: s.Duplicates,
	}
	if len(target.Unique) == 0 {
		target.Unique = ends.Key()
	}
	rules := []func() *connectors.Breach{target.ReplaceBreach, target.NewestBreach}
	if ends.Description != nil || len(target.Unique) > 0 {
		rules = append(rules, target.KeyBreach, target.DoublingBreach)
	}
	for _, rule := range rules {
		if breach := rule(); breach != nil {
			problems.Add(at+breach.Setting, breach.Refusal().Error())
		}
	}
}

// namedTable is the target for messages.
func (s Stream) namedTable() connectors.Table {
	table, err := ParseTable(s.Table, "")
	if err != nil {
		return connectors.Table{Name: s.Table}
	}
	return table
}

// judgePattern keeps the settings of patterns and those of single datasets apart.
func (s Stream) judgePattern(problems connectors.Problems, at string, dataset SourceDataset) {
	switch {
	case dataset.Pattern != "" && s.Table != "" && !strings.Contains(s.Table, TablePlaceholder):
		problems.Add(at+"table", fmt.Sprintf("is one table, but %s selects many: write %s where their names go", dataset.Pattern, TablePlaceholder))
	case dataset.Pattern != "":
	case len(s.TakeoverTables) > 0:
		problems.Add(at+"takeover", "names tables, which has a meaning for a pattern only: write true, false or ask")
	case s.Keyless != "":
		problems.Add(at+"keyless", "has a meaning for a pattern only: leave it out")
	}
}

// Finding is what stands in the way of one table of a flow.
type Finding struct {
	// Stream is its index in the flow.
	Stream  int
	Table   connectors.Table
	Problem *connectors.Error
}

// Setting is the field of the flow that mends the finding.
func (f Finding) Setting() string {
	if f.Problem.Kind == connectors.Ownership {
		return fmt.Sprintf("streams[%d].takeover", f.Stream)
	}
	return fmt.Sprintf("streams[%d].table", f.Stream)
}

// Findings are what the ends say against the tables of a flow.
type Findings struct {
	// Refused tables keep the flow from being saved.
	Refused []Finding
	// Unchecked are tables whose ends did not answer; Asked are those whose takeover is
	// left to a person, which are skipped until then. Neither keeps a flow from being saved.
	Unchecked, Asked []Finding
}

// JudgePlans sorts what the ends say about the tables of a flow.
func JudgePlans(f Flow, plans []StreamPlan) Findings {
	var out Findings
	for _, plan := range plans {
		found := Finding{Stream: plan.Stream, Table: plan.Table, Problem: plan.Problem}
		switch {
		case plan.Problem == nil:
		case !plan.Checked:
			out.Unchecked = append(out.Unchecked, found)
		case plan.Problem.Kind == connectors.Ownership && f.Streams[plan.Stream].Takeover == connectors.TakeoverAsk:
			out.Asked = append(out.Asked, found)
		default:
			out.Refused = append(out.Refused, found)
		}
	}
	return out
}

// AppendsAll lists the streams of which each run on schedule appends all rows again,
// which takes consent.
func AppendsAll(f Flow, ends Ends) []int {
	if f.Schedule.Manual() {
		return nil
	}
	var streams []int
	for i, stream := range f.Streams {
		dataset := ends.stream(i).Dataset
		if stream.WriteMode == connectors.Insert && dataset.Name != "" && dataset.Cursor == "" {
			streams = append(streams, i)
		}
	}
	return streams
}

// MayReplace says whether truncate_insert fits a dataset: not one that is read by a cursor.
func MayReplace(dataset SourceDataset) bool { return dataset.Cursor == "" }
