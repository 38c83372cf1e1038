package web

import (
	"context"

	"leat/connectors"
	"leat/flows"
)

// streamSeen is what is known of the ends of a stream, as far as they answered.
type streamSeen struct {
	flows.StreamEnds
	source flows.Source
	// problem says why the dataset is not described.
	problem error
}

// known is what the domain judges and completes the flow by.
func (e *flowEdit) known() flows.Ends {
	ends := flows.Ends{Destination: e.capabilities, DefaultSchema: e.destination().DefaultSchema}
	for _, seen := range e.ends {
		ends.Streams = append(ends.Streams, seen.StreamEnds)
	}
	return ends
}

// findEnds finds what the store knows of the ends: what the destination's system can do,
// and the datasets.
func (s *Server) findEnds(ctx context.Context, edit *flowEdit) {
	if _, capabilities, err := s.wayOf(ctx, edit.destination().AuthorizerID); err == nil {
		edit.capabilities = capabilities
	}
	edit.ends = make([]streamSeen, len(edit.typed.Streams))
	for i, stream := range edit.typed.Streams {
		if len(stream.From) == 0 {
			continue
		}
		edit.ends[i].source = edit.source(stream.From[0].SourceID)
		edit.ends[i].Dataset, _ = edit.ends[i].source.Dataset(stream.From[0].Dataset)
	}
}

// lookAtSources describes the dataset of each stream for a form, within the time that a
// page can wait. It asks nothing that was asked before for this page.
func (s *Server) lookAtSources(ctx context.Context, edit *flowEdit) {
	if edit.asked {
		return
	}
	edit.asked = true
	s.findEnds(ctx, edit)
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	for i := range edit.ends[:min(len(edit.ends), describedAtOnce)] {
		s.describeStream(ctx, &edit.ends[i])
	}
	s.lookBeforeReplacing(ctx, edit)
}

func (s *Server) describeStream(ctx context.Context, seen *streamSeen) {
	if seen.Dataset.Name == "" || seen.Dataset.Pattern != "" {
		return
	}
	description, err := s.Engine.Describe(ctx, seen.source.AuthorizerID, seen.Dataset.Dataset)
	if err != nil {
		seen.problem = err
		return
	}
	seen.Description = &description
}

// lookBeforeReplacing asks the destination about the tables for which the form would
// propose to replace all rows: it never proposes to remove rows of others.
func (s *Server) lookBeforeReplacing(ctx context.Context, edit *flowEdit) {
	if edit.typed.DestinationID == "" {
		return
	}
	probe, places := edit.typed, []int(nil)
	probe.Streams = nil
	for i, stream := range edit.typed.Streams {
		if stream.Table == "" || edit.isStored(stream) || edit.proposedMode(i) != connectors.TruncateInsert {
			continue
		}
		stream.WriteMode, places = "", append(places, i)
		probe.Streams = append(probe.Streams, stream)
	}
	if len(places) == 0 {
		return
	}
	probe = flows.Propose(probe, flows.Ends{})
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	plans, err := s.Engine.PlanFlow(ctx, probe)
	if err != nil { // saving says what is wrong with the flow
		return
	}
	for _, plan := range plans {
		seen := &edit.ends[places[plan.Stream]]
		seen.Plans = append(seen.Plans, plan)
	}
}

// proposedMode is the write mode that a stream gets when nobody chooses one.
func (e *flowEdit) proposedMode(i int) connectors.WriteMode {
	return flows.ProposeMode(e.ends[i].StreamEnds, e.capabilities)
}

// planEnds asks both ends what the flow would do, once for everything that the page shows
// afterwards.
func (s *Server) planEnds(ctx context.Context, edit *flowEdit) ([]flows.StreamPlan, error) {
	edit.asked = true
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	plans, err := s.Engine.PlanFlow(ctx, edit.typed)
	for _, plan := range plans {
		seen := &edit.ends[plan.Stream]
		seen.Plans = append(seen.Plans, plan)
		if seen.Dataset.Pattern != "" {
			continue
		}
		if seen.Description = plan.Description; plan.Description == nil && plan.Problem != nil {
			seen.problem = plan.Problem
		}
		if stream := &edit.typed.Streams[plan.Stream]; stream.WriteMode == "" {
			stream.WriteMode = plan.WriteMode
		}
	}
	return plans, err
}
