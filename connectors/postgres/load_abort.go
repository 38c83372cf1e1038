package postgres

import (
	"context"
	"errors"
	"time"
)

// Abort rolls back and closes the session. It works with a cancelled context as well.
func (l *load) Abort(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return nil
	}
	l.ended = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if l.open != nil {
		l.open.copy.abort()
		l.open = nil
	}
	if l.writers != nil {
		l.writers.abort(ctx)
	}
	if l.begun && !l.s.conn.IsClosed() {
		_ = l.s.command(ctx, "ROLLBACK") // closing the session does the same
	}
	var left error
	if l.writers != nil {
		left = l.dropHidden(ctx)
	}
	return errors.Join(left, l.close(ctx))
}

// close ends the session; a session that is broken is closed already.
func (l *load) close(ctx context.Context) error {
	if l.s.conn.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_ = l.s.conn.Close(ctx) // the server rolls back what is open when the connection goes
	return nil
}
