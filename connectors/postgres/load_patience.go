package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leat/connectors"
)

// answerTime is how long a small statement (claim, state, catalog) may take beyond the
// time for locks; it is also what is added to the server's own limit of a large one, so
// that a server that is there ends the statement first.
const answerTime = time.Minute

// patience is how long the client waits for the answer to one statement. The server has
// limits of its own, but one that keeps the connection alive and never answers does not
// mind them.
type patience struct {
	lock time.Duration // the server's lock_timeout; 0: defaultLock
	// work is the server's statement_timeout where the statement moves rows or builds
	// indexes; 0 where it is a small one.
	work time.Duration
	// answer is the rest; 0: answerTime. commit is for COMMIT; 0: commitTime.
	answer, commit time.Duration
}

// patienceWith is the patience of small statements under the limits of a load.
func (c *connection) patienceWith(limits connectors.LoadLimits) patience {
	out := c.patience
	out.lock = limits.Lock
	return out
}

// working is the session for statements that move rows or build indexes.
func (s *session) working(limits connectors.LoadLimits) *session {
	out := *s
	out.patience.work = statementLimit(limits)
	return &out
}

// statementLimit is the server's limit of one statement that moves rows.
func statementLimit(limits connectors.LoadLimits) time.Duration {
	if limits.Statement > 0 {
		return limits.Statement
	}
	return defaultStatement
}

func (p patience) total() time.Duration {
	if p.lock <= 0 {
		p.lock = defaultLock
	}
	if p.answer <= 0 {
		p.answer = answerTime
	}
	return max(p.lock, p.work) + p.answer
}

// commitLimit is how long COMMIT may take.
func (p patience) commitLimit() time.Duration {
	if p.commit > 0 {
		return p.commit
	}
	return commitTime
}

// errNoAnswer is the cause of a context whose statement took longer than the patience.
var errNoAnswer = errors.New("the server did not answer in time")

// limit bounds one statement.
func (p patience) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, p.total(), errNoAnswer)
}

// exceeded is the error of a statement that took longer than the patience, else nil.
func (p patience) exceeded(ctx context.Context, err error, doing string) error {
	if err == nil || !errors.Is(context.Cause(ctx), errNoAnswer) {
		return nil
	}
	setting := "lock_timeout"
	if p.work > 0 {
		setting = "statement_timeout"
	}
	return noAnswer(p.total(), doing, setting, err)
}

// noAnswer says what was waited for, and which option of the flow waits longer.
func noAnswer(limit time.Duration, doing, setting string, cause error) error {
	return &connectors.Error{
		Kind: connectors.Unreachable, Retryable: true, Cause: cause,
		Message: fmt.Sprintf("cannot %s: the destination kept the connection but did not answer within %s", doing, limit),
		Fix:     "Check the server and what stands between (a proxy, a pooler); raise the flow's option " + setting + " to wait longer.",
	}
}
