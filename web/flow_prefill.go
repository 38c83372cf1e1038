package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"leat/connectors"
	"leat/flows"
)

// lookAtEnds finds what the destination can do and describes the dataset of each
// stream, within the time that a page can wait.
func (s *Server) lookAtEnds(ctx context.Context, edit *flowEdit) {
	if _, capabilities, err := s.wayOf(ctx, edit.destination().AuthorizerID); err == nil {
		edit.capabilities = capabilities
	}
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	edit.seen = make([]streamSeen, len(edit.typed.Streams))
	for i, stream := range edit.typed.Streams {
		edit.seen[i] = s.lookAtStream(ctx, edit, stream, i < describedAtOnce)
	}
}

func (s *Server) lookAtStream(ctx context.Context, edit *flowEdit, stream flows.Stream, ask bool) streamSeen {
	if len(stream.From) == 0 {
		return streamSeen{}
	}
	seen := streamSeen{source: edit.source(stream.From[0].SourceID)}
	dataset, ok := seen.source.Dataset(stream.From[0].Dataset)
	if !ok {
		return seen
	}
	seen.dataset = dataset
	if dataset.Pattern != "" || !ask {
		return seen
	}
	description, err := s.Engine.Describe(ctx, seen.source.AuthorizerID, dataset.Dataset)
	if err != nil {
		seen.problem = err
		return seen
	}
	seen.description = &description
	return seen
}

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
	stream.Table = tableFor(dataset, e.destination().DefaultSchema)
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
				if tableFor(dataset, schema) == table {
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

// tableFor proposes a table for a dataset.
func tableFor(d flows.SourceDataset, schema string) string {
	if d.Pattern != "" {
		if schema == "" {
			return tablePlaceholder
		}
		return flows.FormatTable(connectors.Table{Name: schema}) + "." + tablePlaceholder
	}
	name := d.Dataset.Name
	switch {
	case d.Dataset.Query != "":
		name = d.Name
	case d.Dataset.Schema == "": // a file: its folder and ending say nothing here
		name = fileStem(d.Name)
	}
	return flows.FormatTable(connectors.Table{Schema: schema, Name: name})
}

// complete fills what depends on the descriptions: write modes, and the state keys of
// new streams. Unique columns that are the dataset's key are kept as "the key".
func (e *flowEdit) complete() {
	for i := range e.typed.Streams {
		stream, seen := &e.typed.Streams[i], e.seen[i]
		if stream.WriteMode == "" {
			stream.WriteMode = e.bestMode(seen)
		}
		if !stream.WriteMode.NeedsKey() || slices.Equal(stream.Unique, seen.key()) {
			stream.Unique = nil
		}
		if stream.StateKey == "" && stream.Table != "" {
			stream.StateKey = e.freeStateKey(i, stream.Table)
		}
	}
}

func (e *flowEdit) freeStateKey(at int, table string) string {
	var taken []string
	for i, stream := range e.typed.Streams {
		if i != at && stream.StateKey != "" {
			taken = append(taken, stream.StateKey)
		}
	}
	return freeName(e.typed.Name+"/"+table, taken)
}

// bestMode is the mode that repeats itself without harm: upsert by the key; without a
// key the whole table is replaced; what is read incrementally without a key is added.
func (e *flowEdit) bestMode(seen streamSeen) connectors.WriteMode {
	order := []connectors.WriteMode{connectors.Upsert, connectors.TruncateInsert, connectors.Insert}
	if seen.dataset.Pattern == "" && len(seen.key()) == 0 {
		order = order[1:]
	}
	for _, mode := range order {
		if e.capabilities.Offers(mode) && !(mode == connectors.TruncateInsert && seen.dataset.Cursor != "") {
			return mode
		}
	}
	return ""
}

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
	table := strings.ReplaceAll(tableFor(d, ""), tablePlaceholder, "")
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
