package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// copyHeader opens a binary COPY: signature, flags, length of the extension.
var copyHeader = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")

// copyTrailer is the field count -1 that ends it.
var copyTrailer = binary.BigEndian.AppendUint16(nil, 0xffff)

// errAborted ends a COPY from our side.
var errAborted = errors.New("the load was aborted")

// copyStream is one COPY that stays open across batches. Whole batches go into the pipe
// at once and come out in frames of 64 KiB, so that there is no small write.
type copyStream struct {
	pipe   *io.PipeWriter
	cancel context.CancelFunc
	done   chan struct{}
	doing  string
	// late says that the server took longer than the limit of a batch.
	late atomic.Bool
	// tag and err are valid when done is closed.
	tag pgconn.CommandTag
	err error
}

// startCopy sends COPY and returns when the stream takes rows.
func startCopy(ctx context.Context, s *session, sql string) (*copyStream, error) {
	// The COPY outlives the call; a batch's deadline cancels it through cancel.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	reader, writer := io.Pipe()
	c := &copyStream{pipe: writer, cancel: cancel, done: make(chan struct{}), doing: s.attempt.Doing}
	go func() {
		defer close(c.done)
		c.tag, c.err = s.conn.PgConn().CopyFrom(ctx, reader, sql)
		// A writer that waits learns why nobody reads any more.
		_ = reader.CloseWithError(errors.Join(c.err, io.ErrClosedPipe))
	}()
	if _, err := writer.Write(copyHeader); err != nil {
		return nil, c.failure(err)
	}
	return c, nil
}

// write sends tuples. It fails when the server refused rows, or took longer than limit.
func (c *copyStream) write(ctx context.Context, tuples []byte, limit time.Duration) error {
	defer c.bound(ctx, limit)()
	if _, err := c.pipe.Write(tuples); err != nil {
		return c.told(c.failure(err), limit, "batch_timeout")
	}
	return nil
}

// bound ends the COPY when ctx ends or the limit is over; the function it returns lifts
// that.
func (c *copyStream) bound(ctx context.Context, limit time.Duration) (lift func()) {
	timer := time.AfterFunc(limit, func() {
		c.late.Store(true)
		c.cancel()
	})
	stop := context.AfterFunc(ctx, c.cancel)
	return func() {
		timer.Stop()
		stop()
	}
}

// told says so when it was our limit, which is that option of the flow, that ended the
// COPY.
func (c *copyStream) told(err error, limit time.Duration, setting string) error {
	if err != nil && c.late.Load() && !isServer(err) {
		return noAnswer(limit, c.doing, setting, err)
	}
	return err
}

// failure returns the server's error rather than the pipe's.
func (c *copyStream) failure(err error) error {
	_ = c.pipe.CloseWithError(err) // frees the other side where it still reads
	<-c.done
	if c.err != nil {
		return c.err
	}
	return err
}

// finish ends the COPY and returns the number of rows that the server stored. What the
// table's triggers and foreign keys do at the end of a COPY concerns all its rows, so it
// may take as long as a statement; 0 where there is nothing of that kind.
func (c *copyStream) finish(ctx context.Context, limit, checking time.Duration) (int64, error) {
	if err := c.write(ctx, copyTrailer, limit); err != nil {
		return 0, err
	}
	_ = c.pipe.Close()
	setting := "batch_timeout"
	if checking > limit {
		limit, setting = checking, "statement_timeout"
	}
	defer c.bound(ctx, limit)()
	<-c.done
	c.cancel()
	return c.tag.RowsAffected(), c.told(c.err, limit, setting)
}

// abort makes the server forget the rows of this COPY.
func (c *copyStream) abort() {
	_ = c.pipe.CloseWithError(errAborted)
	timer := time.AfterFunc(2*time.Second, c.cancel)
	defer timer.Stop()
	<-c.done
	c.cancel()
}
