package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"

	"leat/internal/testdb"
)

// The databases of the benchmark.
const (
	sourceDatabase = "bench_source"
	targetDatabase = "bench_target"
)

// bench is the server, the binary and the folder of one benchmark.
type bench struct {
	options
	server *testdb.Server
	source *pgx.Conn
	target *pgx.Conn
	folder string
	// idle is the peak memory in KiB of a run that moves nothing.
	idle int64
}

// newBench starts the server, makes the source table and builds the binary.
func newBench(ctx context.Context, o options) (*bench, error) {
	b := &bench{options: o}
	var err error
	if b.folder, err = os.MkdirTemp("", "leat-bench-"); err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	if err := b.prepare(ctx); err != nil {
		b.close(ctx)
		return nil, err
	}
	return b, nil
}

func (b *bench) prepare(ctx context.Context) error {
	if b.leat == "" {
		b.leat = filepath.Join(b.folder, "leat")
		build := exec.CommandContext(ctx, "go", "build", "-o", b.leat, "./cmd/leat")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build leat: %w\n%s", err, out)
		}
	}
	var err error
	//nolint:contextcheck // the server outlives any context and is removed by close
	b.server, err = testdb.Launch(testdb.Options{Settings: map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "2GB",
		"max_wal_size": "16GB", "checkpoint_timeout": "1h", "autovacuum": "off", "maintenance_work_mem": "512MB",
	}})
	if err != nil {
		return err
	}
	if err := b.createDatabases(ctx); err != nil {
		return err
	}
	if err := b.seed(ctx); err != nil {
		return err
	}
	return b.configure(ctx)
}

// createDatabases makes and opens both databases.
func (b *bench) createDatabases(ctx context.Context) error {
	admin, err := pgx.Connect(ctx, b.server.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer admin.Close(ctx)
	for _, name := range []string{sourceDatabase, targetDatabase} {
		if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
			return fmt.Errorf("create database %s: %w", name, err)
		}
	}
	if b.source, err = pgx.Connect(ctx, b.server.URL(sourceDatabase)); err != nil {
		return fmt.Errorf("connect to the source: %w", err)
	}
	if b.target, err = pgx.Connect(ctx, b.server.URL(targetDatabase)); err != nil {
		return fmt.Errorf("connect to the target: %w", err)
	}
	return nil
}

// columns is the shape of every table here: nine mixed columns.
const columns = `id bigint NOT NULL, customer text, product text, note text, amount numeric(12,2),
	quantity integer, paid boolean, updated_at timestamptz, day date`

// seedRow fills the columns from the number n. The seed makes other values for one id.
const seedRow = `n, 'customer ' || (n %% 100003), 'product ' || (n %% 997), repeat(md5((n+%[1]d)::text), 1 + (n %% 2)::int),
	((n * 7919 + %[1]d) %% 10000000) / 100.0, n %% 1000, n %% 3 = 0,
	timestamptz '2026-01-01 00:00:00+00' + n * interval '1.000001 second', date '2020-01-01' + (n %% 2000)::int`

// seed makes the source tables.
func (b *bench) seed(ctx context.Context) error {
	statements := []string{
		"CREATE TABLE public.big (" + columns + ", PRIMARY KEY (id))",
		fmt.Sprintf("INSERT INTO public.big SELECT "+seedRow+" FROM generate_series(1::bigint, %[2]d) n", 0, b.rows),
		"CREATE TABLE public.part (LIKE public.big INCLUDING ALL)",
		fmt.Sprintf("INSERT INTO public.part SELECT "+seedRow+" FROM generate_series(1::bigint, %[2]d) n", 2, existingRows),
		"CREATE TABLE public.none (LIKE public.big INCLUDING ALL)",
		"CREATE TABLE public.changes (LIKE public.big INCLUDING ALL)",
		fmt.Sprintf("INSERT INTO public.changes SELECT "+seedRow+" FROM generate_series(%[2]d::bigint + 1, %[2]d + %[3]d) n", 1, changesFrom, changesRows),
		"VACUUM (FREEZE, ANALYZE) public.big", "VACUUM (FREEZE, ANALYZE) public.changes", "VACUUM (FREEZE, ANALYZE) public.part", "CHECKPOINT",
	}
	for _, statement := range statements {
		if _, err := b.source.Exec(ctx, statement); err != nil {
			return fmt.Errorf("make the source tables: %w", err)
		}
	}
	return nil
}

// close removes everything, also when ctx has ended.
func (b *bench) close(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	for _, conn := range []*pgx.Conn{b.source, b.target} {
		if conn != nil {
			_ = conn.Close(ctx)
		}
	}
	var err error
	if b.server != nil {
		err = b.server.Remove()
	}
	if err := errors.Join(err, os.RemoveAll(b.folder)); err != nil {
		fmt.Fprintln(os.Stderr, "bench: clean up:", err)
	}
}

// machine says in one line where the figures come from.
func machine(ctx context.Context, b *bench) string {
	var server string
	if err := b.source.QueryRow(ctx, "SHOW server_version").Scan(&server); err != nil {
		server = "unknown"
	}
	model := "unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.SplitSeq(string(info), "\n") {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("machine: %d × %s, PostgreSQL %s, %s; %d rows × 9 columns, %d pairs",
		runtime.NumCPU(), model, server, runtime.Version(), b.rows, b.pairs)
}
