// Package duckdb reads and loads DuckDB database files on the machine that runs Leat. A
// file is open only while something is done with it, so that other programs can use it
// in between, and DuckDB runs in the cage of package internal/duck.
package duckdb

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"sync"
	"time"

	"leat/connectors"
	"leat/dial"
	"leat/internal/duck"
)

// Kind is the connector's word in configuration files.
const Kind = "duckdb"

// The names of the settings.
const (
	settingPath   = "path"
	settingMemory = "memory_limit"
)

// defaultSchema is the schema that every database has.
const defaultSchema = "main"

// connector makes connections. They share open files, because a file can be open only
// once in a process.
type connector struct {
	opener *opener
}

// New returns the connector of kind "duckdb".
func New() connectors.Connector {
	return connector{opener: &opener{open: map[string]*shared{}}}
}

// Descriptor returns the static half.
func (connector) Descriptor() connectors.Descriptor {
	return connectors.Descriptor{
		Kind: Kind, Title: "DuckDB",
		Summary: "A DuckDB database file on this machine, to read or to load; nothing to install.",
		Settings: []connectors.Field{
			{
				Name: settingPath, Label: "File", Type: connectors.FieldText, Required: true, Default: "{flow}.duckdb",
				Help: "A file below the folders of LEAT_FILES; {flow} stands for the flow's name. :memory: forgets everything at the end.",
			},
			{
				Name: settingMemory, Label: "Memory limit", Type: connectors.FieldText, Default: "512MB", Advanced: true,
				Help: "What DuckDB may use, such as 512MB or 2GB; more work spills to disk.",
			},
		},
		URLSchemes: []string{Kind},
		ParseURL:   parseURL,
		Where:      func(s connectors.Settings) string { return s[settingPath] },
		Capabilities: connectors.Capabilities{
			Reads: true, Loads: true, Queries: true, Cursors: true,
			WriteModes: connectors.WriteModes(), Recipes: recipes, Atomicity: connectors.AtomicFlow,
			DefaultSchema: defaultSchema, FoldsCase: true, Parallelism: 1, Types: typeTable(),
		},
	}
}

// connection is one authorizer's way to its file.
type connection struct {
	opener *opener
	files  connectors.Files
	path   string
	flow   string
	memory string

	mu sync.Mutex
	// transient is the database of :memory:, made at first use.
	transient *duck.DB
}

// Open checks the settings. The file is opened when it is needed.
func (c connector) Open(_ context.Context, settings connectors.Settings, env connectors.Env) (connectors.Connection, error) {
	conn := &connection{opener: c.opener, files: env.Files, path: plainMemory(settings[settingPath]), flow: env.Flow, memory: settings[settingMemory]}
	if conn.path == "" {
		return nil, &connectors.Error{Kind: connectors.Config, Message: "the setting path is empty", Fix: "Name a database file, such as warehouse.duckdb."}
	}
	if err := refuseCloud(conn.path); err != nil {
		return nil, err
	}
	if err := checkMemory(conn.memory); err != nil {
		return nil, err
	}
	if conn.path == duck.Memory || unnamed(conn.path, conn.flow) {
		return conn, nil
	}
	if _, err := conn.file(conn.flow); err != nil {
		return nil, err
	}
	return conn, nil
}

// size is how DuckDB's settings write a size.
var size = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]+)? ?([KMGT]i?)?B$`)

func checkMemory(limit string) error {
	if limit == "" || size.MatchString(limit) {
		return nil
	}
	return &connectors.Error{
		Kind: connectors.Config, Message: fmt.Sprintf("the setting memory_limit is %q, which is not understood", limit),
		Fix: "Write a size such as 512MB or 2GB.",
	}
}

// Check opens the file, or says that the first load will make it.
func (c *connection) Check(ctx context.Context) error {
	start := time.Now()
	detail, err := c.look(ctx)
	dial.Report(ctx, dial.Stage{Name: "open", Detail: detail, Duration: time.Since(start), Err: err})
	return err
}

func (c *connection) look(ctx context.Context) (string, error) {
	switch {
	case c.path == duck.Memory:
		return "in memory; everything is forgotten at the end", nil
	case unnamed(c.path, c.flow):
		return "one file per flow", nil
	}
	path, err := c.file(c.flow)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return "the file does not exist yet; the first load makes it", nil
	}
	h, err := c.acquire(ctx, c.flow, reading)
	if err != nil {
		return "", err
	}
	defer func() { _ = h.release() }() // only read
	rows, err := h.conn.Values(ctx, "SELECT count(*) FROM duckdb_tables() WHERE NOT internal AND NOT temporary")
	if err != nil {
		return "", mapError(err, "look into "+c.path)
	}
	return fmt.Sprintf("%d tables", rows[0][0]), nil
}

// Close frees the database in memory. It is safe to call twice.
func (c *connection) Close(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.transient == nil {
		return nil
	}
	err := c.transient.Close()
	c.transient = nil
	return err
}
