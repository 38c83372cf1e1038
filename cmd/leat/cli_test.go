package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leat/connectors"
	"leat/flows"
)

// lastStatus is the status of the newest run.
func lastStatus(t *testing.T, runs string) flows.RunStatus {
	t.Helper()
	var lines []runLine
	if err := json.Unmarshal([]byte(runs), &lines); err != nil || len(lines) == 0 {
		t.Fatalf("leat runs --json printed %q: %v", runs, err)
	}
	return lines[0].Status
}

func TestDemoExit(t *testing.T) {
	t.Parallel()
	leat := newProgram(t)
	for range 2 { // a second demo finds everything in place
		out := leat.must("demo", "--exit", "--json")
		if !strings.Contains(out, `"status":"succeeded"`) {
			t.Errorf("the sample run did not succeed: %s", out)
		}
	}
	if out := leat.must("preview", "sample-weather", "--json"); !strings.Contains(out, "Seattle") {
		t.Errorf("the preview shows no row of the sample: %s", out)
	}
}

func TestDemoIntoPostgres(t *testing.T) {
	t.Parallel()
	p, leat := newPair(t), newProgram(t)
	leat.must("demo", "--exit", "--postgres", p.server.URL(p.target))
	var rows int
	if err := p.targetConn.QueryRow(t.Context(), "SELECT count(*) FROM public.weather").Scan(&rows); err != nil || rows != 2922 {
		t.Errorf("%d rows (%v), want 2922", rows, err)
	}
}

func TestPlanExitCode(t *testing.T) {
	t.Parallel()
	leat := newProgram(t)
	file := leat.write("a.yaml", "authorizers: [{name: files, connector: file}]\n")
	if got := leat.try("plan", "-f", file); got.code != exitFailed || !strings.Contains(got.stdout, `create authorizer "files"`) {
		t.Errorf("plan before apply: exit %d, %s%s", got.code, got.stdout, got.stderr)
	}
	leat.must("apply", "-f", file)
	if got := leat.try("plan", "-f", file); got.code != exitDone {
		t.Errorf("plan after apply: exit %d, %s%s", got.code, got.stdout, got.stderr)
	}
}

// badInput is one mistake, the exit code and what the sentence must hold.
type badInput struct {
	name string
	yaml string
	args []string
	code int
	want []string
}

func TestBadInputGetsOneSentence(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	exec1(t, p.sourceConn, "CREATE TABLE public.orders (id int PRIMARY KEY, note text)")
	exec1(t, p.sourceConn, "INSERT INTO public.orders VALUES (1, 'x')")
	exec1(t, p.targetConn, "CREATE SCHEMA analytics")
	exec1(t, p.targetConn, "CREATE TABLE analytics.narrow (id smallint, note int)")
	flow := func(dataset, table string) string {
		return p.authorizers() + `sources: [{name: s, authorizer: source, datasets: [{table: ` + dataset + `}]}]
destinations: [{name: d, authorizer: target, default_schema: analytics}]
flows: [{name: f, destination: d, streams: [{from: {source: s, dataset: ` + dataset + `}, table: ` + table + `, write_mode: insert}]}]
`
	}
	wrongPassword := strings.Replace(p.authorizers(), "password: \""+p.server.Password, "password: \"wrong", 1)
	cases := []badInput{
		{"missing table", flow("public.no_such_table", "t"), []string{"run", "f"}, exitFailed, []string{"public.no_such_table"}},
		{"missing schema", flow("public.orders", "nowhere.t"), nil, exitUsage, []string{"nowhere", "CREATE SCHEMA"}},
		{"target cannot take the type", flow("public.orders", "narrow"), nil, exitUsage, []string{"analytics.narrow", "ALTER TABLE"}},
		{"wrong password", wrongPassword, []string{"check", "source"}, exitFailed, []string{"password"}},
		{"two objects with one name", "authorizers: [{name: a, connector: file}, {name: a, connector: file}]", nil, exitUsage, []string{`"a"`, "rename"}},
		{"unknown key", "authorizerz: []", nil, exitUsage, []string{"authorizerz", ":1"}},
		{"unknown flow", "", []string{"run", "nope"}, exitUsage, []string{`"nope"`}},
		{"unknown command", "", []string{"rum"}, exitUsage, []string{"rum"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
	var tables int
	if err := p.targetConn.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'analytics' AND tablename NOT LIKE '\\_leat%'").Scan(&tables); err != nil || tables != 1 {
		t.Errorf("%d tables in the destination (%v): bad input changed it", tables, err)
	}
}

func (c badInput) check(t *testing.T) {
	t.Helper()
	leat := newProgram(t)
	got := outcome{}
	if c.yaml != "" {
		args := []string{"apply", "-f", leat.write("leat.yaml", c.yaml)}
		if c.args != nil {
			args = append(args, "--offline")
		}
		got = leat.try(args...)
	}
	if c.args != nil {
		if got.code != exitDone {
			t.Fatalf("apply: exit %d\n%s", got.code, got.stderr)
		}
		got = leat.try(c.args...)
	}
	text := got.stdout + got.stderr
	if got.code != c.code {
		t.Errorf("exit %d, want %d\n%s", got.code, c.code, text)
	}
	for _, want := range c.want {
		if !strings.Contains(text, want) {
			t.Errorf("the message lacks %q:\n%s", want, text)
		}
	}
}

func TestAnErrorWithoutAFixIsPrintedWithAdvice(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	broken := &connectors.Error{Kind: connectors.Unreachable, Message: "the server went away"}
	if code := report(stdio{err: &out}, fmt.Errorf("list the tables: %w", broken)); code != exitFailed {
		t.Errorf("the exit code is %d", code)
	}
	if want := "leat: list the tables: the server went away. " + broken.Advice() + "\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}

func TestNotCSV(t *testing.T) {
	t.Parallel()
	leat := newProgram(t)
	folder := filepath.Join(leat.dataDir, "files")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "picture.csv"), []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), 0o600); err != nil {
		t.Fatal(err)
	}
	for dataset, want := range map[string]string{"picture.csv": "picture.csv", "../../etc/passwd": "passwd"} {
		file := leat.write("leat.yaml", `authorizers: [{name: a, connector: file}, {name: b, connector: duckdb, settings: {path: out.duckdb}}]
sources: [{name: s, authorizer: a, datasets: [{name: x, file: "`+dataset+`"}]}]
destinations: [{name: d, authorizer: b}]
flows: [{name: f, destination: d, streams: [{from: {source: s, dataset: x}, table: t, write_mode: insert}]}]
`)
		if got := leat.try("apply", "-f", file); got.code != exitUsage || !strings.Contains(got.stderr, want) {
			t.Errorf("apply with %s: exit %d\n%s", dataset, got.code, got.stderr)
		}
		leat.must("apply", "--offline", "-f", file)
		got := leat.try("run", "f")
		if got.code != exitFailed || !strings.Contains(got.stdout+got.stderr, want) {
			t.Errorf("%s: exit %d\n%s%s", dataset, got.code, got.stdout, got.stderr)
		}
	}
}
