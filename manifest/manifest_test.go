package manifest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leat/authorizers"
	"leat/connectors/catalog"
	"leat/manifest"
	"leat/storage"
)

const sample = `authorizers:
  - name: shop
    connector: postgres
    settings: {host: 127.0.0.1, port: 5432, database: shop, username: reader, password: "${env:SHOP_PASSWORD}", connect_timeout: 15}
    tls: {mode: prefer, allow_cleartext_password: true}
  - name: warehouse
    connector: postgres
    settings: {url: "postgres://loader:se%40cret@127.0.0.1:5433/dwh?connect_timeout=15&sslmode=require"}
sources:
  - name: shop-sales
    authorizer: shop
    datasets:
      - table: public.orders
        key: [id]
        cursor: updated_at
        overlap: 1d12h
        columns: [id, customer_id, total, updated_at]
      - table: {schema: "My Schema", name: "Orders.old"}
      - name: big-spenders
        query: "SELECT * FROM customers WHERE spend > 1000"
      - tables: public.*
        exclude: [public.*_tmp]
destinations:
  - name: dwh
    authorizer: warehouse
    default_schema: analytics
flows:
  - name: orders
    destination: dwh
    schedule: {cron: "*/15 * * * *", time_zone: Europe/Prague}
    streams:
      - from: {source: shop-sales, dataset: public.orders}
        table: analytics.orders
        write_mode: upsert
        unique_columns: [id]
      - from: {source: shop-sales, dataset: public.*}
        table: analytics.{table}
        write_mode: truncate_insert
        create_indexes: false
        rejects: 0
`

// store opens an empty store.
func store(t *testing.T) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Options{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ids makes ids that differ from store to store, so that none may leak into an export.
func ids(prefix string) func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("%s%d", prefix, n)
	}
}

func apply(t *testing.T, s *storage.Store, text string, prune bool) ([]manifest.Difference, []string) {
	t.Helper()
	document, err := manifest.Parse([]manifest.File{{Name: "leat.yaml", Content: []byte(text)}})
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	current, err := manifest.Load(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	desired, err := manifest.Build(document, current, catalog.New(), ids(t.Name()))
	if err != nil {
		t.Fatalf("build: %v", err)
	}
	differences := manifest.Compare(current, desired, catalog.New(), prune)
	if err := manifest.Apply(context.Background(), s, differences); err != nil {
		t.Fatalf("apply: %v", err)
	}
	return differences, desired.Warnings
}

func export(t *testing.T, s *storage.Store) string {
	t.Helper()
	current, err := manifest.Load(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	out, err := manifest.Export(current, catalog.New())
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestExportWipeApplyExportIsByteIdentical(t *testing.T) {
	first := store(t)
	apply(t, first, sample, false)
	want := export(t, first)
	if strings.Contains(want, "se@cret") || strings.Contains(want, "se%40cret") {
		t.Error("the export holds a literal secret")
	}
	for _, part := range []string{"${env:SHOP_PASSWORD}", "${secret:warehouse.password}", "allow_cleartext_password: true"} {
		if !strings.Contains(want, part) {
			t.Errorf("the export lacks %s:\n%s", part, want)
		}
	}
	second := store(t)
	_, warnings := apply(t, second, want, false)
	if len(warnings) != 1 || !strings.Contains(warnings[0], "warehouse") {
		t.Errorf("a secret that is not there must give one warning that names its authorizer: %q", warnings)
	}
	if diff := cmp.Diff(want, export(t, second)); diff != "" {
		t.Errorf("export after wipe and apply (-first +second):\n%s", diff)
	}
}

func TestApplyIsIdempotent(t *testing.T) {
	s := store(t)
	if differences, _ := apply(t, s, sample, false); len(differences) != 5 {
		t.Errorf("the first apply changed %d things, want 5", len(differences))
	}
	if differences, _ := apply(t, s, sample, true); len(differences) != 0 {
		t.Errorf("the second apply changed %+v", differences)
	}
	if differences, _ := apply(t, s, export(t, s), true); len(differences) != 0 {
		t.Errorf("applying the own export changed %+v", differences)
	}
}

func TestStoredSecretIsKept(t *testing.T) {
	s := store(t)
	apply(t, s, sample, false)
	apply(t, s, export(t, s), false)
	kept, err := s.AuthorizerByName(t.Context(), "warehouse")
	if err != nil {
		t.Fatal(err)
	}
	if got := kept.Secrets["password"].Reveal(); got != "se@cret" {
		t.Errorf("the stored password became %d bytes long", len(got))
	}
}

// A stored secret goes only where it went, as well protected: else the authorizer is
// saved without it.
func TestAStoredSecretIsNotSentElsewhereOrLessProtected(t *testing.T) {
	s := store(t)
	apply(t, s, sample, false)
	own := export(t, s)
	const borrowed = "authorizers:\n  - name: copy\n    connector: postgres\n" +
		"    settings: {host: %s, port: 5433, database: dwh, username: loader, password: \"${secret:warehouse.password}\"}\n    tls: {mode: %s}\n"
	for what, text := range map[string]string{
		"another host":             strings.Replace(own, "port: 5433", "port: 5434", 1),
		"a lower mode":             strings.Replace(own, "mode: require", "mode: prefer", 1),
		"no mode":                  strings.Replace(own, "tls:\n      mode: require", "tls:\n      mode: disable", 1),
		"another one's elsewhere":  fmt.Sprintf(borrowed, "127.0.0.2", "require"),
		"another one's less safe":  fmt.Sprintf(borrowed, "127.0.0.1", "prefer"),
		"another one's, no change": fmt.Sprintf(borrowed, "127.0.0.1", "verify-full"),
	} {
		t.Run(what, func(t *testing.T) {
			s := store(t)
			apply(t, s, sample, false)
			if text == own {
				t.Fatal("nothing was changed")
			}
			_, warnings := apply(t, s, text, false)
			name := "warehouse"
			if strings.HasPrefix(what, "another one's") {
				name = "copy"
			}
			got, err := s.AuthorizerByName(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(what, "no change") {
				if len(warnings) != 0 || got.Secrets["password"].Reveal() != "se@cret" {
					t.Errorf("a secret for the same place is not kept: %q", warnings)
				}
				return
			}
			if secret := got.Secrets["password"]; !secret.Empty() || !slices.Equal(got.Missing, []string{"password"}) {
				t.Errorf("the secret is kept; missing are %q", got.Missing)
			}
			if len(warnings) != 1 || !strings.Contains(warnings[0], "without its password, since ") {
				t.Errorf("warnings %q", warnings)
			}
		})
	}
}

func TestURLIsSplit(t *testing.T) {
	s := store(t)
	apply(t, s, sample, false)
	got, err := s.AuthorizerByName(t.Context(), "warehouse")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"host": "127.0.0.1", "port": "5433", "database": "dwh", "username": "loader", "connect_timeout": "15"}
	if diff := cmp.Diff(want, got.Settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if got.TLS.Mode != "require" {
		t.Errorf("TLS mode %q, want require", got.TLS.Mode)
	}
}

func TestPlanNamesFields(t *testing.T) {
	s := store(t)
	apply(t, s, sample, false)
	changed := strings.Replace(sample, "write_mode: upsert", "write_mode: insert", 1)
	differences, _ := apply(t, s, changed, false)
	want := []string{`streams.1.write_mode: upsert becomes insert`}
	if len(differences) != 1 || !cmp.Equal(differences[0].Fields, want) {
		t.Errorf("differences %+v, want one flow with %q", differences, want)
	}
}

func TestPruneDeletesUsersFirst(t *testing.T) {
	s := store(t)
	apply(t, s, sample, false)
	differences, _ := apply(t, s, "installation: 01HZXAAAAAAAAAAAAAAAAAAAAA\n", true)
	if len(differences) != 6 {
		t.Errorf("%d differences, want 5 deletions and the installation: %+v", len(differences), differences)
	}
	if _, err := s.AuthorizerByName(t.Context(), "shop"); !errors.Is(err, authorizers.ErrNotFound) {
		t.Errorf("after prune: %v", err)
	}
}

// TestStreamTableAsAPair writes a stream's table as a dataset's table may be written.
func TestStreamTableAsAPair(t *testing.T) {
	for pair, want := range map[string]string{
		`{schema: analytics, name: orders}`:         "analytics.orders",
		`{schema: "My Schema", name: "T.x"}`:        `"My Schema"."T.x"`,
		`{name: orders}`:                            "orders",
		`{schema: analytics, name: "copy_{table}"}`: "analytics.copy_{table}",
	} {
		text := strings.Replace(sample, "table: analytics.orders", "table: "+pair, 1)
		document, err := manifest.Parse([]manifest.File{{Name: "leat.yaml", Content: []byte(text)}})
		if err != nil {
			t.Errorf("%s: %v", pair, err)
		} else if got := string(document.Flows[0].Streams[0].Table); got != want {
			t.Errorf("%s became %s, want %s", pair, got, want)
		}
	}
}

func TestRefusalsNameLineAndFix(t *testing.T) {
	cases := []struct{ name, old, new, want string }{
		{"unknown key", "unique_columns: [id]", "uniqe_columns: [id]", "leat.yaml:35: the key \"uniqe_columns\" is unknown here"},
		{"unknown connector", "connector: postgres\n    settings: {host", "connector: oracle\n    settings: {host", "leat.yaml:2: authorizer \"shop\": there is no connector \"oracle\"; this binary has postgres, duckdb, file"},
		{"unknown setting", "database: shop", "databse: shop", "the setting \"databse\" is unknown for postgres"},
		{"no settings at all", "connector: postgres\n    settings: {host", "connector: file\n    settings: {host", "is unknown for file; it has none"},
		{"unknown source", "source: shop-sales, dataset: public.orders", "source: shop, dataset: public.orders", "stream 1: there is no source \"shop\""},
		{"unknown dataset", "dataset: public.orders", "dataset: public.order", "the source \"shop-sales\" has no dataset \"public.order\""},
		{"double name", "name: warehouse", "name: shop", "leat.yaml:6: two authorizers are called \"shop\", the first at leat.yaml:2"},
		{"bad mode", "write_mode: upsert", "write_mode: upsrt", "write_mode: is not known: use insert,"},
		{"bad cron", "*/15 * * * *", "*/15 * * *", "leat.yaml:28: flow \"orders\""},
		{"table as a list", "table: analytics.orders", "table: [analytics, orders]", "leat.yaml:33: the key table holds neither text nor a pair; write table: schema.name, or table: {schema: "},
		{"table of a dataset as a list", "table: public.orders", "table: [public, orders]", "the key table holds neither text nor a pair; write table: schema.name"},
		{"table with another key", "table: analytics.orders", "table: {schema: analytics, table: orders}", "leat.yaml:33: the key \"table\" is unknown here"},
		{"mode as a list", "write_mode: upsert", "write_mode: [upsert]", "leat.yaml:34: the key write_mode is a list; write text"},
		{"columns as text", "unique_columns: [id]", "unique_columns: id", "leat.yaml:35: the key unique_columns is text; write a list"},
		{"datasets as a mapping", "    datasets:\n", "    datasets: {}\n    more:\n", "the key datasets is a mapping; write a list"},
		{"not YAML", "sources:\n", "sources\n", "leat.yaml:"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(sample, c.old, c.new, 1)
			if text == sample {
				t.Fatal("the case changes nothing")
			}
			err := refusal(t, text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant a sentence with %q", err, c.want)
			}
		})
	}
}

// refusal parses and builds a file and returns what was wrong.
func refusal(t *testing.T, text string) error {
	t.Helper()
	document, err := manifest.Parse([]manifest.File{{Name: "leat.yaml", Content: []byte(text)}})
	if err != nil {
		return err
	}
	_, err = manifest.Build(document, manifest.State{}, catalog.New(), ids("x"))
	return err
}
