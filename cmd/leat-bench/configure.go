package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// configuration holds one flow per measurement. %[1]s is the host, %[2]d the port, %[3]s
// the user, %[4]s the password.
const configuration = `
authorizers:
  - name: source
    connector: postgres
    settings: {host: "%[1]s", port: %[2]d, database: bench_source, username: %[3]s, password: "%[4]s"}
    tls: {mode: disable}
  - name: target
    connector: postgres
    settings: {host: "%[1]s", port: %[2]d, database: bench_target, username: %[3]s, password: "%[4]s"}
    tls: {mode: disable}
  - name: duck
    connector: duckdb
    settings: {path: bench.duckdb}
sources:
  - name: bench
    authorizer: source
    datasets: [{table: public.big}, {table: public.part}, {table: public.changes}, {table: public.none}]
destinations:
  - {name: postgres, authorizer: target, default_schema: public}
  - {name: duckdb, authorizer: duck, default_schema: main}
flows:
  - name: idle
    destination: postgres
    streams: [{from: {source: bench, dataset: public.none}, table: public.none, write_mode: insert}]
  - name: insert
    destination: postgres
    streams: [{from: {source: bench, dataset: public.big}, table: public.big, write_mode: insert}]
  - name: truncate_insert
    destination: postgres
    streams: [{from: {source: bench, dataset: public.part}, table: public.big, write_mode: truncate_insert, takeover: true}]
  - name: upsert
    destination: postgres
    streams: [{from: {source: bench, dataset: public.changes}, table: public.big, write_mode: upsert, unique_columns: [id]}]
  - name: duckdb
    destination: duckdb
    streams: [{from: {source: bench, dataset: public.big}, table: main.big, write_mode: truncate_insert}]
`

// configure applies the configuration and measures the memory of an idle run.
func (b *bench) configure(ctx context.Context) error {
	file := filepath.Join(b.folder, "bench.yaml")
	text := fmt.Sprintf(configuration, b.server.Host, b.server.Port, b.server.Superuser, b.server.Password)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	if out, err := b.command(ctx, "apply", "-f", file).CombinedOutput(); err != nil {
		return fmt.Errorf("apply the configuration: %w\n%s", err, out)
	}
	idle, err := timed(b.command(ctx, "run", "idle", "--wait", "--json"))
	if err != nil {
		return err
	}
	b.idle = idle.peak
	return nil
}

// command is leat on the benchmark's data directory. The environment is empty but for
// what a process needs, so that the caller's settings do not leak into the figures.
func (b *bench) command(ctx context.Context, args ...string) *exec.Cmd {
	args = append([]string{"--data-dir", filepath.Join(b.folder, "data")}, args...)
	cmd := exec.CommandContext(ctx, b.leat, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.folder}
	return cmd
}

// psql is one psql process on a database of the benchmark.
func (b *bench) psql(ctx context.Context, database string, args ...string) *exec.Cmd {
	args = append([]string{"-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", b.server.Host, "-p", fmt.Sprint(b.server.Port), "-U", b.server.Superuser, "-d", database}, args...)
	cmd := exec.CommandContext(ctx, "psql", args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "PGPASSWORD=" + b.server.Password, "PGSSLMODE=disable"}
	return cmd
}
