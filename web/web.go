// Package web serves the pages. Every route stands in one table together with the
// permission it needs; one outer middleware asks who is there before any handler
// runs. Handlers turn a posted form into a domain object, let the domain judge it,
// and render a page into a buffer before the status is written. All forms and links
// work without script; htmx only replaces parts of the same pages. The types of the
// router stay inside this package.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"leat/accounts"
	"leat/authorizers"
	"leat/connectors"
	"leat/flows"
	"leat/secrets"
)

// Catalog knows the systems in this binary.
type Catalog interface {
	Connector(kind string) (connectors.Connector, bool)
	// Kinds lists the words for Connector, sorted.
	Kinds() []string
}

// Engine asks the systems. *engine.Engine is one.
type Engine interface {
	Checker
	Discoverer
	Planner
	Previewer
	Forgetter
	RejectReader
}

// Checker proves that an authorizer, saved or not, is usable.
type Checker interface {
	Check(ctx context.Context, a authorizers.Authorizer) authorizers.CheckReport
}

// Discoverer lists and describes what an authorizer reaches.
type Discoverer interface {
	Discover(ctx context.Context, authorizerID string) ([]connectors.DatasetInfo, error)
	Describe(ctx context.Context, authorizerID string, dataset connectors.Dataset) (connectors.Description, error)
	// Expand lists what a pattern selects now.
	Expand(ctx context.Context, authorizerID string, dataset flows.SourceDataset) ([]flows.SourceDataset, error)
	AuthorizerSchemas(ctx context.Context, authorizerID string) ([]connectors.SchemaInfo, error)
}

// Planner says what a flow would do at its destination, without writing.
type Planner interface {
	PlanFlow(ctx context.Context, flow flows.Flow) ([]flows.StreamPlan, error)
}

// Previewer shows the first rows of a dataset; limit 0 means its own.
type Previewer interface {
	Preview(ctx context.Context, authorizerID string, selection connectors.Selection, limit int) (flows.Preview, error)
}

// Forgetter removes the load state that a flow keeps at its destination.
type Forgetter interface {
	DropStates(ctx context.Context, flow flows.Flow) error
}

// RejectReader yields the rows that a run could not store in the table of a stream. An
// error ends them.
type RejectReader interface {
	Rejects(ctx context.Context, run flows.Run, stream flows.StreamRun) iter.Seq2[flows.RejectedRow, error]
}

// Uploads keeps files that people send. *files.Roots is one.
type Uploads interface {
	// SaveFrom stores a file of at most maxBytes and returns the name to read it by.
	SaveFrom(ctx context.Context, name string, content io.Reader, maxBytes int64) (string, error)
}

// Exporter writes one flow as configuration.
type Exporter interface {
	ExportFlow(ctx context.Context, flowID string) (string, error)
}

// Deps is what the pages work with.
type Deps struct {
	Catalog      Catalog
	Authorizers  authorizers.Store
	Sources      flows.SourceStore
	Destinations flows.DestinationStore
	Flows        flows.FlowStore
	// Edits saves what forms change in the four stores above.
	Edits     Edits
	Runs      flows.RunStore
	Users     accounts.Store
	Passwords *accounts.Passwords
	Sessions  scs.CtxStore
	Engine    Engine
	// Setup is the one-time token of the link that makes the first owner; nil when
	// there are users.
	Setup *accounts.SetupToken
	// Ready says whether the store can be read; it makes /readyz.
	Ready func(ctx context.Context) error
	// Uploads is nil where files cannot be sent.
	Uploads Uploads
	// Export is nil where configuration cannot be shown.
	Export Exporter
	// References says which references may be typed as a secret.
	References secrets.Policy
	// NewID makes the id of a new object.
	NewID func() string
	// Schedules says that runs which are due are started. Where nobody starts them the
	// pages keep schedules and promise no run.
	Schedules bool
	// Wake is called after a run was queued; nil when nobody waits.
	Wake func()
	// SecureCookies marks cookies Secure on plain connections as well, for servers
	// behind a proxy that does not say so.
	SecureCookies bool
	// About are lines for the settings page: version, store, data directory.
	About []Fact
	Log   *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Fact is one line about this installation.
type Fact struct{ Label, Value string }

// Server serves the pages. It is an http.Handler; Serve adds limits and a graceful end.
type Server struct {
	Deps
	handler  http.Handler
	sessions *scs.SessionManager
	limiter  *accounts.LoginLimiter
	typed    *typedSecrets
	kept     keptTimes
	routes   map[string]route
	waiting  remembered[int]
	// closing is done when streams have to end.
	closing context.Context //nolint:containedctx // the life of the server, which no request carries
	stop    context.CancelFunc
}

// New makes a server.
func New(deps Deps) *Server {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	s := &Server{Deps: deps, limiter: accounts.NewLoginLimiter(), typed: newTypedSecrets(deps.Now)}
	s.closing, s.stop = context.WithCancel(context.Background()) //nolint:gosec,nolintlint // Serve stops it; gosec does not always see that
	s.sessions = newSessions(deps.Sessions, s.sessionFailed)
	s.handler = s.outer(s.router())
	return s
}

// router registers the table of routes.
func (s *Server) router() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.handleError
	e.Use(s.recovered, s.authenticated)
	s.routes = map[string]route{}
	for _, r := range s.table() {
		s.add(e, r)
		if r.method == http.MethodGet {
			r.method = http.MethodHead
			s.add(e, r)
		}
	}
	return e
}

func (s *Server) add(e *echo.Echo, r route) {
	s.routes[r.method+" "+r.path] = r
	e.Add(r.method, r.path, r.handle)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// The limits of a connection. Writing has none, because event streams stay open.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 2 * time.Minute
	idleTimeout       = 2 * time.Minute
	drainTimeout      = 10 * time.Second
	maxHeaderBytes    = 64 << 10
)

// Serve answers requests until ctx ends; then it ends the event streams, waits for
// the other requests and returns nil.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(s.stop)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return fmt.Errorf("end open requests: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	}
	return nil
}
