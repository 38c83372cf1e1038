package engine

import (
	"context"
	"testing"
	"time"

	"leat/connectors"
)

// lateRead counts how often it is closed.
type lateRead struct{ closed int }

func (*lateRead) Next(context.Context) (connectors.Event, error) { return connectors.Event{}, nil }

func (r *lateRead) Close() error {
	r.closed++
	return nil
}

// TestAReadThatOpensTooLateIsClosed has a source that opens the read all the same, just
// after the time for it was over.
func TestAReadThatOpensTooLateIsClosed(t *testing.T) {
	late := &lateRead{}
	read, err := opened(t.Context(), func(ctx context.Context) (connectors.Read, error) {
		<-ctx.Done()
		return late, nil
	}, time.Millisecond)
	if read != nil || !connectors.Is(err, connectors.Unreachable) {
		t.Errorf("opening gave %v and %v", read, err)
	}
	if late.closed != 1 {
		t.Errorf("the read was closed %d times", late.closed)
	}
}
