package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"leat/accounts"
	"leat/engine"
	"leat/manifest"
	"leat/scheduler"
	"leat/secrets"
	"leat/ui/page"
	"leat/web"
)

// serveCommand serves the pages and executes runs.
type serveCommand struct {
	Listen        string `default:"127.0.0.1:8080" help:"Where to serve, host:port."`
	SecureCookies bool   `help:"Mark cookies Secure also on plain connections, for servers behind a TLS proxy."`
}

// Run serves until it is interrupted.
func (c *serveCommand) Run(a *app) error { return serve(a, c.Listen, c.SecureCookies) }

// serve listens before it wires, so that Leat's own address is refused as a target.
func serve(a *app, listen string, secureCookies bool) error {
	var config net.ListenConfig
	listener, err := config.Listen(a.ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; another program may use the port: choose another with --listen", listen, err)
	}
	defer listener.Close() //nolint:errcheck // closed by the server already
	own, err := netip.ParseAddrPort(listener.Addr().String())
	if err != nil {
		return fmt.Errorf("read the address of the listener: %w", err)
	}
	p, err := a.open(own)
	if err != nil {
		return err
	}
	defer p.close()
	worker := scheduler.NewWorker(scheduler.WorkerOptions{
		Runs: p.store, Engine: p.engine, Node: p.deps.Node, Lease: engine.LeaseDuration, Log: p.log,
	})
	server, err := p.pages(a, own, worker, secureCookies)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(a.ctx)
	group.Go(func() error { worker.Run(ctx); return nil })
	group.Go(func() error { return server.Serve(ctx, listener) })
	return group.Wait()
}

// pages makes the server of the pages and prints where it is.
func (p *platform) pages(a *app, own netip.AddrPort, worker *scheduler.Worker, secureCookies bool) (*web.Server, error) {
	references, err := secrets.ParsePolicy(p.config.references)
	if err != nil {
		return nil, usage("%s: %v", envReferences, err)
	}
	setup, err := p.invite(a, own)
	if err != nil {
		return nil, err
	}
	return web.New(web.Deps{
		Catalog: p.catalog, Authorizers: p.store, Sources: p.store, Destinations: p.store, Flows: p.store, Edits: p.store,
		Runs: p.store, Users: p.store, Passwords: accounts.NewPasswords(accounts.SafeCost), Sessions: p.store.Sessions(),
		Engine: p.engine, Setup: setup, Ready: p.store.Ready, Uploads: p.files, Export: exporter{p},
		References: references, NewID: newID, Wake: worker.Wake, SecureCookies: secureCookies,
		About: p.about(), Log: p.log,
	}), nil
}

// invite prints where the page is. While there is no user it makes the one-time token
// and prints the link that makes the owner.
func (p *platform) invite(a *app, own netip.AddrPort) (*accounts.SetupToken, error) {
	base := "http://" + net.JoinHostPort(browsable(own.Addr()), fmt.Sprint(own.Port()))
	users, err := p.store.Users(a.ctx)
	if err != nil {
		return nil, fmt.Errorf("look for users: %w", err)
	}
	if len(users) > 0 {
		fmt.Fprintf(a.stdio.out, "Leat serves at %s\n", base)
		return nil, nil //nolint:nilnil // no token is what closes the set-up for ever
	}
	token, text := accounts.NewSetupToken(time.Now())
	fmt.Fprintf(a.stdio.out, "Leat serves at %s\nMake the owner with this link, once, within %s:\n  %s%s?token=%s\n",
		base, accounts.SetupLifetime, base, page.SetupPath, text)
	return token, nil
}

// browsable is the host for a link: a server on all addresses is reached here.
func browsable(addr netip.Addr) string {
	if addr.IsUnspecified() {
		return "127.0.0.1"
	}
	return addr.String()
}

// about says what this installation is, for the settings page.
func (p *platform) about() []web.Fact {
	store := "SQLite, " + filepath.Join(p.config.dataDir, "leat.db")
	if p.config.databaseURL != "" {
		store = "PostgreSQL"
	}
	return []web.Fact{
		{Label: "Version", Value: version},
		{Label: "Store", Value: store},
		{Label: "Data directory", Value: p.config.dataDir},
		{Label: "Connectors", Value: strings.Join(p.catalog.Kinds(), ", ")},
	}
}

// exporter writes one flow as configuration.
type exporter struct{ p *platform }

// ExportFlow returns the YAML of a flow with everything that it needs.
func (e exporter) ExportFlow(ctx context.Context, flowID string) (string, error) {
	state, err := manifest.Load(ctx, e.p.store)
	if err != nil {
		return "", err
	}
	part, ok := state.Only(flowID)
	if !ok {
		return "", errors.New("the flow is gone")
	}
	out, err := manifest.Export(part, e.p.catalog)
	return string(out), err
}
