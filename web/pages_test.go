package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/oklog/ulid/v2"

	"leat/accounts"
	"leat/authorizers"
	"leat/connectors"
	"leat/flows"
	"leat/record"
	"leat/secrets"
	"leat/storage"
	"leat/web"
)

// password is the one of every user in these tests.
const password = "four words make one"

// hashing takes next to nothing here: what a password costs is tested in accounts.
var hashing = sync.OnceValues(func() (*accounts.Passwords, string) {
	passwords := accounts.NewPasswords(accounts.Cost{Memory: 64, Passes: 1})
	hash, err := passwords.Hash(context.Background(), password)
	if err != nil {
		panic(err)
	}
	return passwords, hash
})

// pages is a server on a store of its own.
type pages struct {
	t      *testing.T
	store  *storage.Store
	engine *fakeEngine
	server *web.Server
	http   *httptest.Server
	token  string
	logged *strings.Builder
	// uploads are the files that were sent, by the name they were given.
	uploads shelfFiles
	// folder is the data directory.
	folder string
}

// shelfFiles keeps sent files in memory.
type shelfFiles map[string]string

// SaveFrom keeps a file under a new name.
func (f shelfFiles) SaveFrom(_ context.Context, name string, content io.Reader, maxBytes int64) (string, error) {
	text, err := io.ReadAll(io.LimitReader(content, maxBytes))
	if err != nil {
		return "", err
	}
	name = "uploads/x-" + name
	f[name] = string(text)
	return name, nil
}

func newPages(t *testing.T) *pages {
	t.Helper()
	folder := t.TempDir()
	store, err := storage.Open(t.Context(), storage.Options{DataDir: folder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	passwords, _ := hashing()
	setup, text := accounts.NewSetupToken(time.Now())
	p := &pages{t: t, store: store, engine: newFakeEngine(), token: text, logged: &strings.Builder{}, uploads: shelfFiles{}, folder: folder}
	p.server = web.New(web.Deps{
		Catalog: shelves{}, Authorizers: store, Sources: store, Destinations: store, Flows: store, Edits: store, Runs: store, Users: store,
		Passwords: passwords, Sessions: store.Sessions(), Engine: p.engine, Setup: setup, Ready: store.Ready, Schedules: true, Uploads: p.uploads,
		NewID: func() string { return ulid.Make().String() }, Log: slog.New(slog.NewTextHandler(p.logged, nil)),
		References: mustPolicy(t, "env:ALLOWED_*"),
	})
	p.http = httptest.NewServer(p.server)
	t.Cleanup(p.http.Close)
	return p
}

func mustPolicy(t *testing.T, text string) secrets.Policy {
	t.Helper()
	policy, err := secrets.ParsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// addUser stores a user of a role.
func (p *pages) addUser(role accounts.Role) accounts.User {
	p.t.Helper()
	_, hash := hashing()
	user := accounts.User{
		ID: ulid.Make().String(), Email: string(role) + "@example.org", Name: string(role), Role: role, PasswordHash: hash, Generation: 1,
		CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
	if err := p.store.SaveUser(p.t.Context(), user); err != nil {
		p.t.Fatal(err)
	}
	return user
}

// visitor is a browser without script.
type visitor struct {
	t    *testing.T
	base string
	http *http.Client
}

func (p *pages) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return &visitor{t: p.t, base: p.http.URL, http: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// as is a visitor who has logged in.
func (p *pages) as(role accounts.Role) *visitor {
	p.t.Helper()
	user := p.addUser(role)
	v := p.visitor()
	got := v.post("/login", url.Values{"email": {user.Email}, "password": {password}})
	if got.status != http.StatusSeeOther {
		p.t.Fatalf("log in: %d\n%s", got.status, got.body)
	}
	return v
}

// answer is what the server said.
type answer struct {
	*goquery.Document
	status   int
	header   http.Header
	location string
	body     string
}

func (v *visitor) do(method, path string, form url.Values, header http.Header) answer {
	v.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name := range header {
		request.Header.Set(name, header.Get(name))
	}
	response, err := v.http.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	document, err := goquery.NewDocumentFromReader(strings.NewReader(string(text)))
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{document, response.StatusCode, response.Header, response.Header.Get("Location"), string(text)}
}

func (v *visitor) get(path string) answer { v.t.Helper(); return v.do(http.MethodGet, path, nil, nil) }

func (v *visitor) post(path string, form url.Values) answer {
	v.t.Helper()
	return v.do(http.MethodPost, path, form, nil)
}

// follow goes where a form led, at most a few steps.
func (v *visitor) follow(from answer) answer {
	v.t.Helper()
	for range 5 {
		if from.location == "" {
			return from
		}
		from = v.get(from.location)
	}
	v.t.Fatalf("too many redirects, the last to %s", from.location)
	return from
}

// fields reads the values of a form as a browser would send them, without buttons.
func fields(t *testing.T, form *goquery.Selection) url.Values {
	t.Helper()
	if form.Length() != 1 {
		t.Fatalf("there are %d forms", form.Length())
	}
	values := url.Values{}
	form.Find("input, select, textarea").Each(func(_ int, s *goquery.Selection) {
		name := s.AttrOr("name", "")
		if name == "" {
			return
		}
		_, isChecked := s.Attr("checked")
		_, isDisabled := s.Attr("disabled")
		switch {
		case isDisabled:
		case goquery.NodeName(s) == "textarea":
			values.Add(name, s.Text())
		case goquery.NodeName(s) == "select":
			chosen := s.Find("option[selected]").First()
			if chosen.Length() == 0 {
				chosen = s.Find("option").First()
			}
			values.Add(name, chosen.AttrOr("value", ""))
		case s.AttrOr("type", "") == "checkbox", s.AttrOr("type", "") == "radio":
			if isChecked {
				values.Add(name, s.AttrOr("value", "on"))
			}
		case s.AttrOr("type", "") != "file":
			values.Add(name, s.AttrOr("value", ""))
		}
	})
	return values
}

// want compares a status and shows the page when it differs.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d; location %q\n%s", a.status, status, a.location, strings.Join(strings.Fields(a.Find("main").Text()), " "))
	}
	return a
}

// shelves is a catalog of one kind of system, which has all that the pages can show.
type shelves struct{}

func (shelves) Kinds() []string { return []string{"shelf"} }

func (shelves) Connector(kind string) (connectors.Connector, bool) { return shelf{}, kind == "shelf" }

type shelf struct{}

func (shelf) Open(context.Context, connectors.Settings, connectors.Env) (connectors.Connection, error) {
	return nil, errors.New("the pages never open a connector themselves")
}

func (shelf) Descriptor() connectors.Descriptor {
	return connectors.Descriptor{
		Kind: "shelf", Title: "Shelf", Summary: "Rows on a shelf.", URLSchemes: []string{"shelf"}, ParseURL: parseShelf,
		Settings: []connectors.Field{
			{Name: "host", Label: "Host", Type: connectors.FieldText, Required: true},
			{Name: "port", Label: "Port", Type: connectors.FieldNumber, Default: "7000", Min: 1, Max: 65535},
			{Name: "database", Label: "Database", Type: connectors.FieldText, Required: true},
			{Name: "username", Label: "User", Type: connectors.FieldText},
			{Name: "password", Label: "Password", Type: connectors.FieldSecret},
			{Name: "timeout", Label: "Timeout", Type: connectors.FieldNumber, Default: "15", Advanced: true},
		},
		Where: func(s connectors.Settings) string { return s["host"] + ":" + s["port"] + "/" + s["database"] },
		Capabilities: connectors.Capabilities{
			Reads: true, Loads: true, Writers: 8, Networked: true, Queries: true, Cursors: true, DefaultSchema: "dbo", Atomicity: connectors.AtomicFlow,
			WriteModes: connectors.WriteModes(), MaxIdentifier: 63, Parallelism: 4,
			DatasetOptions: []connectors.Field{
				{Name: "header", Label: "Header", Type: connectors.FieldBool, Default: "true"}, {Name: "delimiter", Label: "Delimiter", Type: connectors.FieldText, Default: ","},
			},
		},
	}
}

func parseShelf(raw string) (connectors.ParsedURL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "shelf" {
		return connectors.ParsedURL{}, &connectors.Error{Kind: connectors.Config, Message: "this is not a connection string of a shelf", Fix: "Write shelf://user:password@host:port/database."}
	}
	secret, _ := u.User.Password()
	parsed := connectors.ParsedURL{Settings: connectors.Settings{
		"host": u.Hostname(), "port": u.Port(), "database": strings.TrimPrefix(u.Path, "/"), "username": u.User.Username(), "password": secret,
	}}
	for name := range u.Query() {
		parsed.Unknown = append(parsed.Unknown, name)
	}
	return parsed, nil
}

// fakeEngine answers as a system with two tables and the schemas public and dbo would.
type fakeEngine struct {
	mu      sync.Mutex
	checked []authorizers.Authorizer
	check   authorizers.CheckReport
	listing []connectors.DatasetInfo
	schemas []connectors.SchemaInfo
	plan    func(flow flows.Flow) ([]flows.StreamPlan, error)
	err     error
	dropped []string
	// rejects are yielded, then rejectsErr.
	rejects    []flows.RejectedRow
	rejectsErr error
	// asks counts the looks at the ends of flows.
	asks atomic.Int64
}

func newFakeEngine() *fakeEngine {
	return &fakeEngine{
		check: authorizers.CheckReport{OK: true, Stages: []authorizers.CheckStage{{Name: "tcp", Status: authorizers.StageOK, Detail: "127.0.0.1:7000"}}},
		listing: []connectors.DatasetInfo{
			{Schema: "public", Name: "notes", Kind: "table", EstimatedRows: 12, Bytes: -1},
			{Schema: "public", Name: "orders", Kind: "table", EstimatedRows: 1200, Bytes: -1},
		},
		schemas: []connectors.SchemaInfo{{Name: "dbo", Writable: true}, {Name: "public", Writable: true}, {Name: "locked"}},
	}
}

func (e *fakeEngine) Check(_ context.Context, a authorizers.Authorizer) authorizers.CheckReport {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.checked = append(e.checked, a)
	report := e.check
	report.At = time.Now()
	return report
}

func (e *fakeEngine) Discover(context.Context, string) ([]connectors.DatasetInfo, error) {
	return e.listing, e.err
}

func (e *fakeEngine) Describe(_ context.Context, _ string, d connectors.Dataset) (connectors.Description, error) {
	e.asks.Add(1)
	return e.describe(d)
}

func (e *fakeEngine) describe(d connectors.Dataset) (connectors.Description, error) {
	text, number := record.Column{Name: "note", Type: mustType("text"), Native: "text", Nullable: true}, record.Column{Name: "id", Type: mustType("int64"), Native: "bigint"}
	stamp := record.Column{Name: "updated_at", Type: mustType("timestamptz"), Native: "timestamptz"}
	description := connectors.Description{Schema: record.Schema{Columns: []record.Column{number, text, stamp}, Key: []string{"id"}}, Cursors: []string{"updated_at"}, EstimatedRows: 1200}
	if d.Name == "notes" {
		description.Schema.Key = nil
	}
	return description, e.err
}

func (e *fakeEngine) Expand(_ context.Context, _ string, d flows.SourceDataset) ([]flows.SourceDataset, error) {
	return []flows.SourceDataset{{Name: "public.notes"}, {Name: "public.orders"}}, e.err
}

func mustType(name string) arrow.DataType {
	found, err := record.ParseType(name)
	if err != nil {
		panic(err)
	}
	return found
}

func (e *fakeEngine) AuthorizerSchemas(context.Context, string) ([]connectors.SchemaInfo, error) {
	return e.schemas, e.err
}

func (e *fakeEngine) PlanFlow(_ context.Context, flow flows.Flow) ([]flows.StreamPlan, error) {
	e.asks.Add(1)
	if e.plan != nil {
		return e.plan(flow)
	}
	var plans []flows.StreamPlan
	for i, stream := range flow.Streams {
		table, err := flows.ParseTable(stream.Table, "dbo")
		if err != nil {
			return nil, err
		}
		described, err := e.describe(connectors.Dataset{Name: strings.TrimPrefix(stream.From[0].Dataset, "public.")})
		plans = append(plans, flows.StreamPlan{Stream: i, Description: &described, WriteMode: stream.WriteMode, Dataset: stream.From[0].Dataset, Table: table, Checked: true, Plan: connectors.Plan{
			Table: table, Columns: map[string]string{"id": "id", "note": "note"}, Statements: []string{"CREATE TABLE " + table.String() + " ()"},
		}})
		if err != nil {
			return nil, err
		}
	}
	return plans, nil
}

func (e *fakeEngine) Preview(context.Context, string, connectors.Selection, int) (flows.Preview, error) {
	hostile := `<script>alert("x")</script>`
	return flows.Preview{
		Columns: []flows.PreviewColumn{{Name: "id", Type: "int64", Key: true}, {Name: "note", Type: "text"}},
		Rows:    [][]*string{{new("1"), &hostile}, {new("2"), nil}},
	}, e.err
}

func (e *fakeEngine) DropStates(_ context.Context, flow flows.Flow) error {
	e.dropped = append(e.dropped, flow.Name)
	return e.err
}

func (e *fakeEngine) Rejects(context.Context, flows.Run, flows.StreamRun) iter.Seq2[flows.RejectedRow, error] {
	return func(yield func(flows.RejectedRow, error) bool) {
		for _, row := range e.rejects {
			if !yield(row, nil) {
				return
			}
		}
		if e.rejectsErr != nil {
			yield(flows.RejectedRow{}, e.rejectsErr)
		}
	}
}

// world is a store with one of everything.
type world struct {
	authorizer  authorizers.Authorizer
	source      flows.Source
	destination flows.Destination
	flow        flows.Flow
}

// canary is a secret that must never be seen.
const canary = "canary-7f3a-secret"

func (p *pages) world() world {
	p.t.Helper()
	ctx, now := p.t.Context(), time.Now()
	w := world{authorizer: authorizers.Authorizer{
		ID: "a1", Name: "shop", Connector: "shelf", Settings: map[string]string{"host": "db.example", "port": "7000", "database": "shop", "username": "reader"},
		Secrets: map[string]secrets.Secret{"password": secrets.New(canary)}, CreatedAt: now, UpdatedAt: now,
	}}
	w.authorizer.TLS.Mode = "prefer"
	w.source = flows.Source{ID: "s1", Name: "shop-sales", AuthorizerID: "a1", CreatedAt: now, UpdatedAt: now, Datasets: []flows.SourceDataset{
		{Name: "public.orders", Dataset: connectors.Dataset{Schema: "public", Name: "orders"}},
	}}
	w.destination = flows.Destination{ID: "d1", Name: "dwh", AuthorizerID: "a1", DefaultSchema: "dbo", CreatedAt: now, UpdatedAt: now}
	w.flow = flows.Flow{ID: "f1", Name: "orders", DestinationID: "d1", CreatedAt: now, UpdatedAt: now, Streams: []flows.Stream{{
		From: []flows.StreamInput{{SourceID: "s1", Dataset: "public.orders"}}, Table: "dbo.orders", WriteMode: connectors.Upsert, StateKey: "orders/dbo.orders",
	}}}
	for _, err := range []error{
		p.store.SaveAuthorizer(ctx, w.authorizer), p.store.SaveSource(ctx, w.source), p.store.SaveDestination(ctx, w.destination), p.store.SaveFlow(ctx, w.flow),
	} {
		if err != nil {
			p.t.Fatal(err)
		}
	}
	return w
}

// addRun stores a run with some log lines, as far as status.
func (p *pages) addRun(id string, lines int, status flows.RunStatus) flows.Run {
	p.t.Helper()
	ctx := p.t.Context()
	run := flows.Run{ID: id, FlowID: "f1", FlowName: "orders", Status: flows.RunQueued, Trigger: flows.TriggerManual, QueuedAt: time.Now()}
	if err := p.store.EnqueueRun(ctx, run); err != nil {
		p.t.Fatal(err)
	}
	run, err := p.store.ClaimRun(ctx, "node-1", "f1", time.Minute)
	if err != nil {
		p.t.Fatal(err)
	}
	run.Streams = []flows.StreamRun{{Table: "dbo.orders", Dataset: "public.orders", WriteMode: connectors.Upsert, Status: flows.RunRunning, Phase: flows.PhaseReading, EstimatedRows: -1, Counts: connectors.Counts{Read: 1200}}}
	if err := p.store.SaveProgress(ctx, run.Lease, run.Streams); err != nil {
		p.t.Fatal(err)
	}
	p.log(id, 1, lines)
	if status.Active() {
		return run
	}
	run.Status, run.EndedAt = status, time.Now()
	run.Streams[0].Status = status
	if err := p.store.FinishRun(ctx, run.Lease, run); err != nil {
		p.t.Fatal(err)
	}
	return run
}

func (p *pages) log(id string, from, count int) {
	p.t.Helper()
	var lines []flows.LogLine
	for i := range count {
		lines = append(lines, flows.LogLine{RunID: id, At: time.Now(), Level: "info", Message: fmt.Sprintf("line %d", from+i)})
	}
	if err := p.store.AppendLog(p.t.Context(), id, lines); err != nil {
		p.t.Fatal(err)
	}
}
