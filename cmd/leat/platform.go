package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"leat/connectors/catalog"
	"leat/dial"
	"leat/engine"
	"leat/files"
	"leat/flows"
	"leat/secrets"
	"leat/storage"
)

// platform is the wired program: the store, the systems and the engine.
type platform struct {
	config  config
	log     *slog.Logger
	store   *storage.Store
	catalog *catalog.Catalog
	files   *files.Roots
	engine  *engine.Engine
	deps    engine.Deps
}

// config is everything that comes from flags and the environment.
type config struct {
	dataDir     string
	databaseURL string
	secretKey   secrets.Secret
	files       string
	references  string
	// public says that private and loopback addresses are refused as targets.
	public bool
	// retryAfter are the pauses before the further attempts of a run; nil means the usual.
	retryAfter []time.Duration
}

// The environment variables.
const (
	envDataDir     = "LEAT_DATA_DIR"
	envDatabaseURL = "LEAT_DATABASE_URL"
	envSecretKey   = "LEAT_SECRET_KEY"
	envFiles       = "LEAT_FILES"
	envReferences  = "LEAT_REFERENCES"
	envEgress      = "LEAT_EGRESS"
	envRetryAfter  = "LEAT_RETRY_AFTER"
)

// config reads flags and environment.
func (a *app) config() (config, error) {
	c := config{
		dataDir: a.commands.DataDir, databaseURL: a.getenv(envDatabaseURL), secretKey: secrets.New(a.getenv(envSecretKey)),
		files: a.getenv(envFiles), references: a.getenv(envReferences),
	}
	if c.dataDir == "" {
		c.dataDir = a.getenv(envDataDir)
	}
	if c.dataDir == "" {
		c.dataDir = "leat-data"
	}
	switch egress := a.getenv(envEgress); egress {
	case "", "private":
	case "public":
		c.public = true
	default:
		return config{}, usage("%s is %q; set it to private (the default: databases may stand on this machine and in private networks) or public", envEgress, egress)
	}
	var err error
	if c.retryAfter, err = parsePauses(a.getenv(envRetryAfter)); err != nil {
		return config{}, err
	}
	absolute, err := filepath.Abs(c.dataDir)
	if err != nil {
		return config{}, fmt.Errorf("find the data directory %s: %w", c.dataDir, err)
	}
	c.dataDir = absolute
	return c, nil
}

// parsePauses reads "10s,30s" or "never"; nil when nothing is set.
func parsePauses(text string) ([]time.Duration, error) {
	if text == "" {
		return nil, nil
	}
	pauses := []time.Duration{}
	if text == "never" {
		return pauses, nil
	}
	for word := range strings.SplitSeq(text, ",") {
		pause, err := time.ParseDuration(strings.TrimSpace(word))
		if err != nil || pause <= 0 || len(pauses) == 10 {
			return nil, usage("%s is %q; write at most ten pauses such as 10s,30s (the default), or never", envRetryAfter, text)
		}
		pauses = append(pauses, pause)
	}
	return pauses, nil
}

// storage says where the store is.
func (c config) storage() storage.Options {
	return storage.Options{DataDir: c.dataDir, DatabaseURL: c.databaseURL, SecretKey: c.secretKey}
}

// withPlatform opens the platform for one command and closes it afterwards.
func (a *app) withPlatform(use func(*platform) error) error {
	p, err := a.open()
	if err != nil {
		return err
	}
	defer p.close()
	return use(p)
}

// open wires the program.
func (a *app) open(own ...netip.AddrPort) (*platform, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	p := &platform{config: c, log: a.logger(), catalog: catalog.New()}
	if p.store, err = storage.Open(a.ctx, c.storage()); err != nil {
		return nil, err
	}
	if p.files, err = files.Open(c.files, filepath.Join(c.dataDir, "files")); err != nil {
		p.close()
		return nil, err
	}
	p.deps = engine.Deps{
		Connectors: p.catalog, Authorizers: p.store, Sources: p.store, Destinations: p.store, Flows: p.store,
		Runs: p.store, Installation: p.store, Files: p.files, References: p.resolver(a),
		Dialer: dial.New(dial.Options{Policy: dial.Policy{AllowPrivate: !c.public, Listeners: own}}),
		Node:   nodeName(), Log: p.log, RetryAfter: c.retryAfter,
	}
	p.engine = engine.New(p.deps)
	return p, nil
}

// close frees the store and the files.
func (p *platform) close() {
	if p.files != nil {
		if err := p.files.Close(); err != nil {
			p.log.Warn("close the file folders", "error", err)
		}
	}
	if p.store != nil {
		if err := p.store.Close(); err != nil {
			p.log.Warn("close the store", "error", err)
		}
	}
}

// resolver opens references. Which ones may be saved is decided where they are typed:
// leat apply takes them all, the pages only what LEAT_REFERENCES allows. Leat's own
// variables and its data directory are never readable.
func (p *platform) resolver(a *app) secrets.Resolver {
	everything := secrets.AllowEverything()
	return secrets.Resolver{
		AllowEnv: everything.AllowEnv, AllowFile: everything.AllowFile,
		Getenv: a.getenv, ReadFile: os.ReadFile, DataDir: p.config.dataDir,
	}
}

// logger writes to stderr: warnings only, or everything with --verbose.
func (a *app) logger() *slog.Logger {
	level := slog.LevelWarn
	if a.commands.Verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(a.stdio.err, &slog.HandlerOptions{Level: level}))
}

// nodeName names this process in leases; the random part tells two processes of one
// machine apart, also when the number of a dead process is used again.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	var tail [4]byte
	_, _ = rand.Read(tail[:]) // never fails (crypto/rand)
	return fmt.Sprintf("%s-%d-%s", strings.ToLower(host), os.Getpid(), hex.EncodeToString(tail[:]))
}

// newID makes the id of a new object.
func newID() string { return storage.NewID() }

// flow finds a flow by name.
func (p *platform) flow(ctx context.Context, name string) (flows.Flow, error) {
	flow, err := p.store.FlowByName(ctx, name)
	if err != nil {
		return flows.Flow{}, fmt.Errorf("find the flow: %w", err)
	}
	return flow, nil
}
