package pgwire

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"leat/connectors"
	"leat/dial"
	"leat/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

func loopback() *dial.Dialer { return dial.New(dial.Options{Policy: dial.Policy{AllowPrivate: true}}) }

// configFor is a configuration for the superuser of a test server.
func configFor(s *testdb.Server, mode dial.TLSMode) Config {
	return Config{
		Host: s.Host, Port: uint16(s.Port), Database: "postgres", User: s.Superuser, Password: s.Password,
		TLS: dial.TLS{Mode: mode}, Dial: loopback().DialContext, Application: "leat test",
	}
}

// TestEnvironmentHasNoSay fills the environment with canaries and looks at what reaches
// a server and which files are asked for.
func TestEnvironmentHasNoSay(t *testing.T) {
	home := t.TempDir()
	for name, content := range map[string]string{
		".pgpass":          "*:*:*:*:canary-passfile",
		".pg_service.conf": "[canary]\nhost=canary-service\npassword=canary-service\n",
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"HOME": home, "PGPASSWORD": "canary-password", "PGHOST": "canary-host", "PGPORT": "canary", "PGUSER": "canary-user", "PGDATABASE": "canary-database",
		"PGSSLMODE": "canary", "PGOPTIONS": "-c search_path=canary", "PGSERVICE": "canary", "PGSERVICEFILE": "/canary", "PGPASSFILE": filepath.Join(home, ".pgpass"),
		"PGAPPNAME": "canary-application", "PGTZ": "Canary/Zone", "PGSSLCERT": "/canary", "PGSSLKEY": "/canary", "PGSSLROOTCERT": "/canary", "PGTARGETSESSIONATTRS": "canary",
		"PGCONNECT_TIMEOUT": "canary", "PGREQUIREAUTH": "none", "PGCHANNELBINDING": "canary", "PGSSLNEGOTIATION": "canary", "PGMINPROTOCOLVERSION": "canary",
		"PGMAXPROTOCOLVERSION": "canary", "PGSSLCERTMODE": "canary", "PGSSLSNI": "canary", "PGSSLPASSWORD": "canary",
	} {
		t.Setenv(name, value)
	}
	if _, err := parseNeutral(); err != nil {
		t.Fatalf("the environment breaks the configuration: %v", err)
	}
	if os.Getenv("PGSERVICE") != "canary" {
		t.Error("PGSERVICE was not put back")
	}
	for _, password := range []string{"", "typed"} {
		sent := captured(t, password)
		if bytes.Contains(bytes.ToLower(sent), []byte("canary")) {
			t.Errorf("a canary of the environment reached the server: %q", sent)
		}
		if password != "" && !bytes.Contains(sent, []byte(password)) {
			t.Errorf("the typed password did not reach the server: %q", sent)
		}
	}
}

// captured connects to a server that asks for a password in clear and returns all that
// it was sent.
func captured(t *testing.T, password string) []byte {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	got := make(chan []byte, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			got <- nil
			return
		}
		defer conn.Close()
		var all bytes.Buffer
		buffer := make([]byte, 4096)
		n, _ := conn.Read(buffer)
		all.Write(buffer[:n])
		ask, _ := (&pgproto3.AuthenticationCleartextPassword{}).Encode(nil)
		_, _ = conn.Write(ask)
		n, _ = conn.Read(buffer)
		all.Write(buffer[:n])
		got <- all.Bytes()
	}()
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	number, _ := strconv.Atoi(port)
	c := Config{Host: host, Port: uint16(number), Database: "d", User: "u", Password: password, TLS: dial.TLS{Mode: dial.TLSDisable}, Dial: loopback().DialContext}
	if _, err := Connect(t.Context(), c); err == nil {
		t.Fatal("the fake server let us in")
	}
	return <-got
}

func TestValidate(t *testing.T) {
	good := Config{Host: "localhost", Port: 5432, Database: "d", User: "u", TLS: dial.TLS{Mode: dial.TLSPrefer}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"socket": func(c *Config) { c.Host = "/var/run/postgresql" }, "abstract socket": func(c *Config) { c.Host = "@pg" }, "two hosts": func(c *Config) { c.Host = "a,b" },
		"no host": func(c *Config) { c.Host = " " }, "no database": func(c *Config) { c.Database = "" }, "no user": func(c *Config) { c.User = "" }, "NUL": func(c *Config) { c.User = "a\x00b" },
		"port": func(c *Config) { c.Port = 0 }, "TLS": func(c *Config) { c.TLS.Mode = "allow" },
	} {
		c := good
		change(&c)
		if err := c.Validate(); !connectors.Is(err, connectors.Config) {
			t.Errorf("%s: got %v, want an error of kind config", name, err)
		}
	}
}

// watch gathers stages as "name" or "name!" when they failed.
func watch(t *testing.T) (context.Context, *[]string) {
	var seen []string
	return dial.WithTrace(t.Context(), func(s dial.Stage) {
		if s.Err != nil {
			s.Name += "!"
		}
		seen = append(seen, s.Name)
	}), &seen
}

func TestConnectSetsTheSession(t *testing.T) {
	c := configFor(testdb.Postgres(t), dial.TLSPrefer)
	c.Application = strings.Repeat("ž", 40)
	c.Session = Session{Statement: time.Minute, Lock: 2 * time.Second, Idle: time.Hour}
	ctx, seen := watch(t)
	conn, err := Connect(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if diff := cmp.Diff([]string{"tcp", "tls!", "tcp", "auth", "database"}, *seen); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{
		"DateStyle": "ISO, MDY", "TimeZone": "UTC", "IntervalStyle": "postgres", "search_path": "pg_catalog", "row_security": "off", "extra_float_digits": floatDigits(ServerVersion(conn.PgConn())),
		"statement_timeout": "1min", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "1h", "application_name": strings.Repeat("ž", 31), "client_encoding": "UTF8",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&got); err != nil || got != want {
			if name == "application_name" && slices.Contains([]string{strings.Repeat("?", 62), strings.Repeat(`\xc5\xbe`, 31)}, got) {
				continue // servers show ASCII only, and since 16 the bytes of the rest
			}
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
	}
	if version := ServerVersion(conn.PgConn()); version < 100_000 {
		t.Errorf("the version is %d", version)
	}
}

func TestTLSModes(t *testing.T) {
	s := testdb.Start(t, testdb.Options{TLS: true})
	for _, test := range []struct {
		name      string
		host      string
		tls       dial.TLS
		encrypted bool
		stages    []string
	}{
		{"disable", "127.0.0.1", dial.TLS{Mode: dial.TLSDisable}, false, []string{"tcp", "auth", "database"}},
		{"prefer", "127.0.0.1", dial.TLS{Mode: dial.TLSPrefer}, true, []string{"tcp", "tls", "auth", "database"}},
		{"require", "127.0.0.1", dial.TLS{Mode: dial.TLSRequire}, true, []string{"tcp", "tls", "auth", "database"}},
		{"verify-ca", "127.0.0.1", dial.TLS{Mode: dial.TLSVerifyCA, CA: string(s.CA)}, true, []string{"tcp", "tls", "auth", "database"}},
		{"verify-full", "127.0.0.1", dial.TLS{Mode: dial.TLSVerifyFull, CA: string(s.CA), ServerName: "localhost"}, true, []string{"tcp", "tls", "auth", "database"}},
		{"wrong name", "127.0.0.1", dial.TLS{Mode: dial.TLSVerifyFull, CA: string(s.CA)}, false, []string{"tcp", "tls!"}},
		{"unknown CA", "127.0.0.1", dial.TLS{Mode: dial.TLSVerifyCA}, false, []string{"tcp", "tls!"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := configFor(s, test.tls.Mode)
			c.Host, c.TLS = test.host, test.tls
			ctx, seen := watch(t)
			conn, err := Connect(ctx, c)
			if diff := cmp.Diff(test.stages, *seen); diff != "" {
				t.Errorf("stages (-want +got):\n%s", diff)
			}
			if strings.HasSuffix(test.stages[len(test.stages)-1], "!") {
				found, ok := errors.AsType[*connectors.Error](err)
				if !ok || found.Kind != connectors.Unreachable || found.Retryable || found.Fix == "" {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.Background())
			var encrypted bool
			if err := conn.QueryRow(t.Context(), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&encrypted); err != nil || encrypted != test.encrypted {
				t.Errorf("encrypted: %v (%v), want %v", encrypted, err, test.encrypted)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := conn.Exec(ctx, "SELECT pg_sleep(3600)"); err == nil {
				t.Error("the statement went on to its end")
			}
		})
	}
}

// TestCertificatesThatDoNotHold names the certificate's fault: the date on which it ended,
// or the names that it was made for.
func TestCertificatesThatDoNotHold(t *testing.T) {
	for name, test := range map[string]struct {
		options testdb.Options
		server  string
		words   []string
	}{
		"expired":    {testdb.Options{TLS: true, Expired: true}, "localhost", []string{"certificate has expired", time.Now().Add(-time.Hour).UTC().Format("2006-01-02"), "Renew the certificate"}},
		"wrong name": {testdb.Options{TLS: true}, "db.example.com", []string{"certificate is valid for localhost", "db.example.com", "server name"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := testdb.Start(t, test.options)
			c := configFor(s, dial.TLSVerifyFull)
			c.TLS = dial.TLS{Mode: dial.TLSVerifyFull, CA: string(s.CA), ServerName: test.server}
			_, err := Connect(t.Context(), c)
			if !connectors.Is(err, connectors.Unreachable) || connectors.AsError(err).Retryable {
				t.Fatalf("got %v, want an error that is worth no other try", err)
			}
			for _, word := range test.words {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not say %q", err, word)
				}
			}
		})
	}
}

func TestConnectErrors(t *testing.T) {
	s := testdb.Postgres(t)
	closed := s.CreateRole(t, "closed")
	database := s.CreateDatabase(t)
	s.Exec(t, database, "REVOKE CONNECT ON DATABASE "+database+" FROM PUBLIC")
	for _, test := range []struct {
		name   string
		change func(*Config)
		kind   connectors.Kind
		stage  string
		says   string
	}{
		{"password", func(c *Config) { c.Password = "canary-wrong" }, connectors.Auth, "auth!", "password"},
		{"no password", func(c *Config) { c.Password = "" }, connectors.Auth, "", "password"},
		{"user", func(c *Config) { c.User = "nobody" }, connectors.Auth, "auth!", "user"},
		{"database", func(c *Config) { c.Database = "nowhere" }, connectors.NotFound, "database!", `"nowhere"`},
		{"right", func(c *Config) { c.User, c.Password, c.Database = closed.Name, closed.Password, database }, connectors.Permission, "database!", "GRANT CONNECT"},
		{"TLS", func(c *Config) { c.TLS.Mode = dial.TLSRequire }, connectors.Unreachable, "tls!", "does not offer TLS"},
		{"port", func(c *Config) { c.Port = 1 }, connectors.Unreachable, "tcp!", "refused"},
		{"another protocol", func(c *Config) {
			c.Dial = func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() {
					_, _ = server.Read(make([]byte, 4096))
					_, _ = server.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
				}()
				return client, nil
			}
		}, connectors.Unreachable, "", "does not speak"},
		{"policy", func(c *Config) { c.Host = "169.254.169.254" }, connectors.Config, "tcp!", "not allowed"},
		{"cancelled", func(c *Config) {
			c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, context.Canceled }
		}, connectors.Cancelled, "", "stopped"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := configFor(s, dial.TLSDisable)
			test.change(&c)
			ctx, seen := watch(t)
			_, err := Connect(ctx, c)
			found, ok := errors.AsType[*connectors.Error](err)
			if !ok || found.Kind != test.kind || !strings.Contains(found.Error(), test.says) {
				t.Fatalf("got %v, want kind %s and %q", err, test.kind, test.says)
			}
			if strings.Contains(found.Error(), "canary") {
				t.Errorf("the error holds the password: %v", found)
			}
			if stages := *seen; test.stage != "" && (len(stages) == 0 || stages[len(stages)-1] != test.stage) {
				t.Errorf("stages %v, want %s last", stages, test.stage)
			}
		})
	}
}

func TestMapError(t *testing.T) {
	a := Attempt{Doing: "load rows", User: "u", Table: connectors.Table{Schema: "s", Name: "t"}, Rights: "INSERT"}
	for _, test := range []struct {
		err       error
		kind      connectors.Kind
		retryable bool
		says      string
	}{
		{&pgconn.PgError{Code: "42501", Message: "permission denied"}, connectors.Permission, false, `GRANT INSERT ON "s"."t" TO "u"`},
		{&pgconn.PgError{Code: "3F000", Message: "schema"}, connectors.NotFound, false, `CREATE SCHEMA "s"; GRANT USAGE, CREATE ON SCHEMA "s" TO "u";`},
		{&pgconn.PgError{Code: "40001", Message: "x"}, connectors.Conflict, true, "40001"},
		{&pgconn.PgError{Code: "40P01"}, connectors.Conflict, true, "deadlock"},
		{&pgconn.PgError{Code: "55P03"}, connectors.Conflict, true, "lock"},
		{&pgconn.PgError{Code: "XX000", Message: "tuple concurrently updated"}, connectors.Conflict, true, "somebody else changed"},
		{&pgconn.PgError{Code: "XX000", Message: "x"}, connectors.Internal, false, "XX000"},
		{&pgconn.PgError{Code: "2BP01", Message: "other objects depend on it"}, connectors.Conflict, true, "depend"},
		{&pgconn.PgError{Code: "53100"}, connectors.Throttled, false, "disk"},
		{&pgconn.PgError{Code: "53300"}, connectors.Throttled, true, "connections"},
		{&pgconn.PgError{Code: "57P01", Message: "terminated"}, connectors.Unreachable, true, "57P01"},
		{&pgconn.PgError{Code: "57014", Message: "timeout"}, connectors.Unreachable, false, "statement_timeout"},
		{&pgconn.PgError{Code: "25006"}, connectors.Permission, false, "read only"},
		{&pgconn.PgError{Code: "08006", Message: "x"}, connectors.Unreachable, true, "08006"},
		{&pgconn.PgError{Code: "42P01", Message: "x"}, connectors.NotFound, false, "42P01"},
		{&pgconn.PgError{Code: "22P02", Message: "canary", Detail: "canary", Where: "canary"}, connectors.Data, false, "22P02"},
		{&pgconn.PgError{Code: "23505", Message: "canary", Detail: "canary", ConstraintName: "t_pkey"}, connectors.Data, false, `constraint "t_pkey"`},
		{&pgconn.PgError{Code: "23503", Message: "canary", SchemaName: "s", TableName: "t"}, connectors.Data, false, "Load the table that it refers to first"},
		{&pgconn.PgError{Code: "23503", Message: "canary", SchemaName: "s", TableName: "child"}, connectors.Data, false, `still referenced by another table, table "s.child" (SQLSTATE 23503)`},
		{&pgconn.PgError{Code: "23502", Message: "canary", ColumnName: "name"}, connectors.Data, false, `column "name"`},
		{&pgconn.PgError{Code: "P0001", Message: "canary"}, connectors.Data, false, "trigger"},
		{&pgconn.PgError{Code: "U0001", Message: "canary"}, connectors.Internal, false, "U0001"},
		{&dial.Error{Stage: dial.StageTCP, Host: "h", Kind: dial.KindTimeout, Err: errors.New("x")}, connectors.Unreachable, true, "firewall"},
		{pgx.ErrNoRows, connectors.NotFound, false, "no such row"},
		{net.ErrClosed, connectors.Unreachable, true, "broke"},
		{errors.New("odd"), connectors.Internal, false, "odd"},
	} {
		found := connectors.AsError(MapError(t.Context(), test.err, a))
		if found.Kind != test.kind || found.Retryable != test.retryable || !strings.Contains(found.Error(), test.says) {
			t.Errorf("%v: got kind %s, retryable %v, %q", test.err, found.Kind, found.Retryable, found)
		}
		if strings.Contains(found.Error()+found.Cause.Error(), "canary") {
			t.Errorf("%v: a row value is left in %q, %q", test.err, found, found.Cause)
		}
	}
	if MapError(t.Context(), nil, a) != nil {
		t.Error("no error became one")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := MapError(ctx, &pgconn.PgError{Code: "57014"}, a); !connectors.Is(err, connectors.Cancelled) {
		t.Errorf("a cancelled statement: %v", err)
	}
}
