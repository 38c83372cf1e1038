package engine

import (
	"context"
	"errors"
	"time"

	"leat/connectors"
	"leat/flows"
)

// settleTry is the longest time of one question to the destination.
const settleTry = 20 * time.Second

// settle asks the destination, over new connections and until it answers, whether the
// run was stored in the tables of a job. It returns nil reports when it was not, and an
// error of kind Unknown when nobody can tell yet.
func (e *Engine) settle(ctx context.Context, j *job) ([]connectors.Report, error) {
	last := time.Now().Add(e.timing.resolve)
	for pause := e.timing.poll; ; pause = min(2*pause, 5*time.Second) {
		reports, err := e.askApplied(ctx, j)
		if err == nil {
			return reports, nil
		}
		if pause == e.timing.poll {
			j.say(0, levelWarning, "the destination does not say yet whether the rows were stored: "+connectors.AsError(err).Message)
		}
		if wasLost(ctx) || stopped(ctx) || time.Now().Add(pause).After(last) || !mayAnswer(err) {
			return nil, &connectors.Error{
				Kind: connectors.Unknown, Retryable: true, Cause: err,
				Message: "the destination does not say whether the rows were stored: " + connectors.AsError(err).Message,
				Fix:     "Nothing needs to be done: the run goes on when the destination answers, and no row is stored twice.",
			}
		}
		rest(ctx, pause)
	}
}

// askApplied is one question. It does not end when a person cancels: the answer decides
// whether there is something to cancel.
func (e *Engine) askApplied(ctx context.Context, j *job) (_ []connectors.Report, err error) {
	defer connectors.Caught(e.Log, &err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTry)
	defer cancel()
	s, err := e.connect(ctx, j.itinerary.destination.AuthorizerID, j.itinerary.flow.Name)
	if err != nil {
		return nil, err
	}
	defer e.shut(ctx, s)
	loader, err := role[connectors.Loader](s, "be written to")
	if err != nil {
		return nil, err
	}
	routes := j.routes()
	targets := make([]connectors.Target, len(routes))
	for i, r := range routes {
		targets[i] = j.itinerary.bareTarget(r)
	}
	found, err := loader.Resolve(ctx, j.id(), targets, j.doubtful())
	if err != nil {
		return nil, err
	}
	return allApplied(found)
}

// allApplied folds the answers of one load, which is stored as a whole or not at all.
func allApplied(found []*connectors.Report) ([]connectors.Report, error) {
	var reports []connectors.Report
	for _, report := range found {
		if report != nil {
			reports = append(reports, *report)
		}
	}
	if len(reports) > 0 && len(reports) < len(found) {
		return nil, broken("the destination says that a part of the load was stored")
	}
	return reports, nil
}

// mayAnswer says whether asking again can help.
func mayAnswer(err error) bool {
	switch connectors.AsError(known(err)).Kind {
	case connectors.Config, connectors.Internal:
		return false
	default:
		return true
	}
}

// stopped says that the process is going down.
func stopped(ctx context.Context) bool {
	return ctx.Err() != nil && !wasCancelled(ctx) && !errors.Is(context.Cause(ctx), flows.ErrLeaseLost)
}

// rest waits for a while; a person's cancel does not shorten it.
func rest(ctx context.Context, pause time.Duration) {
	ended := ctx.Done()
	if wasCancelled(ctx) {
		ended = nil
	}
	select {
	case <-time.After(pause):
	case <-ended:
	}
}
