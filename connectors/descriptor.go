package connectors

import (
	"slices"
	"strings"
)

// Descriptor is the static half of a connector.
type Descriptor struct {
	// Kind is the word in configuration files, for example "postgres".
	Kind string
	// Title is the name people know, for example "PostgreSQL".
	Title string
	// Summary is one sentence for the page that picks a connector.
	Summary string
	// Settings are the fields of the authorizer's form, in order.
	Settings []Field
	// URLSchemes are the schemes of connection strings that ParseURL takes, for
	// example "postgres" and "postgresql"; empty when the kind has no URL form.
	URLSchemes []string
	// ParseURL splits a connection string into settings and a TLS mode (empty when
	// the string has none). Parameters that are not understood come back by name.
	ParseURL func(raw string) (ParsedURL, error)
	// Where says in a few words where an authorizer leads, for lists:
	// "127.0.0.1:5432/shop". It never holds a secret.
	Where func(Settings) string
	// Capabilities is what the system can do.
	Capabilities Capabilities
}

// ParsedURL is a connection string in fields.
type ParsedURL struct {
	Settings Settings
	// TLSMode is one of the five modes or empty.
	TLSMode string
	// Unknown names the parameters that were left out.
	Unknown []string
}

// FieldType is how a field is typed and drawn.
type FieldType string

// The field types.
const (
	FieldText   FieldType = "text"
	FieldSecret FieldType = "secret"
	FieldNumber FieldType = "number"
	FieldBool   FieldType = "bool"
	FieldChoice FieldType = "choice"
)

// Field is one setting of an authorizer or one option of a dataset.
type Field struct {
	Name     string
	Label    string
	Type     FieldType
	Required bool
	Default  string
	Help     string
	// Advanced fields stand behind a fold.
	Advanced bool
	// Choices are the values of a FieldChoice.
	Choices []string
	// Min and Max bound a FieldNumber; both 0 mean no bounds.
	Min, Max int64
}

// Field returns the setting of that name.
func (d Descriptor) Field(name string) (Field, bool) {
	i := slices.IndexFunc(d.Settings, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return d.Settings[i], true
}

// Atomicity is how much of a load appears at once.
type Atomicity string

// The levels of atomicity. Below AtomicTable a load is at least once, idempotent by
// key.
const (
	AtomicFlow      Atomicity = "flow"
	AtomicTable     Atomicity = "table"
	AtomicStatement Atomicity = "statement"
	AtomicNone      Atomicity = "none"
)

// Capabilities is what a system can do, as data. The pages, the validation and the
// engine read it; the connector suite proves that everything declared works.
type Capabilities struct {
	// Reads and Loads are the roles.
	Reads, Loads bool
	// Networked systems take TLS; the others are local and name their node.
	Networked bool
	// Queries says that a dataset may be a query in the system's language.
	Queries bool
	// Cursors says that a dataset may be read incrementally.
	Cursors bool
	// WriteModes lists what Begin accepts.
	WriteModes []WriteMode
	// Recipes lists the ways of truncate_insert that may be asked for beside auto.
	Recipes []Replace
	// RawLayout says that LayoutRaw is offered.
	RawLayout bool
	// Atomicity of one load.
	Atomicity Atomicity
	// DefaultSchema is the initial default schema of a destination.
	DefaultSchema string
	// FoldsCase says that names of tables and columns count without case.
	FoldsCase bool
	// MaxIdentifier is the longest name in bytes; 0 means no limit.
	MaxIdentifier int
	// MaxColumns is the most columns of a table; 0 means no limit.
	MaxColumns int
	// Writers is how many sessions may write one table at once; 0 and 1 mean one.
	Writers int
	// Parallelism is the most streams that may load at once.
	Parallelism int
	// DatasetOptions are the options of one dataset, for example a CSV delimiter.
	DatasetOptions []Field
	// Types maps native types to logical types.
	Types []TypeMapping
}

// TypeMapping is one row of a system's type table.
type TypeMapping struct {
	Native  string
	Logical string
	// Lossy says in words what the logical type cannot hold; empty when exact.
	Lossy string
}

// Fold returns a name as the system tells it from others.
func (c Capabilities) Fold(name string) string {
	if c.FoldsCase {
		return strings.ToLower(name)
	}
	return name
}

// OffersRecipe says whether a way of truncate_insert may be asked for.
func (c Capabilities) OffersRecipe(recipe Replace) bool {
	return recipe == "" || recipe == ReplaceAuto || slices.Contains(c.Recipes, recipe)
}

// Offers says whether mode is offered.
func (c Capabilities) Offers(mode WriteMode) bool { return slices.Contains(c.WriteModes, mode) }
