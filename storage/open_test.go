package storage_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"leat/authorizers"
	"leat/internal/testdb"
	"leat/secrets"
	"leat/storage"
)

const canary = "canary-4711-secret"

func newKey() secrets.Secret {
	return secrets.New(base64.StdEncoding.EncodeToString([]byte(storage.NewID() + "\x01\x02\xf3\xf4\xf5\xf6")))
}

// raw opens the database behind a store's back.
func raw(t *testing.T, options storage.Options) *sql.DB {
	t.Helper()
	driver, address := "sqlite", filepath.Join(options.DataDir, storage.DatabaseFile)
	if options.DatabaseURL != "" {
		driver, address = "pgx", options.DatabaseURL
	}
	db, err := sql.Open(driver, address)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

func execute(t *testing.T, options storage.Options, query string) {
	t.Helper()
	_, err := raw(t, options).ExecContext(t.Context(), query)
	must(t, err)
}

func TestInstallation(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		first, err := open(t, options).Installation(t.Context())
		must(t, err)
		s := open(t, options)
		if again, err := s.Installation(t.Context()); err != nil || again != first || len(first) != 26 {
			t.Errorf("%q, then %q, %v", first, again, err)
		}
		must(t, s.SetInstallation(t.Context(), "restored"))
		if got, err := s.Installation(t.Context()); err != nil || got != "restored" {
			t.Errorf("%q, %v", got, err)
		}
		if err := s.SetInstallation(t.Context(), ""); err == nil {
			t.Error("an empty id")
		}
		must(t, s.Ready(t.Context()))
	})
}

func TestStartsAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		options.SecretKey = newKey()
		var group sync.WaitGroup
		ids := make([]string, 6)
		for i := range ids {
			group.Go(func() {
				s, err := storage.Open(t.Context(), options)
				if err != nil {
					t.Error(err)
					return
				}
				ids[i], err = s.Installation(t.Context())
				if err := errors.Join(err, s.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Errorf("installations %v", ids)
			}
		}
	})
}

func TestSchemaRules(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s := open(t, options)
		runFor(t, s, flowOf(t, s, "orders"), 12, 345)
		execute(t, options, "INSERT INTO leat_migrations (version_id, is_applied) VALUES (99, TRUE)")
		if _, err := storage.Open(t.Context(), options); !errors.Is(err, storage.ErrNewerSchema) || !strings.Contains(err.Error(), "99") {
			t.Errorf("a newer schema: %v", err)
		}
		if _, _, err := storage.Migrate(t.Context(), options); !errors.Is(err, storage.ErrNewerSchema) {
			t.Errorf("migrating a newer schema: %v", err)
		}
		execute(t, options, "DELETE FROM leat_migrations WHERE version_id > 2")
		execute(t, options, "DROP TABLE sessions")
		execute(t, options, "DROP TABLE users")
		for _, undo := range []string{"DROP INDEX runs_sums", "DROP INDEX runs_succeeded", "ALTER TABLE runs DROP COLUMN rows_read", "ALTER TABLE runs DROP COLUMN bytes"} {
			execute(t, options, undo)
		}
		for _, table := range []string{"authorizers", "sources", "destinations", "flows"} {
			execute(t, options, "ALTER TABLE "+table+" DROP COLUMN updated_by")
		}
		if _, err := storage.Open(t.Context(), options); !errors.Is(err, storage.ErrOlderSchema) || !strings.Contains(err.Error(), "leat migrate") {
			t.Errorf("an older schema: %v", err)
		}
		if from, to, err := storage.Migrate(t.Context(), options); err != nil || from != 2 || to != 5 {
			t.Errorf("migrated from %d to %d: %v", from, to, err)
		}
		if from, to, err := storage.Migrate(t.Context(), options); err != nil || from != to {
			t.Errorf("migrated again from %d to %d: %v", from, to, err)
		}
		s = open(t, options)
		if users, err := s.Users(t.Context()); err != nil || len(users) != 0 {
			t.Errorf("%v, %v", users, err)
		}
		sums, err := s.RunSums(t.Context(), time.Unix(1, 0))
		if err != nil || len(sums) != 1 || sums[0].RowsRead != 357 || sums[0].Bytes != 3570 {
			t.Errorf("older runs add up to %+v, %v", sums, err)
		}
	})
}

func TestKeyRules(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s := open(t, options)
		a := authorizers.Authorizer{ID: storage.NewID(), Name: "shop", Secrets: map[string]secrets.Secret{"password": secrets.New(canary)}}
		must(t, s.SaveAuthorizer(t.Context(), a))
		key := filepath.Join(options.DataDir, storage.KeyFile)
		text, err := os.ReadFile(key)
		must(t, err)
		must(t, os.Remove(key))

		if _, err := storage.Open(t.Context(), options); !errors.Is(err, secrets.ErrKeyMissing) {
			t.Errorf("without the key: %v", err)
		}
		if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a key was made for a store that has one: %v", err)
		}
		foreign := options
		foreign.SecretKey = newKey()
		if _, err := storage.Open(t.Context(), foreign); !errors.Is(err, secrets.ErrWrongKey) || strings.Contains(err.Error(), "\n") {
			t.Errorf("with a foreign key: %v", err)
		}
		foreign.SecretKey = secrets.New("changeme")
		if _, err := storage.Open(t.Context(), foreign); !errors.Is(err, secrets.ErrBadKey) || strings.Contains(err.Error(), "changeme") {
			t.Errorf("with a sample key: %v", err)
		}

		given := options
		given.SecretKey = secrets.New(string(text))
		got, err := open(t, given).Authorizer(t.Context(), a.ID)
		must(t, err)
		same(t, got, a)
	})
}

func TestRotation(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		key, ctx := filepath.Join(options.DataDir, storage.KeyFile), t.Context()
		a := authorizers.Authorizer{ID: storage.NewID(), Name: "shop", Secrets: map[string]secrets.Secret{"password": secrets.New(canary)}}
		must(t, open(t, options).SaveAuthorizer(ctx, a))
		must(t, second(secrets.Rotate(key)))
		s := open(t, options)
		for _, want := range []int{1, 0} {
			if changed, err := s.RewrapSecrets(ctx); err != nil || changed != want {
				t.Errorf("%d values changed, want %d: %v", changed, want, err)
			}
		}
		must(t, second(secrets.DropOld(key)))
		got, err := open(t, options).Authorizer(ctx, a.ID)
		must(t, err)
		same(t, got, a)
	})
}

// A sealed value that was copied to another row does not open there, and the row can
// still be listed and mended.
func TestMovedSecretIsMissing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s := open(t, options)
		for _, name := range []string{"a", "b"} {
			must(t, s.SaveAuthorizer(t.Context(), authorizers.Authorizer{
				ID: name, Name: name, Secrets: map[string]secrets.Secret{"password": secrets.New(canary + name)},
			}))
		}
		execute(t, options, "UPDATE authorizers SET secrets = (SELECT secrets FROM authorizers WHERE id = 'a')")
		all, err := s.Authorizers(t.Context())
		must(t, err)
		if len(all[1].Secrets) != 0 || len(all[1].Missing) != 1 || all[0].Secrets["password"].Reveal() != canary+"a" {
			t.Errorf("%+v", all)
		}
	})
}

func TestSecretsAreNeverInTheFiles(t *testing.T) {
	t.Parallel()
	options := storage.Options{DataDir: t.TempDir()}
	s := open(t, options)
	must(t, s.SaveAuthorizer(t.Context(), authorizers.Authorizer{
		ID: "a", Name: "visible name", Secrets: map[string]secrets.Secret{"password": secrets.New(canary)},
	}))
	seen := false
	must(t, filepath.WalkDir(options.DataDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		must(t, err)
		content, err := os.ReadFile(path)
		must(t, err)
		if bytes.Contains(content, []byte(canary)) || bytes.Contains(content, []byte(base64.StdEncoding.EncodeToString([]byte(canary)))) {
			t.Errorf("%s holds the secret", path)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		seen = seen || bytes.Contains(content, []byte("visible name"))
		return nil
	}))
	if !seen {
		t.Error("the scan does not see what is stored")
	}
}

func TestDataDirectoryIsPrivate(t *testing.T) {
	t.Parallel()
	options := storage.Options{DataDir: filepath.Join(t.TempDir(), "new ?#% directory")}
	must(t, open(t, options).Ready(t.Context()))
	info, err := os.Stat(options.DataDir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := os.Stat(filepath.Join(options.DataDir, storage.DatabaseFile)); err != nil {
		t.Error(err)
	}
}

func TestPostgresTakesNothingFromTheEnvironment(t *testing.T) {
	options := storage.Options{DataDir: t.TempDir(), DatabaseURL: testdb.Database(t)}
	for name, value := range map[string]string{
		"PGHOST": "192.0.2.1", "PGPORT": "1", "PGDATABASE": "other", "PGUSER": "other", "PGPASSWORD": canary,
		"PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/nowhere", "PGOPTIONS": "-c search_path=nowhere", "PGAPPNAME": "other",
		"PGTARGETSESSIONATTRS": "standby", "PGCONNECT_TIMEOUT": "-",
		"PGREQUIREAUTH": "none", "PGCHANNELBINDING": "require", "PGMINPROTOCOLVERSION": "3.2",
	} {
		t.Setenv(name, value)
	}
	must(t, open(t, options).Ready(t.Context()))
	var name string
	must(t, raw(t, storage.Options{DatabaseURL: options.DatabaseURL + "&target_session_attrs=any&connect_timeout=5&sslrootcert=&options=&require_auth=&channel_binding=prefer&min_protocol_version=3.0"}).
		QueryRowContext(t.Context(), "SELECT max(application_name) FROM pg_stat_activity WHERE application_name = 'leat'").Scan(&name))
	if name != "leat" {
		t.Errorf("application name %q", name)
	}
	t.Setenv("PGSERVICE", "x")
	if _, err := storage.Open(t.Context(), options); err == nil || !strings.Contains(err.Error(), "PGSERVICE") {
		t.Errorf("with a service: %v", err)
	}
}

func TestBadAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"mysql://u:" + canary + "@h/d", "postgres://u:" + canary + "@h:x/d", "postgres://h/d", "postgres://u:" + canary + "@h",
		"postgres://u:" + canary + "@h/d?options=x", "postgres://u:" + canary + "@h/d?sslmode=maybe", "\x00",
	} {
		_, err := storage.Open(t.Context(), storage.Options{DataDir: t.TempDir(), DatabaseURL: address})
		if err == nil || strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), "LEAT_DATABASE_URL") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
