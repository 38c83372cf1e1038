package postgres

import (
	"log/slog"
	"testing"

	"leat/connectors"
	"leat/record"
)

// panics is a batch that a writer cannot take apart.
type panics struct{ record.Batch }

func (panics) Rows() int             { return 1 }
func (panics) Bytes() int            { return 1 }
func (panics) Layout() record.Layout { return nil }
func (panics) Release()              { panic("a row value") }

func TestAPanicOfAWriterEndsNothingButItsLoad(t *testing.T) {
	t.Parallel()
	c, admin := wideShop(t)
	c.env.Log = slog.New(slog.DiscardHandler)
	load, end := begun(t, inParts(t, c, connectors.Upsert))
	if err := load.Write(t.Context(), 0, 0, panics{}); err != nil {
		t.Fatal(err)
	}
	_, err := load.Commit(t.Context(), []connectors.Close{end})
	wantKind(t, err, connectors.Internal)
	wantRows(t, admin, "SELECT * FROM dwh.t", "(-1,old,0,0)")
}
