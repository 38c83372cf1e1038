package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leat/flows"
)

// keeper holds the lease of a run and carries its board to the store.
type keeper struct {
	engine *Engine
	lease  flows.Lease
	board  *board
	// give ends the work with a cause.
	give context.CancelCauseFunc

	renewed time.Time // the last success, by the monotonic clock
	tried   time.Time
	quit    chan struct{}
	done    chan struct{}
}

// keep starts the keeper of a run. Its context is that of the work, which it ends when
// a cancel is asked for or the lease is lost.
func (e *Engine) keep(ctx context.Context, run flows.Run, b *board, give context.CancelCauseFunc) *keeper {
	now := time.Now()
	k := &keeper{
		engine: e, lease: run.Lease, board: b, give: give, renewed: now, tried: now,
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	if run.CancelRequested {
		give(errCancelled)
	}
	go k.loop(context.WithoutCancel(ctx))
	return k
}

// end stops the keeper and returns when it is gone.
func (k *keeper) end() {
	close(k.quit)
	<-k.done
}

func (k *keeper) loop(ctx context.Context) {
	defer close(k.done)
	ticker := time.NewTicker(k.engine.timing.progress)
	defer ticker.Stop()
	for {
		select {
		case <-k.quit:
			return
		case <-ticker.C:
		}
		if err := k.tick(ctx); errors.Is(err, flows.ErrLeaseLost) {
			k.give(err)
			return
		}
	}
}

// tick renews the lease when it is time and saves the board.
func (k *keeper) tick(ctx context.Context) error {
	if time.Since(k.tried) >= k.engine.timing.renew {
		if err := k.renew(ctx); err != nil {
			return err
		}
	}
	return k.engine.save(ctx, k.lease, k.board)
}

// renew prolongs the lease. A store that does not answer is asked again until the lease
// may be over.
func (k *keeper) renew(ctx context.Context) error {
	k.tried = time.Now()
	ctx, cancel := context.WithTimeout(ctx, k.engine.timing.store)
	defer cancel()
	asked, err := k.engine.Runs.RenewLease(ctx, k.lease, k.engine.timing.lease)
	switch {
	case errors.Is(err, flows.ErrLeaseLost):
		return err
	case err != nil && time.Since(k.renewed) > k.engine.timing.lease-k.engine.timing.renew:
		return fmt.Errorf("%w: the store did not answer: %w", flows.ErrLeaseLost, err)
	case err != nil:
		k.engine.Log.WarnContext(ctx, "renewing a lease failed", "run", k.lease.RunID, "error", err)
		return nil
	}
	k.renewed = k.tried
	if asked {
		k.give(errCancelled)
	}
	return nil
}

// save carries the board to the store. Only a lost lease is an error: what could not be
// saved is saved the next time.
func (e *Engine) save(ctx context.Context, lease flows.Lease, b *board) error {
	ctx, cancel := context.WithTimeout(ctx, e.timing.store)
	defer cancel()
	streams, lines := b.take()
	if streams != nil {
		if err := e.Runs.SaveProgress(ctx, lease, streams); err != nil {
			b.putBack(true, lines)
			return e.unsaved(lease, err)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if err := e.Runs.AppendLog(ctx, lease.RunID, lines); err != nil {
		b.putBack(false, lines)
		return e.unsaved(lease, err)
	}
	return nil
}

func (e *Engine) unsaved(lease flows.Lease, err error) error {
	if errors.Is(err, flows.ErrLeaseLost) {
		return err
	}
	e.Log.Warn("saving the progress of a run failed", "run", lease.RunID, "error", err)
	return nil
}
