package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
	"leat/connectors/catalog"
	"leat/dial"
	"leat/files"
	"leat/internal/duck"
	"leat/record"
)

// The columnar lane has no script to compare with. Its measure is its own two halves,
// each in a process of its own: reading into Arrow alone, and loading Arrow rows that
// are in memory already. The benchmark starts itself for them.
const (
	aloneRead = "read"
	aloneLoad = "load"
)

// ends is what a half needs, from the environment of the child process.
type ends struct {
	host, port, user, password, folder string
	rows                               int
}

// The variables of the child process.
const (
	envHost, envPort, envUser, envPassword = "BENCH_HOST", "BENCH_PORT", "BENCH_USER", "BENCH_PASSWORD"
	envFolder, envRows                     = "BENCH_FOLDER", "BENCH_ROWS"
)

// halves runs both halves one after the other and adds them up.
func halves(ctx context.Context, b *bench) (usage, error) {
	var sum usage
	for _, half := range []string{aloneRead, aloneLoad} {
		u, err := timed(b.self(ctx, half))
		if err != nil {
			return usage{}, err
		}
		sum.wall, sum.cpu, sum.peak = sum.wall+u.wall, sum.cpu+u.cpu, max(sum.peak, u.peak)
	}
	return sum, nil
}

// self is this program as one half.
func (b *bench) self(ctx context.Context, half string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], "-alone", half)
	cmd.Env = []string{
		envHost + "=" + b.server.Host, envPort + "=" + strconv.Itoa(b.server.Port), envUser + "=" + b.server.Superuser,
		envPassword + "=" + b.server.Password, envFolder + "=" + b.folder, envRows + "=" + strconv.Itoa(b.rows),
	}
	return cmd
}

// alone is the child process.
func alone(ctx context.Context, half string) error {
	rows, err := strconv.Atoi(os.Getenv(envRows))
	if err != nil {
		return fmt.Errorf("read %s: %w", envRows, err)
	}
	e := ends{
		os.Getenv(envHost), os.Getenv(envPort), os.Getenv(envUser), os.Getenv(envPassword), os.Getenv(envFolder), rows,
	}
	if half == aloneRead {
		return e.read(ctx, 0, func(arrow.RecordBatch) error { return nil })
	}
	return e.load(ctx)
}

// read decodes the big table into Arrow, at most limit rows.
func (e ends) read(ctx context.Context, limit int64, use func(arrow.RecordBatch) error) error {
	connection, err := open(ctx, "postgres", connectors.Settings{
		"host": e.host, "port": e.port, "database": sourceDatabase, "username": e.user, "password": e.password, "connect_timeout": "15",
	}, connectors.Env{Dial: dial.New(dial.Options{Policy: dial.DefaultPolicy()}).DialContext, TLS: dial.TLS{Mode: dial.TLSDisable}})
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close(context.WithoutCancel(ctx)) }()
	selection := connectors.Selection{Dataset: connectors.Dataset{Schema: "public", Name: "big"}, Limit: limit}
	read, err := connection.(connectors.Extractor).Read(ctx, []connectors.Selection{selection}, connectors.Want{})
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	defer func() { _ = read.Close() }()
	for {
		event, err := read.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if event.Batch == nil {
			continue
		}
		rows, _, err := event.Batch.Arrow()
		if err == nil {
			err = use(rows)
		}
		event.Batch.Release()
		if err != nil {
			return err
		}
	}
}

// sampleRows is how many rows the loading half repeats.
const sampleRows = 10_000

// load writes the first rows again and again until the table is as large as the source.
func (e ends) load(ctx context.Context) error {
	var sample []arrow.RecordBatch
	if err := e.read(ctx, sampleRows, func(rows arrow.RecordBatch) error {
		rows.Retain()
		sample = append(sample, rows)
		return nil
	}); err != nil {
		return err
	}
	roots, err := files.Open(e.folder, e.folder)
	if err != nil {
		return fmt.Errorf("open the folder: %w", err)
	}
	defer func() { _ = roots.Close() }()
	connection, err := open(ctx, "duckdb", connectors.Settings{"path": "alone.duckdb"}, connectors.Env{Files: roots})
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close(context.WithoutCancel(ctx)) }()
	return e.fill(ctx, connection.(connectors.Loader), sample)
}

func (e ends) fill(ctx context.Context, loader connectors.Loader, sample []arrow.RecordBatch) error {
	schema := schemaOf(sample[0])
	target := connectors.Target{
		Table: connectors.Table{Schema: "main", Name: "big"}, StateKey: "bench/main.big", Fingerprint: "bench",
		Schema: schema, SourceKind: "postgres", Mode: connectors.TruncateInsert,
	}
	id := connectors.LoadID{Installation: "bench", Flow: "bench", Run: strconv.FormatInt(time.Now().UnixNano(), 36)}
	load, err := loader.Begin(ctx, id, []connectors.Target{target})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = load.Abort(context.WithoutCancel(ctx)) }()
	if err := load.Announce(ctx, 0, schema); err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	written := int64(0)
	for written < int64(e.rows) {
		rows := sample[int(written/sampleRows)%len(sample)]
		rows.Retain() // the load releases what it is given
		if err := load.Write(ctx, 0, 0, record.FromArrow(rows)); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		written += rows.NumRows()
	}
	if _, err := load.Commit(ctx, []connectors.Close{{RowsRead: written, Whole: true, Snapshot: time.Now()}}); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// schemaOf is the schema of an Arrow batch.
func schemaOf(rows arrow.RecordBatch) record.Schema {
	var schema record.Schema
	for _, field := range rows.Schema().Fields() {
		schema.Columns = append(schema.Columns, record.Column{Name: field.Name, Type: field.Type, Nullable: true})
	}
	return schema
}

// open opens a system of the catalog.
func open(ctx context.Context, kind string, settings connectors.Settings, env connectors.Env) (connectors.Connection, error) {
	connector, _ := catalog.New().Connector(kind)
	for _, field := range connector.Descriptor().Settings {
		if _, given := settings[field.Name]; !given && field.Default != "" {
			settings[field.Name] = field.Default
		}
	}
	env.Application, env.Log = "bench", slog.New(slog.DiscardHandler)
	connection, err := connector.Open(ctx, settings, env)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", kind, err)
	}
	return connection, nil
}

// intoDuckDB runs the flow into a new file and compares sums over all rows with the
// source.
func intoDuckDB(ctx context.Context, b *bench) (usage, error) {
	used, err := flow("duckdb")(ctx, b)
	if err != nil {
		return usage{}, err
	}
	db, err := duck.Open(b.duckFile(), duck.Options{ReadOnly: true})
	if err != nil {
		return usage{}, fmt.Errorf("open the loaded file: %w", err)
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Connect()
	if err != nil {
		return usage{}, fmt.Errorf("open the loaded file: %w", err)
	}
	defer conn.Close()
	const sums = `SELECT (count(*) || ' ' || sum(id) || ' ' || sum(amount) || ' ' || sum(quantity) || ' ' ||
		sum(length(note)) || ' ' || max(updated_at::date) || ' ' || max(day)) AS sums FROM big`
	loaded, err := conn.Values(ctx, sums)
	if err != nil {
		return usage{}, fmt.Errorf("sum the loaded rows: %w", err)
	}
	var source string
	if err := b.source.QueryRow(ctx, sums).Scan(&source); err != nil {
		return usage{}, fmt.Errorf("sum the source: %w", err)
	}
	if fmt.Sprint(loaded[0][0]) != source {
		return usage{}, fmt.Errorf("the contents differ: source %s, DuckDB %v", source, loaded[0][0])
	}
	return used, nil
}

// duckFile is the file that the flow writes.
func (b *bench) duckFile() string { return filepath.Join(b.folder, "data", "files", "bench.duckdb") }

// emptyFolder removes the files of the run before.
func emptyFolder(_ context.Context, b *bench) error {
	for _, file := range []string{b.duckFile(), filepath.Join(b.folder, "alone.duckdb")} {
		for _, name := range []string{file, file + ".wal"} {
			if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("remove %s: %w", name, err)
			}
		}
	}
	return nil
}
