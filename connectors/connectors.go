// Package connectors is the contract between Leat and the systems it moves rows
// between. It has a static half without I/O (Descriptor and Capabilities, which the
// pages, the validation, the engine and the documentation all read) and a live half:
// Open gives a Connection, which plays one or more roles. A role is asserted on the
// connection:
//
//	Discoverer   lists datasets and describes one
//	Extractor    reads one or many datasets in one snapshot
//	Loader       plans, begins and resolves loads
//	StateKeeper  shows and edits the load state kept beside the tables
//
// Nothing above this package reads a vendor's error text: each system maps its
// driver's errors to one Error.
package connectors

import (
	"context"
	"log/slog"
	"net"
	"os"

	"leat/dial"
)

// Connector is one kind of system, such as postgres.
type Connector interface {
	// Descriptor returns constant data; it does no I/O.
	Descriptor() Descriptor
	// Open connects. It validates settings first and refuses with an *Error of kind
	// Config that names the setting. The caller closes the connection.
	Open(ctx context.Context, settings Settings, env Env) (Connection, error)
}

// Env is what a connector may use of the world outside.
type Env struct {
	// Dial is the only way to open a network connection.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is the authorizer's TLS setting.
	TLS dial.TLS
	// Files opens files named by users; nil where a system needs none.
	Files Files
	// Application names the session at the far end, for example in
	// pg_stat_activity.application_name. Loads add stream and fence to it.
	Application string
	// Flow names the flow for systems whose settings may mention it; empty outside of
	// flows.
	Flow string
	// Log takes lines for the operator. No row values.
	Log *slog.Logger
}

// Files opens files below the folders that the operator allows (LEAT_FILES). A name
// is relative to the first folder or absolute inside one of them; a name that leaves
// them is an *Error of kind Config.
type Files interface {
	// Open opens a file for reading.
	Open(name string) (*os.File, error)
	// Path returns the absolute path for a system that must open the file itself.
	// Neither the file nor its folder need exist.
	Path(name string) (string, error)
	// MakeFolder makes the folders of a file that are missing.
	MakeFolder(name string) error
	// List names the files below the folders that end in one of the suffixes.
	List(suffixes ...string) ([]string, error)
}

// MaxRowBytes is the size of the largest row that Leat moves: so much of one row may stand
// in memory at once. A larger one is refused.
const MaxRowBytes = 64 << 20

// Connection is one open way into a system. It is used by one goroutine at a time
// unless a role says otherwise.
type Connection interface {
	// Check proves that the connection is usable and reports its stages (server,
	// rights, ...) through dial.Report. It changes nothing.
	Check(ctx context.Context) error
	// Close frees everything. It is safe to call twice.
	Close(ctx context.Context) error
}

// Settings are an authorizer's decoded settings by field name, secrets included. The
// type prints field names only.
type Settings map[string]string

// String returns "settings" so that no value reaches a log.
func (s Settings) String() string { return "settings(***)" }

// GoString is String.
func (s Settings) GoString() string { return s.String() }

// LogValue is String.
func (s Settings) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Position is where an incremental read stands, per dataset. It is JSON text and
// opaque to all but the connector that made it; empty means "from the start".
type Position string

// LoadID says whose load this is.
type LoadID struct {
	// Installation is the id of the platform that owns the state rows.
	Installation string
	// Flow is the flow's name, for messages and the far end's session name.
	Flow string
	// Run is the run's id. A run applies each target at most once.
	Run string
}
