// Package manifest is configuration as code: the YAML form of authorizers, sources,
// destinations and flows. Parse reads files and refuses them whole, with line numbers;
// Build turns them into domain objects; Compare says what would change; Apply saves
// it; Export writes the same form back. Things refer to each other by name; secrets
// leave as references only.
package manifest

import (
	"fmt"

	"leat/connectors"
)

// Document is one configuration file, or several merged.
type Document struct {
	// Installation is the platform's id, part of every export.
	Installation string        `yaml:"installation,omitempty"`
	Authorizers  []Authorizer  `yaml:"authorizers,omitempty"`
	Sources      []Source      `yaml:"sources,omitempty"`
	Destinations []Destination `yaml:"destinations,omitempty"`
	Flows        []Flow        `yaml:"flows,omitempty"`
}

// Authorizer is the YAML form of an authorizer.
type Authorizer struct {
	Name      string         `yaml:"name"`
	Connector string         `yaml:"connector"`
	Settings  map[string]any `yaml:"settings,omitempty"`
	TLS       *TLS           `yaml:"tls,omitempty"`

	at position
}

// TLS is the YAML form of TLS settings; certificates and key are PEM text.
type TLS struct {
	Mode       string `yaml:"mode"`
	CA         string `yaml:"ca,omitempty"`
	ClientCert string `yaml:"client_cert,omitempty"`
	ClientKey  string `yaml:"client_key,omitempty"`
	ServerName string `yaml:"server_name,omitempty"`

	AllowCleartextPassword bool `yaml:"allow_cleartext_password,omitempty"`
}

// Source is the YAML form of a source.
type Source struct {
	Name       string    `yaml:"name"`
	Authorizer string    `yaml:"authorizer"`
	Datasets   []Dataset `yaml:"datasets"`

	at position
}

// Dataset is the YAML form of a dataset: exactly one of Table, Query, File and Tables.
type Dataset struct {
	Name    string            `yaml:"name,omitempty"`
	Table   *TableName        `yaml:"table,omitempty"`
	Query   string            `yaml:"query,omitempty"`
	File    string            `yaml:"file,omitempty"`
	Tables  string            `yaml:"tables,omitempty"`
	Exclude []string          `yaml:"exclude,omitempty,flow"`
	Columns []string          `yaml:"columns,omitempty,flow"`
	Key     []string          `yaml:"key,omitempty,flow"`
	Cursor  string            `yaml:"cursor,omitempty"`
	Overlap string            `yaml:"overlap,omitempty"`
	Nulls   string            `yaml:"nulls,omitempty"`
	Options map[string]string `yaml:"options,omitempty"`
	Types   map[string]string `yaml:"types,omitempty"`
}

// TableName is a table as "schema.name" or, for names with dots or quotes, as a pair.
type TableName struct {
	Schema string `yaml:"schema,omitempty"`
	Name   string `yaml:"name"`
}

// Destination is the YAML form of a destination.
type Destination struct {
	Name          string `yaml:"name"`
	Authorizer    string `yaml:"authorizer"`
	DefaultSchema string `yaml:"default_schema,omitempty"`

	at position
}

// Flow is the YAML form of a flow.
type Flow struct {
	Name        string    `yaml:"name"`
	Destination string    `yaml:"destination"`
	Schedule    *Schedule `yaml:"schedule,omitempty"`
	Paused      bool      `yaml:"paused,omitempty"`
	// Atomic is "flow" or empty.
	Atomic           string   `yaml:"atomic,omitempty"`
	Parallelism      int      `yaml:"parallelism,omitempty"`
	LockTimeout      string   `yaml:"lock_timeout,omitempty"`
	StatementTimeout string   `yaml:"statement_timeout,omitempty"`
	BatchTimeout     string   `yaml:"batch_timeout,omitempty"`
	Streams          []Stream `yaml:"streams"`

	at position
}

// Schedule is the YAML form of a schedule.
type Schedule struct {
	Cron     string `yaml:"cron"`
	TimeZone string `yaml:"time_zone,omitempty"`
	Missed   string `yaml:"missed,omitempty"`
	Overlap  string `yaml:"overlap,omitempty"`
}

// Stream is the YAML form of a stream.
type Stream struct {
	From          Inputs     `yaml:"from"`
	Table         Target     `yaml:"table"`
	WriteMode     string     `yaml:"write_mode"`
	UniqueColumns []string   `yaml:"unique_columns,omitempty,flow"`
	StateKey      string     `yaml:"state_key,omitempty"`
	Layout        string     `yaml:"layout,omitempty"`
	CreateIndexes *bool      `yaml:"create_indexes,omitempty"`
	Unique        [][]string `yaml:"unique,omitempty,flow"`
	Drift         string     `yaml:"drift,omitempty"`
	Rejects       *int64     `yaml:"rejects,omitempty"`
	Replace       string     `yaml:"replace,omitempty"`
	MinRowsRatio  float64    `yaml:"min_rows_ratio,omitempty"`
	LoadedAt      bool       `yaml:"loaded_at,omitempty"`
	RunID         bool       `yaml:"run_id,omitempty"`
	Parts         int        `yaml:"parts,omitempty"`
	Writers       int        `yaml:"writers,omitempty"`

	Takeover       Takeover `yaml:"takeover,omitempty"`
	Narrowing      string   `yaml:"narrowing,omitempty"`
	Triggers       string   `yaml:"triggers,omitempty"`
	Duplicates     string   `yaml:"duplicates,omitempty"`
	CompareWithout []string `yaml:"compare_without,omitempty,flow"`
	Keyless        string   `yaml:"keyless,omitempty"`
	AppendAll      bool     `yaml:"append_all,omitempty"`
}

// Takeover is true, false, ask, or for a pattern the list of the tables that are taken over.
type Takeover struct {
	Answer string
	Tables []string
}

// IsZero leaves it out of an export.
func (t Takeover) IsZero() bool { return t.Answer == "" && len(t.Tables) == 0 }

// UnmarshalYAML takes a word or a list of names.
func (t *Takeover) UnmarshalYAML(unmarshal func(any) error) error {
	if err := unmarshal(&t.Tables); err == nil {
		return nil
	}
	t.Tables = nil
	if err := unmarshal(&t.Answer); err != nil {
		return err
	}
	if t.Answer == "false" {
		t.Answer = ""
	}
	return nil
}

// MarshalYAML writes true without quotes.
func (t Takeover) MarshalYAML() (any, error) {
	switch {
	case len(t.Tables) > 0:
		return t.Tables, nil
	case t.Answer == "true":
		return true, nil
	default:
		return t.Answer, nil
	}
}

// Input names a dataset of a source.
type Input struct {
	Source  string `yaml:"source"`
	Dataset string `yaml:"dataset"`
	As      string `yaml:"as,omitempty"`
}

// Inputs is one input, or a list of them.
type Inputs []Input

// UnmarshalYAML takes a mapping or a list of mappings.
func (in *Inputs) UnmarshalYAML(unmarshal func(any) error) error {
	var list []Input
	if err := unmarshal(&list); err == nil {
		*in = list
		return nil
	}
	var one Input
	if err := unmarshal(&one); err != nil {
		return err
	}
	*in = Inputs{one}
	return nil
}

// MarshalYAML writes a single input without a list.
func (in Inputs) MarshalYAML() (any, error) {
	if len(in) == 1 {
		return in[0], nil
	}
	return []Input(in), nil
}

// UnmarshalYAML takes "schema.name" or {schema: …, name: …}.
func (t *TableName) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if err := unmarshal(&text); err == nil {
		t.Schema, t.Name = splitTable(text)
		return nil
	}
	type plain TableName // without this method
	var pair plain
	if err := unmarshal(&pair); err != nil {
		return tableShape(err)
	}
	*t = TableName(pair)
	return nil
}

// MarshalYAML writes "schema.name" where that reads back the same.
func (t TableName) MarshalYAML() (any, error) {
	text := connectors.Dataset{Schema: t.Schema, Name: t.Name}.String()
	if schema, name := splitTable(text); schema == t.Schema && name == t.Name {
		return text, nil
	}
	type plain TableName
	return plain(t), nil
}

// splitTable splits at the first dot.
func splitTable(text string) (schema, name string) {
	for i, r := range text {
		if r == '.' {
			return text[:i], text[i+1:]
		}
	}
	return "", text
}

// position is where an object stands, for messages.
type position struct {
	file string
	line int
}

// String returns "file:line", or nothing for objects that come from no file.
func (p position) String() string {
	if p.file == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", p.file, p.line)
}
