package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"leat/authorizers"
	"leat/connectors"
	"leat/flows"
)

// atomicFlow is the value of a flow's atomic key.
const atomicFlow = "flow"

// Desired is what the files ask for.
type Desired struct {
	// State holds the objects of the files only; objects that exist already keep their
	// id, their creation time and their stored secrets.
	State State
	// Everything is what the store would hold after saving without pruning.
	Everything State
	// Warnings are sentences, for example about secrets that have to be typed again.
	Warnings []string
	// At is the place of each object by "noun name".
	At map[string]string
}

// builder turns a document into domain objects and collects what is wrong.
type builder struct {
	current  State
	catalog  Catalog
	newID    func() string
	desired  Desired
	problems ProblemsError
}

// Build checks a document against the stored configuration and turns it into domain
// objects. The whole document is refused with a *ProblemsError when one thing is wrong.
func Build(document Document, current State, catalog Catalog, newID func() string) (Desired, error) {
	b := builder{current: current, catalog: catalog, newID: newID}
	b.desired.At = map[string]string{}
	b.desired.State.Installation = document.Installation
	for _, a := range document.Authorizers {
		b.authorizer(a)
	}
	b.merge()
	for _, s := range document.Sources {
		b.source(s)
	}
	for _, d := range document.Destinations {
		b.destination(d)
	}
	b.merge()
	for _, f := range document.Flows {
		b.flow(f)
	}
	b.merge()
	if len(b.problems.Problems) > 0 {
		return Desired{}, &b.problems
	}
	return b.desired, nil
}

// refuse notes a problem of an object.
func (b *builder) refuse(at position, noun, name, format string, args ...any) {
	b.problems.Problems = append(b.problems.Problems, Problem{
		At: at.String(), Message: fmt.Sprintf("%s %q: ", noun, name) + fmt.Sprintf(format, args...),
	})
}

// refuseAll notes each problem that a domain's validation found.
func (b *builder) refuseAll(at position, noun, name string, err error) {
	if err == nil {
		return
	}
	found, ok := errors.AsType[connectors.Problems](err)
	if !ok {
		b.refuse(at, noun, name, "%v", err)
		return
	}
	for _, field := range found.Fields() {
		b.refuse(at, noun, name, "%s: %s", field, found[field])
	}
}

// merge lays the objects of the files over the stored ones.
func (b *builder) merge() {
	b.desired.Everything = State{
		Installation: b.current.Installation,
		Authorizers:  overlay(b.current.Authorizers, b.desired.State.Authorizers, func(x authorizers.Authorizer) string { return x.Name }),
		Sources:      overlay(b.current.Sources, b.desired.State.Sources, func(x flows.Source) string { return x.Name }),
		Destinations: overlay(b.current.Destinations, b.desired.State.Destinations, func(x flows.Destination) string { return x.Name }),
		Flows:        overlay(b.current.Flows, b.desired.State.Flows, func(x flows.Flow) string { return x.Name }),
	}
}

// overlay replaces and adds by name.
func overlay[T any](below, above []T, name func(T) string) []T {
	out := slices.Clone(below)
	for _, item := range above {
		i := slices.IndexFunc(out, func(x T) bool { return name(x) == name(item) })
		if i < 0 {
			out = append(out, item)
		} else {
			out[i] = item
		}
	}
	return out
}

func (b *builder) source(s Source) {
	existing, _ := find(b.current.Sources, func(x flows.Source) bool { return x.Name == s.Name })
	out := flows.Source{ID: b.idOr(existing.ID), Name: s.Name, CreatedAt: existing.CreatedAt}
	authorizer, ok := b.desired.Everything.authorizer(func(a authorizers.Authorizer) bool { return a.Name == s.Authorizer })
	if !ok {
		b.refuse(s.at, "source", s.Name, "there is no authorizer %q; add it to the file or correct the name", s.Authorizer)
		return
	}
	out.AuthorizerID = authorizer.ID
	for i, dataset := range s.Datasets {
		built, err := dataset.build()
		if err != nil {
			b.refuse(s.at, "source", s.Name, "dataset %d: %v", i+1, err)
			continue
		}
		out.Datasets = append(out.Datasets, built)
	}
	if capabilities, ok := b.capabilities(authorizer.Connector); ok && len(out.Datasets) == len(s.Datasets) {
		b.refuseAll(s.at, "source", s.Name, out.Validate(capabilities))
	}
	b.desired.At["source "+s.Name] = s.at.String()
	b.desired.State.Sources = append(b.desired.State.Sources, out)
}

// build turns a dataset into its domain form.
func (d Dataset) build() (flows.SourceDataset, error) {
	forms := 0
	for _, given := range []bool{d.Table != nil, d.Query != "", d.File != "", d.Tables != ""} {
		if given {
			forms++
		}
	}
	if forms != 1 {
		return flows.SourceDataset{}, errors.New("give exactly one of table, query, file and tables")
	}
	out := flows.SourceDataset{
		Name: d.Name, Pattern: d.Tables, Exclude: d.Exclude, Columns: d.Columns, Key: d.Key,
		Cursor: d.Cursor, Overlap: d.Overlap, Nulls: connectors.NullPolicy(d.Nulls),
		Dataset: connectors.Dataset{Name: d.File, Query: d.Query, Options: d.Options, Types: d.Types},
	}
	if d.Table != nil {
		out.Dataset.Schema, out.Dataset.Name = d.Table.Schema, d.Table.Name
	}
	if d.Table != nil && d.Table.Schema == "" {
		return flows.SourceDataset{}, fmt.Errorf("the table %q has no schema; write table: schema.%s, or file: %s for a file", d.Table.Name, d.Table.Name, d.Table.Name)
	}
	if out.Name == "" {
		out.Name = d.defaultName()
	}
	if out.Name == "" {
		return flows.SourceDataset{}, errors.New("a query needs a name; add the key name")
	}
	return out, nil
}

func (b *builder) destination(d Destination) {
	existing, _ := find(b.current.Destinations, func(x flows.Destination) bool { return x.Name == d.Name })
	authorizer, ok := b.desired.Everything.authorizer(func(a authorizers.Authorizer) bool { return a.Name == d.Authorizer })
	if !ok {
		b.refuse(d.at, "destination", d.Name, "there is no authorizer %q; add it to the file or correct the name", d.Authorizer)
		return
	}
	out := flows.Destination{
		ID: b.idOr(existing.ID), Name: d.Name, AuthorizerID: authorizer.ID,
		DefaultSchema: d.DefaultSchema, CreatedAt: existing.CreatedAt,
	}
	if capabilities, ok := b.capabilities(authorizer.Connector); ok {
		if out.DefaultSchema == "" {
			out.DefaultSchema = capabilities.DefaultSchema
		}
		b.refuseAll(d.at, "destination", d.Name, out.Validate(capabilities))
	}
	b.desired.At["destination "+d.Name] = d.at.String()
	b.desired.State.Destinations = append(b.desired.State.Destinations, out)
}

func (b *builder) flow(f Flow) {
	existing, _ := find(b.current.Flows, func(x flows.Flow) bool { return x.Name == f.Name })
	destination, ok := find(b.desired.Everything.Destinations, func(x flows.Destination) bool { return x.Name == f.Destination })
	if !ok {
		b.refuse(f.at, "flow", f.Name, "there is no destination %q; add it to the file or correct the name", f.Destination)
		return
	}
	out := flows.Flow{
		ID: b.idOr(existing.ID), Name: f.Name, DestinationID: destination.ID, Paused: f.Paused, CreatedAt: existing.CreatedAt,
		Options: flows.FlowOptions{
			AtomicFlow: f.Atomic == atomicFlow, Parallelism: f.Parallelism,
			LockTimeout: f.LockTimeout, StatementTimeout: f.StatementTimeout, BatchTimeout: f.BatchTimeout,
		},
	}
	if f.Atomic != "" && f.Atomic != atomicFlow {
		b.refuse(f.at, "flow", f.Name, "atomic is %q; write atomic: flow or leave it out", f.Atomic)
	}
	if f.Schedule != nil {
		out.Schedule = flows.Schedule{Cron: f.Schedule.Cron, TimeZone: f.Schedule.TimeZone, Missed: f.Schedule.Missed, Overlap: f.Schedule.Overlap}
	}
	for i, stream := range f.Streams {
		out.Streams = append(out.Streams, b.stream(f, stream, i, existing))
	}
	authorizer, _ := b.desired.Everything.authorizer(func(a authorizers.Authorizer) bool { return a.ID == destination.AuthorizerID })
	if capabilities, ok := b.capabilities(authorizer.Connector); ok {
		b.refuseAll(f.at, "flow", f.Name, flows.Judge(out, b.ends(out, capabilities)).OrNil())
	}
	b.desired.At["flow "+f.Name] = f.at.String()
	b.desired.State.Flows = append(b.desired.State.Flows, out)
}

// ends is what the files say of a flow's ends.
func (b *builder) ends(f flows.Flow, destination connectors.Capabilities) flows.Ends {
	out := flows.Ends{Destination: destination, Streams: make([]flows.StreamEnds, len(f.Streams))}
	for i, stream := range f.Streams {
		if len(stream.From) != 1 {
			continue
		}
		source, _ := find(b.desired.Everything.Sources, func(x flows.Source) bool { return x.ID == stream.From[0].SourceID })
		out.Streams[i].Dataset, _ = source.Dataset(stream.From[0].Dataset)
	}
	return out
}

// stream builds one stream. Its state key is taken from the file, else from the stored
// stream with the same table, else made from flow and table.
func (b *builder) stream(f Flow, s Stream, index int, existing flows.Flow) flows.Stream {
	out := flows.Stream{
		Table: string(s.Table), WriteMode: connectors.WriteMode(s.WriteMode), Unique: s.UniqueColumns, StateKey: s.StateKey,
		Layout: connectors.TableLayout(s.Layout), CreateIndexes: s.CreateIndexes, UniqueHints: s.Unique,
		Drift: connectors.Drift(s.Drift), Rejects: s.Rejects, Replace: connectors.Replace(s.Replace),
		MinRowsRatio: s.MinRowsRatio, LoadedAt: s.LoadedAt, RunID: s.RunID, Parts: s.Parts, Writers: s.Writers,
		Takeover: connectors.Takeover(s.Takeover.Answer), TakeoverTables: s.Takeover.Tables, Narrowing: connectors.Narrowing(s.Narrowing),
		Triggers: connectors.Triggers(s.Triggers), Duplicates: connectors.Duplicates(s.Duplicates), CompareWithout: s.CompareWithout,
		Keyless: flows.Keyless(s.Keyless), AppendAll: s.AppendAll,
	}
	if out.StateKey == "" {
		stored, _ := find(existing.Streams, func(x flows.Stream) bool { return x.Table == string(s.Table) })
		out.StateKey = stored.StateKey
	}
	if out.StateKey == "" {
		out.StateKey = f.Name + "/" + string(s.Table)
	}
	for _, input := range s.From {
		source, ok := find(b.desired.Everything.Sources, func(x flows.Source) bool { return x.Name == input.Source })
		if !ok {
			b.refuse(f.at, "flow", f.Name, "stream %d: there is no source %q; add it to the file or correct the name", index+1, input.Source)
			continue
		}
		if _, ok := source.Dataset(input.Dataset); !ok {
			b.refuse(f.at, "flow", f.Name, "stream %d: the source %q has no dataset %q; it has %s",
				index+1, input.Source, input.Dataset, datasetNames(source))
		}
		out.From = append(out.From, flows.StreamInput{SourceID: source.ID, Dataset: input.Dataset, As: input.As})
	}
	return out
}

func datasetNames(s flows.Source) string {
	names := make([]string, len(s.Datasets))
	for i, dataset := range s.Datasets {
		names[i] = dataset.Name
	}
	return strings.Join(names, ", ")
}

// idOr keeps an id or makes one.
func (b *builder) idOr(id string) string {
	if id != "" {
		return id
	}
	return b.newID()
}

// capabilities of a kind; false for an unknown one, which has been refused.
func (b *builder) capabilities(kind string) (connectors.Capabilities, bool) {
	connector, ok := b.catalog.Connector(kind)
	if !ok {
		return connectors.Capabilities{}, false
	}
	return connector.Descriptor().Capabilities, true
}
