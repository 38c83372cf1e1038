package engine

import (
	"context"
	"fmt"
	"slices"

	"leat/connectors"
	"leat/flows"
)

// job is one load of a run: one route, or all of them.
type job struct {
	run          flows.Run
	itinerary    *itinerary
	members      []int // indexes of routes
	board        *board
	installation string
	// fenced says that the tables were claimed: no earlier attempt can store rows any more.
	fenced bool
	// deadlocks counts how often it began again after one.
	deadlocks int
}

func (j *job) id() connectors.LoadID {
	return connectors.LoadID{Installation: j.installation, Flow: j.itinerary.flow.Name, Run: j.run.ID}
}

func (j *job) routes() []route {
	routes := make([]route, len(j.members))
	for i, m := range j.members {
		routes[i] = j.itinerary.routes[m]
	}
	return routes
}

// carry opens both ends, moves the rows and closes both ends.
func (e *Engine) carry(ctx context.Context, j *job) ([]connectors.Report, error) {
	flow := j.itinerary.flow.Name
	destination, err := e.connect(ctx, j.itinerary.destination.AuthorizerID, flow)
	if err != nil {
		return nil, err
	}
	defer e.shut(ctx, destination)
	loader, err := role[connectors.Loader](destination, "be written to")
	if err != nil {
		return nil, err
	}
	sources, err := e.connectSources(ctx, j.routes(), flow)
	defer e.shutAll(ctx, sources)
	if err != nil {
		return nil, err
	}
	t := &transfer{loader: loader, id: j.id(), watch: j, log: e.Log, closing: e.timing.close}
	if err := t.prepare(ctx, j, sources, e.describe); err != nil {
		return nil, err
	}
	return t.run(ctx)
}

// connectSources opens each authorizer once. What was opened comes back with an error
// as well.
func (e *Engine) connectSources(ctx context.Context, routes []route, flow string) (map[string]session, error) {
	sources := map[string]session{}
	for _, r := range routes {
		if _, ok := sources[r.authorizerID]; ok {
			continue
		}
		s, err := e.connect(ctx, r.authorizerID, flow)
		if err != nil {
			return sources, err
		}
		sources[r.authorizerID] = s
	}
	return sources, nil
}

func (e *Engine) shutAll(ctx context.Context, sessions map[string]session) {
	for _, s := range sessions {
		e.shut(ctx, s)
	}
}

// describe asks the source about one route within a limit.
func (e *Engine) describe(ctx context.Context, it *itinerary, r route, s session) (shipment, error) {
	ctx, cancel := e.asking(ctx)
	defer cancel()
	found, err := it.describe(ctx, r, s)
	return found, answered(ctx, err)
}

// describer asks the source about one route.
type describer func(ctx context.Context, it *itinerary, r route, s session) (shipment, error)

// prepare describes the sources and groups the targets by the connection that reads
// them.
func (t *transfer) prepare(ctx context.Context, j *job, sources map[string]session, describe describer) error {
	groups := map[string]int{}
	for i, r := range j.routes() {
		s := sources[r.authorizerID]
		shipment, err := describe(ctx, j.itinerary, r, s)
		if err != nil {
			return err
		}
		shipment.target.FullRefresh = refreshes(j.run, r)
		j.described(i, shipment)
		t.targets = append(t.targets, shipment.target)
		t.selections = append(t.selections, shipment.selection)
		if _, ok := groups[r.authorizerID]; !ok {
			extractor, err := role[connectors.Extractor](s, "be read")
			if err != nil {
				return err
			}
			groups[r.authorizerID] = len(t.readers)
			t.readers = append(t.readers, reader{extractor: extractor})
		}
		own := &t.readers[groups[r.authorizerID]]
		own.members = append(own.members, i)
	}
	return nil
}

// describe asks the source about one route.
func (it *itinerary) describe(ctx context.Context, r route, s session) (shipment, error) {
	described, err := describe(ctx, r, s)
	if err != nil {
		return shipment{}, err
	}
	return it.ship(r, s.descriptor.Kind, described)
}

// describe asks the source about the dataset of a route.
func describe(ctx context.Context, r route, s session) (connectors.Description, error) {
	discoverer, err := role[connectors.Discoverer](s, "describe datasets")
	if err != nil {
		return connectors.Description{}, err
	}
	described, err := discoverer.Describe(ctx, r.dataset.Dataset)
	if err != nil {
		return connectors.Description{}, fmt.Errorf("describing %s: %w", r.dataset.Name, err)
	}
	return described, nil
}

// described, claimed, moved and applying keep the board up to date.
func (j *job) described(target int, s shipment) {
	j.board.update(j.members[target], func(stream *flows.StreamRun) {
		stream.EstimatedRows = s.estimated
		stream.Warnings = nil
	})
	j.warn(target, s.warnings)
}

func (j *job) claimed(target int, state connectors.TargetState) {
	j.fenced = true
	j.board.update(j.members[target], func(stream *flows.StreamRun) {
		stream.Phase = flows.PhaseReading
	})
	from := "from the start"
	switch {
	case state.Applied != nil:
		from = "nothing, since this run is stored already"
	case state.Position != "":
		from = "from the stored position"
	}
	j.say(target, levelInfo, fmt.Sprintf("claimed the table with fence %d; reading %s", state.Fence, from))
	j.warn(target, state.Warnings)
}

func (j *job) moved(target int, rows, bytes int) {
	now := j.board.now()
	j.board.update(j.members[target], func(stream *flows.StreamRun) {
		stream.Read += int64(rows)
		stream.Bytes += int64(bytes)
		stream.LastRowAt = now
	})
}

func (j *job) applying(target int) {
	j.board.update(j.members[target], func(stream *flows.StreamRun) { stream.Phase = flows.PhaseApplying })
	j.say(target, levelInfo, fmt.Sprintf("read %d rows to the end; storing them", j.board.stream(j.members[target]).Read))
}

// warn keeps what the stream was not warned of yet, and logs it.
func (j *job) warn(target int, warnings []string) {
	var news []string
	j.board.update(j.members[target], func(stream *flows.StreamRun) {
		for _, warning := range warnings {
			if !slices.Contains(stream.Warnings, warning) {
				stream.Warnings, news = append(stream.Warnings, warning), append(news, warning)
			}
		}
	})
	for _, warning := range news {
		j.say(target, levelWarning, warning)
	}
}

func (j *job) say(target int, level, message string) {
	j.board.log(level, flows.FormatTable(j.itinerary.routes[j.members[target]].table), message)
}
