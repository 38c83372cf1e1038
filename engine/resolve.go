package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"leat/connectors"
	"leat/flows"
)

// route is one table on its way: an expanded stream with its defaults filled in.
type route struct {
	stream flows.Stream
	// place is the stream's index in the flow.
	place        int
	dataset      flows.SourceDataset
	authorizerID string
	table        connectors.Table
	stateKey     string
	// notes are sentences about tables of the same pattern that are not loaded, or not in
	// the stream's write mode; the first route of a stream tells them.
	notes []string
}

// itinerary is a flow resolved to what a run does.
type itinerary struct {
	flow        flows.Flow
	destination flows.Destination
	limits      connectors.LoadLimits
	routes      []route
}

// resolve turns a flow into routes, in the order of its streams; the tables of a
// pattern come sorted.
func (e *Engine) resolve(ctx context.Context, flow flows.Flow) (*itinerary, error) {
	if len(flow.Streams) == 0 {
		return nil, refusal(connectors.Config, "Add a stream and save the flow.", "the flow %q has no streams", flow.Name)
	}
	destination, err := e.Destinations.Destination(ctx, flow.DestinationID)
	if err != nil {
		return nil, missing("destination", fmt.Sprintf("the flow %q", flow.Name), err)
	}
	limits, err := limitsOf(flow.Options)
	if err != nil {
		return nil, err
	}
	out := &itinerary{flow: flow, destination: destination, limits: limits}
	for place, stream := range flow.Streams {
		routes, err := e.routesOf(ctx, stream, destination)
		if err != nil {
			return nil, err
		}
		for i := range routes {
			routes[i].place = place
		}
		out.routes = append(out.routes, routes...)
	}
	can, err := e.capabilities(ctx, destination)
	if err != nil {
		return nil, err
	}
	return out, out.distinct(can)
}

// routesOf expands one stream.
func (e *Engine) routesOf(ctx context.Context, stream flows.Stream, destination flows.Destination) ([]route, error) {
	if len(stream.From) != 1 {
		return nil, refusal(connectors.Config, "Give each dataset a stream of its own.",
			"the stream into %s reads %d datasets; a stream reads exactly one", stream.Table, len(stream.From))
	}
	of := fmt.Sprintf("the stream into %s", stream.Table)
	source, err := e.Sources.Source(ctx, stream.From[0].SourceID)
	if err != nil {
		return nil, missing("source", of, err)
	}
	dataset, ok := source.Dataset(stream.From[0].Dataset)
	if !ok {
		return nil, refusal(connectors.Config, "Choose another dataset of the source and save the flow.",
			"the source %q has no dataset %q, which %s reads", source.Name, stream.From[0].Dataset, of)
	}
	found, err := e.expand(ctx, source.AuthorizerID, dataset)
	if err != nil {
		return nil, err
	}
	parts, notes, err := keyless(stream, dataset.Pattern, found)
	if err != nil {
		return nil, err
	}
	routes := make([]route, len(parts))
	for i, part := range parts {
		if routes[i], err = routeOf(part.stream, part.dataset, dataset.Pattern != "", source.AuthorizerID, destination.DefaultSchema); err != nil {
			return nil, err
		}
	}
	routes[0].notes = notes
	return routes, nil
}

// routeOf names the target of one dataset. The flows.TablePlaceholder is filled in after the
// schema was split off, so that a table with a dot in its name stays one name.
func routeOf(stream flows.Stream, dataset flows.SourceDataset, many bool, authorizerID, defaultSchema string) (route, error) {
	typed := stream.Table
	if typed == "" {
		typed = flows.TablePlaceholder
	}
	key := stream.StateKey
	if many && !strings.Contains(key, flows.TablePlaceholder) {
		key += "." + flows.TablePlaceholder
	}
	name := tableName(dataset)
	fill := strings.NewReplacer(flows.TablePlaceholder, name)
	table, err := flows.ParseTable(typed, defaultSchema)
	if err != nil {
		return route{}, refusal(connectors.Config, "Write the table as schema.table in the stream and save the flow.", "%v", err)
	}
	table.Schema, table.Name = fill.Replace(table.Schema), fill.Replace(table.Name)
	return route{
		stream: stream, dataset: dataset, authorizerID: authorizerID,
		table: table, stateKey: fill.Replace(key),
	}, nil
}

// tableName is how a dataset is called as a table: a query has only the name that the
// source gives it.
func tableName(dataset flows.SourceDataset) string {
	if dataset.Dataset.Query != "" || dataset.Dataset.Name == "" {
		return dataset.Name
	}
	return dataset.Dataset.Name
}

// distinct refuses two routes into one table or with one state. Names that differ are one
// table where the destination ignores case.
func (it *itinerary) distinct(can connectors.Capabilities) error {
	tables, keys := map[string]connectors.Table{}, map[string]bool{}
	for _, r := range it.routes {
		name := can.Fold(flows.FormatTable(r.table))
		other, twice := tables[name]
		if twice && other != r.table {
			return refusal(connectors.Config, "Give each stream a table of its own: load one of them by a stream of its own name, or leave it out of the pattern.",
				"two streams of the flow %q write to %s and %s, which are one table, since the destination ignores case", it.flow.Name, other, r.table)
		}
		if twice || keys[r.stateKey] {
			return refusal(connectors.Config, "Give each stream a table of its own.",
				"two streams of the flow %q write to %s", it.flow.Name, r.table)
		}
		tables[name], keys[r.stateKey] = r.table, true
	}
	return nil
}

// limitsOf reads the time limits of a flow.
func limitsOf(options flows.FlowOptions) (connectors.LoadLimits, error) {
	var limits connectors.LoadLimits
	for _, limit := range []struct {
		name, text string
		into       *time.Duration
	}{
		{"lock_timeout", options.LockTimeout, &limits.Lock},
		{"statement_timeout", options.StatementTimeout, &limits.Statement},
		{"batch_timeout", options.BatchTimeout, &limits.Batch},
	} {
		if limit.text == "" {
			continue
		}
		parsed, err := time.ParseDuration(limit.text)
		if err != nil || parsed <= 0 {
			return limits, refusal(connectors.Config, `Write a duration such as "30s" or "5m".`,
				"the option %s is not a duration: %q", limit.name, limit.text)
		}
		*limit.into = parsed
	}
	return limits, nil
}
