package duck

import (
	"context"
	"fmt"
	"strconv"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"leat/internal/sqltext"
)

// Conn is one connection. It is used by one goroutine at a time, and by one open Rows
// at a time.
type Conn struct {
	handle bindings.Connection
	closed bool
}

// Close rolls back what is open and frees the connection. It is safe to call twice.
func (c *Conn) Close() {
	if !c.closed {
		c.closed = true
		bindings.Disconnect(&c.handle)
	}
}

// Exec runs one statement and returns the number of rows it changed.
func (c *Conn) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	prepared, err := c.prepare(statement, args)
	if err != nil {
		return 0, err
	}
	defer bindings.DestroyPrepare(&prepared)
	var result bindings.Result
	defer bindings.DestroyResult(&result)
	err = c.guard(ctx, func() error {
		if bindings.ExecutePrepared(prepared, &result) == bindings.StateError {
			return resultError(&result)
		}
		return nil
	})
	if err != nil { // there may be no result to ask
		return 0, err
	}
	return int64(bindings.RowsChanged(&result)), nil
}

// Query runs one statement and streams its rows. The caller closes them before the
// next call on this connection.
func (c *Conn) Query(ctx context.Context, statement string, args ...any) (*Rows, error) {
	return c.open(ctx, &Rows{conn: c}, statement, args)
}

// QueryPlaced is Query for a statement whose last column is the row id, which is no part
// of the rows: their Place tells it.
func (c *Conn) QueryPlaced(ctx context.Context, statement string, args ...any) (*Rows, error) {
	return c.open(ctx, &Rows{conn: c, placed: true}, statement, args)
}

func (c *Conn) open(ctx context.Context, rows *Rows, statement string, args []any) (*Rows, error) {
	prepared, err := c.prepare(statement, args)
	if err != nil {
		return nil, err
	}
	rows.prepared = prepared
	err = c.guard(ctx, func() error {
		if bindings.ExecutePreparedStreaming(prepared, &rows.result) == bindings.StateError {
			return resultError(&rows.result)
		}
		return nil
	})
	if err == nil {
		err = rows.init()
	}
	if err != nil {
		rows.Close()
		return nil, err
	}
	return rows, nil
}

// Select checks that the text is exactly one statement that only reads, and returns
// it without what stands behind its end, so that it can stand in brackets.
func (c *Conn) Select(query string) (string, error) {
	seen := sqltext.Scan(query)
	if seen.Text == "" {
		return "", invalid("the query is empty")
	}
	var extracted bindings.ExtractedStatements
	count := bindings.ExtractStatements(c.handle, seen.Text, &extracted)
	defer bindings.DestroyExtracted(&extracted)
	if count == 0 {
		return "", newError(bindings.ErrorTypeParser, bindings.ExtractStatementsError(extracted))
	}
	if count != 1 {
		return "", invalid("the query holds several statements, and one SELECT is needed")
	}
	var prepared bindings.PreparedStatement
	defer bindings.DestroyPrepare(&prepared)
	if bindings.PrepareExtractedStatement(c.handle, extracted, 0, &prepared) == bindings.StateError {
		return "", newError(bindings.ErrorTypeInvalid, bindings.PrepareError(prepared))
	}
	if bindings.PreparedStatementType(prepared) != bindings.StatementTypeSelect {
		return "", invalid("the query begins with %s and is no SELECT, and queries only read", seen.First)
	}
	if bindings.NParams(prepared) > 0 {
		return "", invalid("the query holds the parameter %s, and nothing gives it a value", seen.Parameter)
	}
	return seen.Text, nil
}

// run executes a constant statement without a context.
func (c *Conn) run(statement string) error {
	_, err := c.Exec(context.Background(), statement)
	return err
}

// setting reads a configuration value.
func (c *Conn) setting(name string) (string, error) {
	values, err := c.Values(context.Background(), "SELECT CAST(current_setting(?) AS VARCHAR)", name)
	if err != nil {
		return "", err
	}
	text, _ := values[0][0].(string)
	return text, nil
}

func (c *Conn) prepare(statement string, args []any) (bindings.PreparedStatement, error) {
	var prepared bindings.PreparedStatement
	if bindings.Prepare(c.handle, statement, &prepared) == bindings.StateError {
		err := newError(bindings.ErrorTypeInvalid, bindings.PrepareError(prepared))
		bindings.DestroyPrepare(&prepared)
		return prepared, err
	}
	if err := bind(prepared, args); err != nil {
		bindings.DestroyPrepare(&prepared)
		return prepared, err
	}
	return prepared, nil
}

// bind gives the arguments to ? or to $1, $2 and so on. A number that the statement
// does not use is passed over.
func bind(prepared bindings.PreparedStatement, args []any) error {
	for i, arg := range args {
		var index bindings.IdxT
		if bindings.BindParameterIndex(prepared, &index, strconv.Itoa(i+1)) == bindings.StateError {
			continue
		}
		if err := bindOne(prepared, index, arg); err != nil {
			return err
		}
	}
	return nil
}

func bindOne(prepared bindings.PreparedStatement, i bindings.IdxT, arg any) error {
	var state bindings.State
	switch v := arg.(type) {
	case nil:
		state = bindings.BindNull(prepared, i)
	case bool:
		state = bindings.BindBoolean(prepared, i, v)
	case int:
		state = bindings.BindInt64(prepared, i, int64(v))
	case int64:
		state = bindings.BindInt64(prepared, i, v)
	case float64:
		state = bindings.BindDouble(prepared, i, v)
	case string:
		state = bindings.BindVarcharLength(prepared, i, v, bindings.IdxT(len(v)))
	case []byte:
		state = bindings.BindBlob(prepared, i, v)
	case time.Time:
		state = bindings.BindTimestampTZ(prepared, i, bindings.NewTimestamp(v.UnixMicro()))
	default:
		return fmt.Errorf("parameter %d has the Go type %T, which is not supported", i, arg)
	}
	if state == bindings.StateError {
		return fmt.Errorf("bind parameter %d", i)
	}
	return nil
}

// interruptEvery repeats an interrupt, because DuckDB forgets one that comes before
// the statement has started.
const interruptEvery = 20 * time.Millisecond

// guard runs call and interrupts it when ctx ends. An interrupted call returns an
// Error with ctx's error as cause.
func (c *Conn) guard(ctx context.Context, call func() error) error {
	if err := ctx.Err(); err != nil {
		return &Error{Kind: Interrupted, Message: "interrupted", Cause: err}
	}
	if ctx.Done() == nil {
		return call()
	}
	done, over := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		for {
			bindings.Interrupt(c.handle)
			select {
			case <-done:
				return
			case <-time.After(interruptEvery):
			}
		}
	})
	err := call()
	close(done)
	if !stop() { // it runs: wait, so that it cannot interrupt a later call
		<-over
	}
	if err != nil && ctx.Err() != nil {
		return &Error{Kind: Interrupted, Message: "interrupted", Cause: ctx.Err()}
	}
	return err
}

func resultError(result *bindings.Result) *Error {
	return newError(bindings.ResultErrorType(result), bindings.ResultError(result))
}
