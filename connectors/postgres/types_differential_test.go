package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/internal/cells"
	"leat/internal/testdb"
	"leat/record"
)

// schemasByDefault is how many schemas are drawn when LEAT_TEST_SCHEMAS names no number.
const schemasByDefault = 10

// fixedSettings make the texts of two sessions comparable.
const fixedSettings = "SET DateStyle = 'ISO'; SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 3; SET bytea_output = 'hex'; SET search_path = pg_catalog"

// world is a source and two targets: one that knows the source's own types, under other
// object ids, and one that does not.
type world struct {
	version         int
	source          place
	knows, stranger place
}

// place is one database.
type place struct {
	c     *connection
	admin *pgx.Conn
}

func newPlace(t *testing.T, statements string) place {
	t.Helper()
	url := testdb.Database(t)
	p := place{admin: testdb.Connect(t, url)}
	execute(t, p.admin, statements)
	execute(t, p.admin, fixedSettings)
	p.c = open(t, url)
	return p
}

// route is a way that rows take from the source to the target.
type route struct {
	name  string
	arrow bool
	knows bool
}

var routes = []route{{"raw", false, true}, {"arrow", true, true}, {"raw to a stranger", false, false}, {"arrow to a stranger", true, false}}

// TestTypesDifferential draws tables over every type, moves them by each route, and
// compares source and target by count and digest of the rows' texts, and by COPY.
// LEAT_TEST_SCHEMAS sets how many tables, LEAT_TEST_SEED draws others.
func TestTypesDifferential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed := number(t, "LEAT_TEST_SEED", 1)
	for i := range number(t, "LEAT_TEST_SCHEMAS", schemasByDefault) {
		r := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
		var samples []sample
		for range 3 + r.IntN(8) {
			samples = append(samples, drawSample(r, w.version))
		}
		w.try(t, fmt.Sprintf("d%d", i), r, samples)
		if t.Failed() {
			t.Fatalf("schema %d of the seed %d: set LEAT_TEST_SEED to see it again", i, seed)
		}
	}
}

// typesAtOnce is how many types share a table in the usual tests.
const typesAtOnce = 10

// TestEveryTypeDifferential moves each type, arrays included, so that no type is left to
// chance. LEAT_TEST_CELLS=all gives each type a table of its own.
func TestEveryTypeDifferential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := rand.New(rand.NewPCG(1, 1))
	all := slices.Clone(plainSamples)
	for _, draw := range modifiedSamples {
		all = append(all, draw(r))
	}
	all = append(all, sample{name: "numeric", value: func(*rand.Rand) string { return strings.Repeat("9", 131_072) + "." + strings.Repeat("1", 16_383) }})
	all = slices.DeleteFunc(all, func(s sample) bool { return s.since > w.version })
	width := typesAtOnce
	if cells.All() {
		width = 1
	}
	table := 0
	for together := range slices.Chunk(all, width) {
		var samples []sample
		for _, s := range together {
			samples = append(samples, s)
			if hasArrays(s, w.version) {
				samples = append(samples, arrayOf(s))
			}
		}
		w.try(t, fmt.Sprintf("e%d", table), r, samples)
		table++
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	own := ownTypes
	version := serverVersion(t)
	w := &world{version: version, source: newPlace(t, own)}
	w.knows = newPlace(t, "CREATE SCHEMA dwh; CREATE TABLE shift (id int); CREATE TYPE other AS ENUM ('x'); "+own)
	w.stranger = newPlace(t, "CREATE SCHEMA dwh")
	return w
}

func number(t *testing.T, name string, standard int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is not a number above 0", name)
	}
	return n
}

// try makes a table with a column of each sample and moves it by every route.
func (w *world) try(t *testing.T, table string, r *rand.Rand, samples []sample) {
	t.Helper()
	columns := []string{"id int"}
	for i, s := range samples {
		columns = append(columns, fmt.Sprintf("c%d %s", i, s.name))
	}
	execute(t, w.source.admin, fmt.Sprintf("SET search_path = public, pg_catalog; CREATE TABLE public.%s (%s)", table, strings.Join(columns, ", ")))
	var inserts []string
	for id := range 14 {
		values := []string{strconv.Itoa(id)}
		for _, s := range samples {
			value := "NULL"
			if r.IntN(6) > 0 {
				value = "'" + strings.ReplaceAll(s.value(r), "'", "''") + "'"
			}
			values = append(values, value)
		}
		inserts = append(inserts, fmt.Sprintf("INSERT INTO %s VALUES (%s)", table, strings.Join(values, ", ")))
	}
	if _, err := w.source.admin.Exec(t.Context(), strings.Join(inserts, ";")); err != nil {
		t.Fatalf("a drawn value is none of %v: %v", names(samples), err)
	}
	execute(t, w.source.admin, "SET search_path = pg_catalog")
	for _, route := range routes {
		w.move(t, table, route, samples)
	}
}

func names(samples []sample) []string {
	out := make([]string, len(samples))
	for i, s := range samples {
		out[i] = s.name
	}
	return out
}

// move loads the table by one route and compares.
func (w *world) move(t *testing.T, table string, route route, samples []sample) {
	t.Helper()
	target := w.knows
	if !route.knows {
		target = w.stranger
	}
	name := table
	if route.arrow {
		name += "_arrow"
	}
	report, err := w.load(t, table, name, route, target)
	if err != nil {
		t.Errorf("%s route, types %v: refused: %v", route.name, names(samples), err)
		return
	}
	unfit := "false"
	if route.arrow {
		unfit = unfitRows(samples)
	}
	var rejected int64
	if err := w.source.admin.QueryRow(t.Context(), "SELECT count(*) FROM public."+table+" WHERE "+unfit).Scan(&rejected); err != nil {
		t.Fatal(err)
	}
	if report.Rejected != rejected {
		t.Errorf("%s route, types %v: %d rows were rejected (%v), and %d cannot be held", route.name, names(samples), report.Rejected, report.RejectReasons, rejected)
	}
	from, to := "public."+table+" WHERE NOT ("+unfit+")", "dwh."+name
	w.compare(t, route, target, from, to, samples)
}

// compare looks at whole rows and, when they differ, at each column.
func (w *world) compare(t *testing.T, route route, target place, from, to string, samples []sample) {
	t.Helper()
	const rows = "SELECT count(*) || ' ' || md5(coalesce(string_agg(r::text, E'\\n' ORDER BY r::text COLLATE \"C\"), '')) FROM (SELECT * FROM %s) r"
	same := scalar(t, w.source.admin, fmt.Sprintf(rows, from)) == scalar(t, target.admin, fmt.Sprintf(rows, to))
	copied := copyOut(t, w.source.admin, from) == copyOut(t, target.admin, to)
	if same && copied {
		return
	}
	found := false
	for i, s := range samples {
		column := fmt.Sprintf("SELECT coalesce(string_agg(id || coalesce(':' || md5(c%d::text), ''), ',' ORDER BY id), '') FROM %%s", i)
		if scalar(t, w.source.admin, fmt.Sprintf(column, from)) != scalar(t, target.admin, fmt.Sprintf(column, to)) {
			t.Errorf("%s route: %s changed on its way", route.name, s.name)
			found = true
		}
	}
	if !found {
		t.Errorf("%s route, types %v: the rows differ (digest equal: %v, COPY equal: %v)", route.name, names(samples), same, copied)
	}
}

// unfitRows is true for rows with a value that Arrow cannot hold.
func unfitRows(samples []sample) string {
	conditions := []string{"false"}
	for i, s := range samples {
		if s.unfit != "" {
			conditions = append(conditions, "coalesce("+fmt.Sprintf(s.unfit, fmt.Sprintf("c%d", i))+", false)")
		}
	}
	return strings.Join(conditions, " OR ")
}

func scalar(t *testing.T, admin *pgx.Conn, query string) string {
	t.Helper()
	var text string
	if err := admin.QueryRow(t.Context(), query).Scan(&text); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text
}

// copyOut is what the server's COPY gives, ordered by id.
func copyOut(t *testing.T, admin *pgx.Conn, rows string) string {
	t.Helper()
	var out strings.Builder
	if _, err := admin.PgConn().CopyTo(t.Context(), &out, "COPY (SELECT * FROM "+rows+" ORDER BY id) TO STDOUT"); err != nil {
		t.Fatalf("copy %s: %v", rows, err)
	}
	return out.String()
}

// arrowOnly hides the binary rows of a batch, as a step between reader and load would.
type arrowOnly struct{ record.Batch }

func (arrowOnly) Layout() record.Layout { return record.ArrowLayout{} }

// load moves one table. By the Arrow route nobody says what the target wants.
func (w *world) load(t *testing.T, table, name string, route route, target place) (connectors.Report, error) {
	t.Helper()
	dataset := connectors.Dataset{Schema: "public", Name: table}
	described, err := w.source.c.Describe(t.Context(), dataset)
	if err != nil {
		return connectors.Report{}, err
	}
	load, err := target.c.Begin(t.Context(), connectors.LoadID{Installation: testInstallation, Flow: "types", Run: name}, []connectors.Target{{
		Table: connectors.Table{Schema: "dwh", Name: name}, StateKey: "types/" + name, SourceKind: Kind, Mode: connectors.Insert, Schema: described.Schema, RejectLimit: -1,
	}})
	if err != nil {
		return connectors.Report{}, err
	}
	defer func() { _ = load.Abort(context.WithoutCancel(t.Context())) }()
	want := load.Want()
	if route.arrow {
		want = connectors.Want{}
	}
	read, err := w.source.c.Read(t.Context(), []connectors.Selection{{Dataset: dataset}}, want)
	if err != nil {
		return connectors.Report{}, err
	}
	defer func() { _ = read.Close() }()
	end, err := pour(t.Context(), read, load, route.arrow)
	if err != nil {
		return connectors.Report{}, err
	}
	reports, err := load.Commit(t.Context(), []connectors.Close{end})
	if err != nil {
		return connectors.Report{}, err
	}
	if !reports[0].Balanced() || reports[0].Read != end.RowsRead {
		t.Errorf("%s route: the counts do not add up: %+v", route.name, reports[0].Counts)
	}
	return reports[0], nil
}

func pour(ctx context.Context, read connectors.Read, load connectors.Load, arrow bool) (end connectors.Close, err error) {
	for {
		event, err := read.Next(ctx)
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		switch {
		case err != nil:
		case event.Schema != nil:
			err = load.Announce(ctx, 0, *event.Schema)
		case event.Checkpoint != nil:
			end.Snapshot, end.Whole = event.Checkpoint.Snapshot, true
		default:
			end.RowsRead += int64(event.Batch.Rows())
			batch := event.Batch
			if arrow {
				batch = arrowOnly{batch}
			}
			err = load.Write(ctx, 0, event.Part, batch)
		}
		if err != nil {
			return end, err
		}
	}
}
