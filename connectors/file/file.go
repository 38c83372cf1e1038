// Package file reads files of rows that lie on the machine: CSV and its relatives, also
// compressed. It finds out delimiter, header, encoding and the types of the columns by
// looking at the whole file, and says what it assumed. What contradicts is a reject
// that names row and column, never a silent change.
package file

import (
	"context"
	"fmt"
	"time"

	"leat/connectors"
	"leat/dial"
)

// suffixes are the names of files that are listed.
var suffixes = []string{".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"}

// connector makes connections.
type connector struct{}

// New returns the connector of kind "file".
func New() connectors.Connector { return connector{} }

// Descriptor returns the static half.
func (connector) Descriptor() connectors.Descriptor {
	return connectors.Descriptor{
		Kind: "file", Title: "CSV file",
		Summary: "CSV, TSV and other delimited text files on this machine, plain or gzip, also uploaded ones.",
		Where:   func(connectors.Settings) string { return "files on this machine" },
		Capabilities: connectors.Capabilities{
			Reads: true, DatasetOptions: datasetOptions(), Types: types(),
		},
	}
}

// types says how values are taken.
func types() []connectors.TypeMapping {
	return []connectors.TypeMapping{
		{Native: "true, false", Logical: "bool"},
		{Native: "integers of 64 bits", Logical: "int64"},
		{Native: "numbers with a point, up to 18 or 38 digits", Logical: "decimal(18,s), decimal(38,s)"},
		{Native: "numbers with an exponent, up to 17 digits", Logical: "float64"},
		{Native: "2026-01-31", Logical: "date"},
		{Native: "2026-01-31 13:00:00.123456", Logical: "timestamp"},
		{Native: "2026-01-31T13:00:00+01:00", Logical: "timestamptz", Lossy: "the offset; the instant stays"},
		{Native: "UUIDs with dashes", Logical: "uuid"},
		{Native: "anything else", Logical: "text"},
	}
}

// connection reads below the folders of LEAT_FILES.
type connection struct {
	files connectors.Files
}

// Open needs env.Files.
func (connector) Open(_ context.Context, _ connectors.Settings, env connectors.Env) (connectors.Connection, error) {
	if env.Files == nil {
		return nil, &connectors.Error{Kind: connectors.Config, Message: "no folder for files is set up", Fix: "Set LEAT_FILES."}
	}
	return &connection{files: env.Files}, nil
}

// Check lists the folders.
func (c *connection) Check(ctx context.Context) error {
	start := time.Now()
	names, err := c.files.List(suffixes...)
	stage := dial.Stage{Name: "folders", Detail: fmt.Sprintf("%d files", len(names)), Duration: time.Since(start)}
	if err != nil {
		err = &connectors.Error{
			Kind: connectors.Permission, Message: "the folders for files cannot be read",
			Fix: "Give the user that runs Leat the right to read them.", Cause: err,
		}
		stage.Err, stage.Detail = err, ""
	}
	dial.Report(ctx, stage)
	return err
}

// Close has nothing to free.
func (c *connection) Close(context.Context) error { return nil }

// Datasets lists the files by their suffix.
func (c *connection) Datasets(ctx context.Context) ([]connectors.DatasetInfo, error) {
	names, err := c.files.List(suffixes...)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	infos := make([]connectors.DatasetInfo, 0, len(names))
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		infos = append(infos, connectors.DatasetInfo{Name: name, Kind: "file", EstimatedRows: -1, Bytes: c.size(name)})
	}
	return infos, nil
}

// size is -1 for a file that may not be opened; reading it says why.
func (c *connection) size(name string) int64 {
	file, err := c.files.Open(name)
	if err != nil {
		return -1
	}
	defer file.Close() //nolint:errcheck // only read
	info, err := file.Stat()
	if err != nil {
		return -1
	}
	return info.Size()
}

// Describe looks at the rows of a file.
func (c *connection) Describe(ctx context.Context, dataset connectors.Dataset) (connectors.Description, error) {
	t, err := openTable(ctx, c.files, dataset)
	if err != nil {
		return connectors.Description{}, err
	}
	description := connectors.Description{
		Schema: t.schema, EstimatedRows: t.survey.estimate(t.source), Warnings: t.allWarnings(), Options: t.layout.options(t.source),
	}
	return description, t.close()
}
