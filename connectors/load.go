package connectors

import (
	"context"
	"slices"
	"time"

	"leat/record"
)

// WriteMode is what happens to the rows of the target.
type WriteMode string

// The write modes.
const (
	Insert         WriteMode = "insert"
	InsertIgnore   WriteMode = "insert_ignore"
	TruncateInsert WriteMode = "truncate_insert"
	Upsert         WriteMode = "upsert"
	Update         WriteMode = "update"
	Delete         WriteMode = "delete"
	DeleteInsert   WriteMode = "delete_insert"
	History        WriteMode = "history"
)

// WriteModes lists all modes in the order of the pages.
func WriteModes() []WriteMode {
	return []WriteMode{Insert, InsertIgnore, TruncateInsert, Upsert, Update, Delete, DeleteInsert, History}
}

// NeedsKey says whether the mode works by unique columns.
func (m WriteMode) NeedsKey() bool { return m != Insert && m != TruncateInsert }

// Collapses says whether the mode stores one of several rows of one key, so that the others
// are lost.
func (m WriteMode) Collapses() bool {
	return m == InsertIgnore || m == Upsert || m == Update || m == History
}

// TableLayout is the shape of the target table.
type TableLayout string

// The table layouts. LayoutRaw is exactly ab_id varchar, emitted_at timestamptz,
// data jsonb.
const (
	LayoutColumns TableLayout = "columns"
	LayoutRaw     TableLayout = "raw"
)

// Drift says what happens when the source's columns no longer fit the target.
type Drift string

// The drift policies.
const (
	DriftReport Drift = "report"
	DriftAdd    Drift = "add"
	DriftWiden  Drift = "widen"
	DriftRefuse Drift = "refuse"
)

// Replace says how truncate_insert replaces rows.
type Replace string

// The recipes of truncate_insert. Auto picks the cheapest that keeps every promise.
const (
	ReplaceAuto         Replace = "auto"
	ReplaceMerge        Replace = "merge"
	ReplaceDeleteInsert Replace = "delete_insert"
	ReplaceSwap         Replace = "swap"
)

// Recipes lists the recipes that may be asked for beside auto.
func Recipes() []Replace { return []Replace{ReplaceMerge, ReplaceDeleteInsert, ReplaceSwap} }

// Takeover says whether a load may remove rows that its stream does not own: it made the
// table, found it empty, or took it over before.
type Takeover string

// The answers to the question of a takeover. With TakeoverAsk the load is refused like
// with TakeoverNo, and the engine skips the stream until a person has answered.
const (
	TakeoverNo  Takeover = ""
	TakeoverYes Takeover = "true"
	TakeoverAsk Takeover = "ask"
)

// Narrowing says what a target column that is narrower than the source's is for.
type Narrowing string

// The policies of narrower columns: each value is checked to fit exactly, or the column is
// refused by its type.
const (
	NarrowingCheck  Narrowing = "check"
	NarrowingRefuse Narrowing = "refuse"
)

// Triggers says what happens when triggers or rules stand on the target.
type Triggers string

// The policies of triggers and rules: name them and what they changed, or refuse them.
const (
	TriggersReport Triggers = "report"
	TriggersRefuse Triggers = "refuse"
)

// Duplicates says what several rows of one key in one read mean.
type Duplicates string

// The policies of duplicates: one row is stored and the rest are told in a warning; the
// newest by the cursor is stored without one; or the load fails.
const (
	DuplicatesWarn   Duplicates = "warn"
	DuplicatesNewest Duplicates = "newest"
	DuplicatesRefuse Duplicates = "refuse"
)

// Table is a schema-qualified name, exactly as spelled.
type Table struct {
	Schema, Name string
}

// String returns "schema.name".
func (t Table) String() string { return t.Schema + "." + t.Name }

// Target is one table to load and how.
type Target struct {
	Table Table
	// StateKey is "flow/table", frozen when the stream was created.
	StateKey string
	// Fingerprint identifies what is read (dataset, columns, cursor); behind a dot it may
	// identify dataset and cursor alone. A stored position with another fingerprint is not
	// used: the load asks for a whole read. A load that would append such a read again goes
	// on from the position where dataset and cursor are the same, and is refused else.
	Fingerprint string
	// Schema is what will arrive, with the source's native types.
	Schema record.Schema
	// SourceKind is the connector that reads, so that native types can be told apart.
	SourceKind string
	Mode       WriteMode
	// Unique names the columns that identify a row; required when Mode.NeedsKey.
	Unique []string
	// Cursor is the source's cursor column, empty for a whole read. Among rows of one
	// key the highest cursor wins, then the last read; without KeyEnforced the target's row
	// is one of them, unless in a full refresh.
	Cursor string
	// Overlap is the selection's overlap; "none" says that no row comes twice.
	Overlap string
	// Nulls is the selection's policy for rows whose cursor is NULL.
	Nulls  NullPolicy
	Layout TableLayout
	Drift  Drift
	// Replace is the recipe of truncate_insert.
	Replace Replace
	// CreateIndexes allows indexes on a table that the load creates.
	CreateIndexes bool
	// UniqueHints are more unique indexes for a created table.
	UniqueHints [][]string
	// RejectLimit is how many rows may be rejected; -1 means no limit.
	RejectLimit int64
	// MinRowsRatio refuses a whole read with fewer rows than this share of the last
	// good one (0 to 1); 0 refuses only an empty read over a filled table, -1 nothing.
	MinRowsRatio float64
	// LoadedAt and RunID add the columns _loaded_at and _run_id.
	LoadedAt, RunID bool
	// FullRefresh ignores the stored position.
	FullRefresh bool
	// Writers is how many sessions may write at once; 0 and 1 mean one.
	Writers int
	// Takeover allows to remove rows that the stream does not own.
	Takeover Takeover
	// Narrowing, Triggers and Duplicates are policies; empty means check, report and warn.
	Narrowing  Narrowing
	Triggers   Triggers
	Duplicates Duplicates
	// CompareWithout names target columns that do not make a row differ.
	CompareWithout []string
	// Limits bound what the load may wait for.
	Limits LoadLimits
}

// KeyEnforced says that the unique columns are the source's enforced key, so that no two
// rows of the source share them.
func (t Target) KeyEnforced() bool {
	key, unique := slices.Clone(t.Schema.Key), slices.Clone(t.Unique)
	slices.Sort(key)
	slices.Sort(unique)
	return len(key) > 0 && !t.Schema.KeyLoose && slices.Equal(key, unique)
}

// LoadLimits are time limits at the destination; 0 means the connector's default.
type LoadLimits struct {
	Lock, Statement, Batch time.Duration
}

// TargetState is what the destination remembers of a stream.
type TargetState struct {
	// Position to read from; empty for a whole read.
	Position Position
	// Fence is the number this load owns.
	Fence int64
	// Applied is set when this run has already been applied to this target: the
	// engine reads nothing and reports these counts.
	Applied *Report
	// Table is the name in use, after shortening.
	Table Table
	// Created says that the load will create the table.
	Created bool
	// Warnings are sentences for the run page, for example about new columns.
	Warnings []string
}

// Close ends the rows of one target. RowsRead must equal the rows written.
type Close struct {
	RowsRead int64
	Position Position
	// Whole says that the read covered the whole dataset.
	Whole bool
	// Snapshot is the source's time of the snapshot.
	Snapshot time.Time
}

// Counts say what became of every row read: Read = Written + Unchanged + Duplicate +
// Skipped + Rejected. Changed is the number of rows changed in the target; the rows that
// went with a table that was swapped are not counted, since that would read it whole.
type Counts struct {
	Read      int64 `json:"rows_read"`
	Written   int64 `json:"rows_written"`
	Unchanged int64 `json:"rows_unchanged"`
	Duplicate int64 `json:"rows_duplicate"`
	Skipped   int64 `json:"rows_skipped"`
	Rejected  int64 `json:"rows_rejected"`
	Changed   int64 `json:"rows_changed"`
	Bytes     int64 `json:"bytes"`
}

// Balanced says whether every row read ended in exactly one count.
func (c Counts) Balanced() bool {
	return c.Read == c.Written+c.Unchanged+c.Duplicate+c.Skipped+c.Rejected
}

// Report is what a committed load did to one target.
type Report struct {
	Counts
	// Recipe names the way taken, for example "create+copy" or "delete+insert".
	Recipe string
	// Reason says why that recipe.
	Reason string
	// Warnings are sentences for the run page.
	Warnings []string
	// RejectReasons counts rejected rows by column and reason, without values.
	RejectReasons []RejectCount
}

// RejectCount is how many rows were rejected for one reason.
type RejectCount struct {
	Column, Reason string
	Rows           int64
}

// Plan is what a load would do to one target, found without writing.
type Plan struct {
	Table  Table
	Exists bool
	// Columns maps source columns to target columns after shortening.
	Columns map[string]string
	// Statements are the DDL statements that the load would run.
	Statements []string
	// Warnings are sentences; Refusal is set when Begin would refuse.
	Warnings []string
	Refusal  *Error
}

// SchemaInfo is a schema of the destination.
type SchemaInfo struct {
	Name string
	// Writable says that this user may create tables in it.
	Writable bool
}

// Loader writes tables.
type Loader interface {
	// Schemas lists the schemas this user can see.
	Schemas(ctx context.Context) ([]SchemaInfo, error)
	// Plan says what Begin and Commit would do. It changes nothing; the id has no run.
	Plan(ctx context.Context, id LoadID, targets []Target) ([]Plan, error)
	// Begin claims the targets: it takes the destination's fence for every target, ends
	// older loads of the same streams and reads their state. It runs before the source
	// is read. Several targets are one atomic load.
	Begin(ctx context.Context, id LoadID, targets []Target) (Load, error)
	// Resolve finds out whether a run was applied after the answer to its COMMIT was
	// lost, under the lock of the state row. One report per target; a nil entry means
	// that the run was not applied to that target. With ending, no earlier attempt of the
	// run can store rows there any more once the answer is nil.
	Resolve(ctx context.Context, id LoadID, targets []Target, ending bool) ([]*Report, error)
}

// Load is one atomic write into the targets of Begin. After Begin exactly one of
// Commit and Abort takes effect; Abort is idempotent and harmless after Commit, so
// that defer works. No method may follow Commit or Abort.
type Load interface {
	// States returns one entry per target.
	States() []TargetState
	// Want says what the load takes as it is.
	Want() Want
	// Announce gives the schema of the batches that follow for a target, before its
	// first batch. It refuses a schema that no longer fits (drift).
	Announce(ctx context.Context, target int, schema record.Schema) error
	// Write takes over the batch. Writes of different parts may be concurrent, writes
	// of one part are in order.
	Write(ctx context.Context, target, part int, batch record.Batch) error
	// Commit applies everything and stores the positions, or nothing. One Close and one
	// Report per target. It refuses when counts do not add up. An Error of kind Unknown
	// means that the answer was lost and Resolve must tell.
	Commit(ctx context.Context, closes []Close) ([]Report, error)
	// Abort undoes everything. It works with a cancelled context as well.
	Abort(ctx context.Context) error
}

// PartedLoad is a Load that can write the parts of a read at once.
type PartedLoad interface {
	Load
	// Parts says how many parts will come for a target. It comes before Announce; without
	// it there is one.
	Parts(target, parts int)
}

// StateRow is one stream's state as the destination keeps it.
type StateRow struct {
	Installation string
	StateKey     string
	Table        Table
	Fence        int64
	Position     Position
	Fingerprint  string
	UpdatedAt    time.Time
}

// StateKeeper shows and edits load state. Editing takes the fence, so that a running
// load of the stream fails instead of overwriting the edit.
type StateKeeper interface {
	// States lists the state rows kept in a schema, of all installations.
	States(ctx context.Context, schema string) ([]StateRow, error)
	// SaveState stores a position for a stream ("" resets it).
	SaveState(ctx context.Context, schema string, row StateRow) error
	// AdoptState makes installation the owner of another installation's row.
	AdoptState(ctx context.Context, schema, stateKey, from, installation string) error
	// DropState removes a stream's rows from the state tables.
	DropState(ctx context.Context, schema, installation, stateKey string) error
}

// RejectKeeper finds the rows that loads could not store and kept beside a table.
type RejectKeeper interface {
	// Rejects selects the kept rows of one run. The columns are rejected_at,
	// column_name (NULL when the reason is about the row), reason, and row_data: the row
	// as JSON, NULL where it could not even be decoded.
	Rejects(table Table, run string) (Selection, error)
}
