// Package flows is the domain of what moves: sources (what to read), destinations
// (where to write), flows (which source goes to which table, how and when) and runs
// (one execution of a flow). It holds their rules and the stores they need; it does
// no I/O of its own.
package flows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"leat/connectors"
)

// Source is a saved selection on an authorizer.
type Source struct {
	ID           string
	Name         string
	AuthorizerID string
	Datasets     []SourceDataset

	CreatedAt, UpdatedAt time.Time
}

// SourceDataset is one dataset of a source, or a pattern over many.
type SourceDataset struct {
	// Name is how streams refer to it: "public.orders", "big-spenders".
	Name    string             `json:"name"`
	Dataset connectors.Dataset `json:"dataset"`
	// Pattern selects tables such as "public.*"; Dataset is empty then.
	Pattern string `json:"pattern,omitempty"`
	// Exclude are patterns taken out of Pattern.
	Exclude []string `json:"exclude,omitempty"`
	// Columns in order; empty means all.
	Columns []string `json:"columns,omitempty"`
	// Key replaces the primary key; empty means the primary key.
	Key []string `json:"key,omitempty"`
	// Cursor is the column of incremental reads; empty means whole reads.
	Cursor string `json:"cursor,omitempty"`
	// Overlap is re-read before the position: "5m", "100" or "none".
	Overlap string `json:"overlap,omitempty"`
	// Nulls says what happens to rows whose cursor is NULL.
	Nulls connectors.NullPolicy `json:"nulls,omitempty"`
}

// Dataset finds a dataset by the name that streams use.
func (s Source) Dataset(name string) (SourceDataset, bool) {
	for _, dataset := range s.Datasets {
		if dataset.Name == name {
			return dataset, true
		}
	}
	return SourceDataset{}, false
}

// Destination is an authorizer with a default schema and load options.
type Destination struct {
	ID                   string
	Name                 string
	AuthorizerID         string
	DefaultSchema        string
	CreatedAt, UpdatedAt time.Time
}

// Flow is a schedule, a destination and one or more streams.
type Flow struct {
	ID            string
	Name          string
	DestinationID string
	Schedule      Schedule
	Streams       []Stream
	Options       FlowOptions
	Paused        bool

	CreatedAt, UpdatedAt time.Time
}

// FlowOptions are options of a whole flow, with defaults when zero.
type FlowOptions struct {
	// AtomicFlow reads all streams in one snapshot and commits them together.
	AtomicFlow bool `json:"atomic_flow,omitempty"`
	// Parallelism is how many streams run at once; 0 means DefaultParallelism.
	Parallelism int `json:"parallelism,omitempty"`
	// LockTimeout, StatementTimeout and BatchTimeout are durations such as "30s";
	// empty means the connector's default.
	LockTimeout      string `json:"lock_timeout,omitempty"`
	StatementTimeout string `json:"statement_timeout,omitempty"`
	BatchTimeout     string `json:"batch_timeout,omitempty"`
}

// DefaultParallelism is how many streams of a flow run at once.
const DefaultParallelism = 4

// Schedule says when a flow runs. The zero value is a manual flow.
type Schedule struct {
	// Cron has five fields; empty means manual.
	Cron string `json:"cron,omitempty"`
	// TimeZone is an IANA name; empty means UTC.
	TimeZone string `json:"time_zone,omitempty"`
	// Missed is the policy for due times that passed while the server was down:
	// "skip", "once" or "each"; empty means once.
	Missed string `json:"missed,omitempty"`
	// Overlap is the policy for a due time while a run is active: "skip" or "queue";
	// empty means skip.
	Overlap string `json:"overlap,omitempty"`
}

// Manual says that nothing but a person starts the flow.
func (s Schedule) Manual() bool { return s.Cron == "" }

// Stream is one dataset on its way to one table.
type Stream struct {
	From []StreamInput `json:"from"`
	// Table is the target as typed: "schema.table", "table" or, for a pattern,
	// "schema.{table}".
	Table     string               `json:"table"`
	WriteMode connectors.WriteMode `json:"write_mode"`
	// Unique names the unique columns; empty means the dataset's key.
	Unique []string `json:"unique_columns,omitempty"`
	// StateKey is "flow/table", frozen at creation.
	StateKey string                 `json:"state_key"`
	Layout   connectors.TableLayout `json:"layout,omitempty"`
	// CreateIndexes is nil for the default (true).
	CreateIndexes *bool              `json:"create_indexes,omitempty"`
	UniqueHints   [][]string         `json:"unique,omitempty"`
	Drift         connectors.Drift   `json:"drift,omitempty"`
	Rejects       *int64             `json:"rejects,omitempty"`
	Replace       connectors.Replace `json:"replace,omitempty"`
	MinRowsRatio  float64            `json:"min_rows_ratio,omitempty"`
	LoadedAt      bool               `json:"loaded_at,omitempty"`
	RunID         bool               `json:"run_id,omitempty"`
	// Parts asks for that many parallel parts of one big table; 0 means one.
	Parts int `json:"parts,omitempty"`
	// Writers asks for that many sessions that write at once, and for as many parts at
	// least; 0 means one.
	Writers int `json:"writers,omitempty"`
	// Takeover says whether rows that the stream does not own may be removed; of a pattern
	// TakeoverTables names the tables of which they may.
	Takeover       connectors.Takeover `json:"takeover,omitempty"`
	TakeoverTables []string            `json:"takeover_tables,omitempty"`
	// Narrowing, Triggers and Duplicates are policies; empty means check, report and warn.
	Narrowing  connectors.Narrowing  `json:"narrowing,omitempty"`
	Triggers   connectors.Triggers   `json:"triggers,omitempty"`
	Duplicates connectors.Duplicates `json:"duplicates,omitempty"`
	// CompareWithout names target columns that do not make a row differ.
	CompareWithout []string `json:"compare_without,omitempty"`
	// Keyless says what becomes of the tables of a pattern that have no key, where the
	// write mode works by one; empty means refuse.
	Keyless Keyless `json:"keyless,omitempty"`
	// AppendAll is the consent that each run appends all rows again.
	AppendAll bool `json:"append_all,omitempty"`
}

// Keyless is what becomes of tables without a key.
type Keyless string

// The policies of tables without a key. KeylessReplace loads them by truncate_insert.
const (
	KeylessRefuse  Keyless = "refuse"
	KeylessSkip    Keyless = "skip"
	KeylessReplace Keyless = "truncate_insert"
)

// StreamInput names a dataset of a source.
type StreamInput struct {
	SourceID string `json:"source_id"`
	// Dataset is a SourceDataset.Name.
	Dataset string `json:"dataset"`
	// As names the input when there are several.
	As string `json:"as,omitempty"`
}

// Errors of the stores.
var (
	ErrNotFound  = errors.New("there is no such thing")
	ErrNameTaken = errors.New("the name is in use")
	ErrInUse     = errors.New("it is in use")
)

// NotFound names what was looked for.
func NotFound(noun, name string) error {
	return fmt.Errorf("there is no %s %q: %w", noun, name, ErrNotFound)
}

// InUseError refuses a deletion and names what is in the way.
type InUseError struct {
	Noun  string
	Users []string
}

// Error names the users.
func (e *InUseError) Error() string {
	return fmt.Sprintf("the %s is used by %s; change or delete them first", e.Noun, strings.Join(e.Users, ", "))
}

// Unwrap makes errors.Is(err, ErrInUse) true.
func (e *InUseError) Unwrap() error { return ErrInUse }

// Reads says whether a stream of the flow reads the source.
func (f Flow) Reads(sourceID string) bool {
	for _, stream := range f.Streams {
		for _, input := range stream.From {
			if input.SourceID == sourceID {
				return true
			}
		}
	}
	return false
}
