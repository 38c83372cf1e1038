package web

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"leat/connectors"
	"leat/flows"
)

// runRejects sends the rejected rows of one stream of a run as CSV. They are read where
// the load kept them and never stand on a page.
func (s *Server) runRejects(c echo.Context) error {
	ctx := c.Request().Context()
	run, err := s.Runs.Run(ctx, c.Param("id"))
	if err != nil {
		return fmt.Errorf("find the run: %w", err)
	}
	stream, err := rejectingStream(run, c.QueryParam("stream"))
	if err != nil {
		return err
	}
	s.Log.Info("rejected rows are downloaded", "user_id", actor(c).ID, "run_id", run.ID, "table", stream.Table)
	next, stop := iter.Pull2(s.Engine.Rejects(ctx, run, stream))
	defer stop()
	first, err, isRow := next()
	if err != nil { // nothing was sent yet, so there can still be a page about it
		return unreadableRejects(err)
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="rejected-`+run.ID+"-"+strconv.Itoa(stream.Index)+`.csv"`)
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	return writeRejects(c.Response(), first, isRow, next)
}

// rejectingStream finds the stream by its index in the run.
func rejectingStream(run flows.Run, index string) (flows.StreamRun, error) {
	i := slices.IndexFunc(run.Streams, func(s flows.StreamRun) bool { return strconv.Itoa(s.Index) == index })
	if i < 0 || run.Streams[i].Rejected == 0 {
		return flows.StreamRun{}, echo.NewHTTPError(http.StatusNotFound, "This stream of the run has no rejected rows.")
	}
	return run.Streams[i], nil
}

// unreadableRejects makes the destination's words the page.
func unreadableRejects(err error) error {
	found, ok := errors.AsType[*connectors.Error](err)
	if !ok {
		return fmt.Errorf("read the rejected rows: %w", err)
	}
	return echo.NewHTTPError(http.StatusBadGateway, "The rejected rows cannot be read from the destination. "+
		strings.TrimSpace(sentence(found.Message)+" "+found.Fix)).SetInternal(err)
}

// writeRejects writes the rows as they come. An error in the middle breaks the answer
// off, so that a part is not taken for the whole.
func writeRejects(w io.Writer, row flows.RejectedRow, isRow bool, next func() (flows.RejectedRow, error, bool)) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"rejected_at", "column", "reason", "row"}) // Error tells below
	var err error
	for isRow {
		_ = out.Write([]string{inert(row.At), inert(row.Column), inert(row.Reason), inert(row.Row)})
		if out.Error() != nil {
			return nil //nolint:nilerr // the reader has gone; there is nobody to tell
		}
		if row, err, isRow = next(); err != nil {
			return errors.Join(http.ErrAbortHandler, err)
		}
	}
	out.Flush()
	return nil
}

// inert keeps a spreadsheet from taking a value for a formula.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}
