package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"leat/flows"
)

// prefill chooses everything that can be chosen: the only destination, the next
// dataset, table, write mode and name.
func (e *flowEdit) prefill() {
	if e.typed.DestinationID == "" && len(e.destinations) == 1 {
		e.typed.DestinationID = e.destinations[0].ID
	}
	for i := range e.typed.Streams {
		stream := &e.typed.Streams[i]
		if len(stream.From) == 0 {
			stream.From = []flows.StreamInput{{}}
		}
		e.prefillDataset(&stream.From[0])
		e.prefillTable(stream)
	}
}

// prefillDataset takes the first dataset that no other stream reads.
func (e *flowEdit) prefillDataset(input *flows.StreamInput) {
	if input.SourceID == "" && len(e.sources) == 1 {
		input.SourceID = e.sources[0].ID
	}
	source := e.source(input.SourceID)
	if _, ok := source.Dataset(input.Dataset); ok {
		return
	}
	input.Dataset = ""
	for _, d := range source.Datasets {
		taken := slices.ContainsFunc(e.typed.Streams, func(x flows.Stream) bool {
			return len(x.From) > 0 && x.From[0].SourceID == source.ID && x.From[0].Dataset == d.Name
		})
		if !taken {
			input.Dataset = d.Name
			return
		}
	}
	if len(source.Datasets) > 0 {
		input.Dataset = source.Datasets[0].Name
	}
}

// prefillTable names the table after the dataset, unless a person typed another name.
func (e *flowEdit) prefillTable(stream *flows.Stream) {
	source := e.source(stream.From[0].SourceID)
	dataset, ok := source.Dataset(stream.From[0].Dataset)
	if !ok || stream.Table != "" && (stream.StateKey != "" || !e.isPrefilled(stream.Table)) {
		return
	}
	stream.Table = flows.ProposeTable(dataset, e.destination().DefaultSchema)
}

// isPrefilled says whether a table name is one that this form proposes for some
// dataset, so that another dataset may change it.
func (e *flowEdit) isPrefilled(table string) bool {
	schemas := []string{""}
	for _, d := range e.destinations {
		schemas = append(schemas, d.DefaultSchema)
	}
	for _, source := range e.sources {
		for _, dataset := range source.Datasets {
			for _, schema := range schemas {
				if flows.ProposeTable(dataset, schema) == table {
					return true
				}
			}
		}
	}
	return false
}

// follow gives up write modes and unique columns that the form proposed for a dataset
// which is not the stream's any more, so that the new one gets its own.
func (e *flowEdit) follow(form url.Values) {
	for at, i := range indices(form, "stream") {
		stream := &e.typed.Streams[at]
		before := form.Get(stName(i, "proposed_for"))
		if before == "" || before == proposedFor(stream.From[0]) {
			continue
		}
		if string(stream.WriteMode) == form.Get(stName(i, "proposed_mode")) {
			stream.WriteMode = ""
		}
		if slices.Equal(stream.Unique, words(form, stName(i, "proposed_unique"))) {
			stream.Unique = nil
		}
	}
}

// isStored says whether the store has the stream already. What it has was chosen.
func (e *flowEdit) isStored(stream flows.Stream) bool {
	return slices.ContainsFunc(e.stored.Streams, func(x flows.Stream) bool { return x.StateKey == stream.StateKey })
}

// proposedFor names the dataset that a proposal is made for.
func proposedFor(input flows.StreamInput) string { return input.SourceID + "/" + input.Dataset }

func refusedReplace(d flows.SourceDataset) string {
	return fmt.Sprintf("%s is read incrementally by %s, so one read is not the whole table.", d.Name, d.Cursor)
}

// flowName is a free name after the first dataset.
func (s *Server) flowName(ctx context.Context, edit *flowEdit) (string, error) {
	wanted := ""
	for _, stream := range edit.typed.Streams {
		if len(stream.From) > 0 && stream.From[0].Dataset != "" && wanted == "" {
			wanted = stream.From[0].Dataset
		}
	}
	if wanted == "" {
		return "", nil
	}
	source := edit.source(edit.typed.Streams[0].From[0].SourceID)
	if dataset, ok := source.Dataset(wanted); ok {
		wanted = nameFor(source, dataset)
	}
	all, err := s.Flows.Flows(ctx)
	if err != nil {
		return "", fmt.Errorf("list flows: %w", err)
	}
	return freeName(wanted, names(all, func(f flows.Flow) string { return f.Name })), nil
}

// nameFor proposes a name for a flow that reads a dataset: its table, or its source when
// it is a pattern.
func nameFor(source flows.Source, d flows.SourceDataset) string {
	table := strings.ReplaceAll(flows.ProposeTable(d, ""), flows.TablePlaceholder, "")
	return cmp.Or(strings.Trim(table, `".`), source.Name)
}

// proposedNames are the names that this form proposes for some dataset, so that another
// dataset may change them.
func (e *flowEdit) proposedNames() []string {
	var out []string
	for _, source := range e.sources {
		for _, dataset := range source.Datasets {
			out = append(out, nameFor(source, dataset))
		}
	}
	return out
}
