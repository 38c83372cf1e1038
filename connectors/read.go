package connectors

import (
	"context"
	"time"

	"leat/record"
)

// Dataset names something that can be read: a table, a query or a file.
type Dataset struct {
	// Schema and Name are a table's; Name alone may be a file's path.
	Schema string `json:"schema,omitempty"`
	Name   string `json:"name,omitempty"`
	// Only reads the table without those that inherit from it, which are read on their own.
	Only bool `json:"only,omitempty"`
	// Query replaces Schema and Name.
	Query string `json:"query,omitempty"`
	// Options are the descriptor's DatasetOptions by name.
	Options map[string]string `json:"options,omitempty"`
	// Types overrides the logical type of columns (record.ParseType) where the
	// system infers types.
	Types map[string]string `json:"types,omitempty"`
}

// String returns "schema.name", "name" or "query".
func (d Dataset) String() string {
	switch {
	case d.Query != "":
		return "query"
	case d.Schema != "":
		return d.Schema + "." + d.Name
	default:
		return d.Name
	}
}

// DatasetInfo is one entry of a listing.
type DatasetInfo struct {
	Schema, Name string
	// Kind is "table", "view", "materialized view", "foreign table",
	// "partitioned table" or "file".
	Kind string
	// EstimatedRows is -1 when unknown.
	EstimatedRows int64
	// Bytes is -1 when unknown.
	Bytes int64
	// Children are the tables that inherit from this one directly, whose rows are read with
	// it unless Dataset.Only is set; partitions are none.
	Children []Table
	// Key names the columns of the key, as Schema.Key does; nil where there is none.
	Key []string
	// Unreadable says why a pattern leaves the dataset out, as the end of a sentence that
	// begins with its name; "" where nothing does.
	Unreadable string
}

// Description is what is known of a dataset before it is read.
type Description struct {
	Schema record.Schema
	// Cursors names columns that can serve as cursor, best first.
	Cursors []string
	// EstimatedRows is -1 when unknown.
	EstimatedRows int64
	// Warnings are sentences for the user, for example about columns left out.
	Warnings []string
	// Options are the options that were found out, for example a file's delimiter.
	Options map[string]string
}

// Discoverer lists and describes datasets.
type Discoverer interface {
	// Datasets lists what this user may read, sorted by schema and name.
	Datasets(ctx context.Context) ([]DatasetInfo, error)
	// Describe returns schema, key and cursor candidates. Its error is NotFound when
	// there is no such dataset.
	Describe(ctx context.Context, dataset Dataset) (Description, error)
}

// NullPolicy says what happens to rows whose cursor is NULL.
type NullPolicy string

// The NULL policies of a cursor.
const (
	NullsInclude NullPolicy = "include"
	NullsExclude NullPolicy = "exclude"
	NullsFail    NullPolicy = "fail"
)

// OverlapNone is the overlap of a half-open read: rows whose cursor equals the highest one
// wait, and no row with an ordinary cursor comes twice.
const OverlapNone = "none"

// CursorXmin is the name of PostgreSQL's row version as a cursor.
const CursorXmin = "xmin"

// Selection is what to read of one dataset.
type Selection struct {
	Dataset Dataset
	// Columns in order; empty means all.
	Columns []string
	// Key names the columns that identify a row, for keyed reads.
	Key []string
	// Cursor is the column of an incremental read; empty means a whole read.
	Cursor string
	// Position is where the last committed read ended.
	Position Position
	// Overlap is re-read before the position: a duration ("5m") for time cursors, a
	// number for numeric ones, OverlapNone for a half-open read; empty means "0", which
	// still reads rows equal to the position.
	Overlap string
	// Nulls says what happens to rows whose cursor is NULL; empty means include on a
	// first read and exclude later. Endless rows (infinite, NaN) come at every read and
	// never are the position; a half-open read with NullsExclude leaves them out.
	Nulls NullPolicy
	// Limit bounds the rows of a preview; 0 means no bound.
	Limit int64
	// Parts asks for that many parallel parts where the system can; 0 and 1 mean one.
	Parts int
}

// Want is what a load can take as it is. The reader honours it where it can; a reader
// that cannot sends Arrow.
type Want struct {
	// Layouts names the layouts taken untouched, best first. Arrow is always taken.
	Layouts []string
	// Targets lists, per selection, the native type wanted for each source column by
	// name, in the words of System. A missing column has no wish.
	Targets []map[string]string
	// System is the kind whose native types Targets speaks of.
	System string
	// Version is the system's, as its connector counts; 0 when unknown.
	Version int
}

// Extractor reads datasets.
type Extractor interface {
	// Read opens one snapshot over all selections. Batches of one dataset have the
	// columns of its selection, in order, and a constant layout.
	Read(ctx context.Context, selections []Selection, want Want) (Read, error)
}

// Read yields events until io.EOF, which is the proof that the source was read to its
// end. Any other error means the read is partial and must not be applied. Next and
// Close are called by one goroutine.
type Read interface {
	Next(ctx context.Context) (Event, error)
	Close() error
}

// Event is one thing a read yields: exactly one of Batch, Schema and Checkpoint.
type Event struct {
	// Dataset is the index of the selection.
	Dataset int
	// Part is the index of the parallel part, 0 when there is one.
	Part int
	// Batch holds rows. The receiver releases it.
	Batch record.Batch
	// Schema announces the columns of the batches that follow. Every dataset yields it
	// once before its first batch, also when it has no rows.
	Schema *record.Schema
	// Parts comes with Schema: how many parallel parts yield the rows; 0 and 1 mean one.
	Parts int
	// Checkpoint says how far the dataset has been read.
	Checkpoint *Checkpoint
}

// Checkpoint is yielded for each dataset when its last row has been yielded.
type Checkpoint struct {
	// Position to store with the rows; unchanged when the read found nothing newer.
	Position Position
	// Snapshot is the source's time of the snapshot.
	Snapshot time.Time
	// Rows is how many rows the dataset yielded.
	Rows int64
}

// RepeatedKey is one key that several rows of a dataset share.
type RepeatedKey struct {
	// Values are the key's values as text, in the order that was asked; nil is NULL. They
	// are for those who may see rows: never stored, never logged.
	Values []*string
	Rows   int64
}

// KeyChecker asks the rows of a dataset whether columns identify a row. It is an optional
// role of a connection that reads.
type KeyChecker interface {
	// RepeatedKey returns one of the keys that several rows share, or nil when there is
	// none. It reads the whole dataset and gives up when ctx ends.
	RepeatedKey(ctx context.Context, dataset Dataset, key []string) (*RepeatedKey, error)
}
