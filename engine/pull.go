package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"leat/connectors"
)

// pulled is what the producer hands over: an event, or the error that ended the read
// (io.EOF for its proven end).
type pulled struct {
	event connectors.Event
	err   error
}

// producer pulls a read in a goroutine of its own, which also opens and closes it. One
// event waits in the channel while the consumer works on another.
type producer struct {
	events chan pulled
	stop   context.CancelFunc
}

// opener starts a read.
type opener func(ctx context.Context) (connectors.Read, error)

// produce starts pulling. The patience bounds opening and each Next; 0 means
// defaultPatience. The caller ends it.
func produce(ctx context.Context, open opener, patience time.Duration, log *slog.Logger) *producer {
	if patience <= 0 {
		patience = defaultPatience
	}
	ctx, stop := context.WithCancel(ctx)
	p := &producer{events: make(chan pulled, 1), stop: stop}
	go func() {
		defer close(p.events)
		p.send(ctx, pulled{err: p.pump(ctx, open, patience, log)})
	}()
	return p
}

// end stops the producer, frees what waits and returns when its goroutine is gone.
func (p *producer) end() {
	p.stop()
	for waiting := range p.events {
		release(waiting.event)
	}
}

// pump reads to the end and returns the error that ended it, never nil.
func (p *producer) pump(ctx context.Context, open opener, patience time.Duration, log *slog.Logger) (err error) {
	defer connectors.Caught(log, &err)
	read, err := opened(ctx, open, patience)
	if err != nil {
		return err
	}
	defer func() {
		if err := read.Close(); err != nil {
			log.WarnContext(ctx, "closing a read failed", "error", connectors.AsError(err).Message)
		}
	}()
	for {
		event, err := next(ctx, read, patience)
		if err != nil {
			release(event)
			return err
		}
		if !p.send(ctx, pulled{event: event}) {
			release(event)
			return context.Cause(ctx)
		}
	}
}

// opened opens a read within the patience. The read lives as long as ctx, so that its
// context ends early only when opening takes too long.
func opened(ctx context.Context, open opener, patience time.Duration) (connectors.Read, error) {
	ctx, stop := context.WithCancel(ctx)
	timer := time.AfterFunc(patience, stop)
	read, err := open(ctx)
	if timer.Stop() {
		return read, err
	}
	if read != nil {
		err = errors.Join(err, read.Close())
	}
	return nil, silent(patience, err)
}

// defaultPatience is for a source whose flow sets no limit: a query may sort for hours
// before its first row.
const defaultPatience = 6 * time.Hour

// silent is the error of a source that sends nothing.
func silent(patience time.Duration, cause error) *connectors.Error {
	return &connectors.Error{
		Kind: connectors.Unreachable, Retryable: true, Cause: cause,
		Message: fmt.Sprintf("the source sent nothing for %s", patience),
		Fix:     "Raise batch_timeout of the flow, or find out what holds the source up.",
	}
}

// next pulls one event within the patience.
func next(ctx context.Context, read connectors.Read, patience time.Duration) (connectors.Event, error) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	event, err := read.Next(bounded)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return event, silent(patience, err)
	}
	return event, err
}

// send says whether the consumer will get the item.
func (p *producer) send(ctx context.Context, item pulled) bool {
	select {
	case p.events <- item:
		return true
	case <-ctx.Done():
		return false
	}
}

func release(event connectors.Event) {
	if event.Batch != nil {
		event.Batch.Release()
	}
}
