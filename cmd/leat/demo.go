package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"leat/authorizers"
	"leat/connectors"
	"leat/demo"
	"leat/dial"
	"leat/engine"
	"leat/flows"
	"leat/manifest"
	"leat/secrets"
)

// demoCommand makes a sample flow, runs it and serves the pages.
type demoCommand struct {
	Listen   string `default:"127.0.0.1:8080" help:"Where to serve, host:port."`
	Exit     bool   `help:"Do everything but serve."`
	Postgres string `placeholder:"URL" help:"Load the sample data into this PostgreSQL as well: postgres://user:password@host:port/database."`
}

// demoFolder is where the sample file lies below the file folders.
const demoFolder = "demo"

// Run exits 0 only when every sample run succeeded.
func (c *demoCommand) Run(a *app) error {
	if err := a.withPlatform(func(p *platform) error { return c.load(a, p) }); err != nil {
		return err
	}
	if c.Exit {
		return nil
	}
	return serve(a, c.Listen, false)
}

// load saves the sample flows and runs them.
func (c *demoCommand) load(a *app, p *platform) error {
	stored, err := p.sampleFile(a)
	if err != nil {
		return err
	}
	text, names, err := c.configuration(a, p, stored)
	if err != nil {
		return err
	}
	if err := p.applyText(a, text); err != nil {
		return err
	}
	for _, name := range names {
		if err := p.runSample(a, name); err != nil {
			return err
		}
	}
	return nil
}

// sampleFile puts the sample data below the file folders, once.
func (p *platform) sampleFile(a *app) (string, error) {
	name := demoFolder + "/" + demo.FileName
	if err := p.files.Put(a.ctx, name, bytes.NewReader(demo.CSV())); err != nil {
		return "", fmt.Errorf("write the sample data: %w", err)
	}
	return name, nil
}

// The sample configuration. %[1]s is the file, %[2]s its key and %[3]s the table; the
// rest are the additions for a PostgreSQL database.
const (
	demoBase = `
authorizers:
  - name: sample-files
    connector: file
  - name: sample-duckdb
    connector: duckdb
    settings: {path: demo.duckdb}
%[4]s
sources:
  - name: sample-weather
    authorizer: sample-files
    datasets:
      - {name: %[3]s, file: %[1]s, key: %[2]s}
destinations:
  - {name: sample-duckdb, authorizer: sample-duckdb, default_schema: main}
%[5]s
flows:
  - name: sample-weather
    destination: sample-duckdb
    streams: [{from: {source: sample-weather, dataset: %[3]s}, table: main.%[3]s, write_mode: upsert}]
%[6]s
`
	demoAuthorizer = `  - name: sample-postgres
    connector: postgres
    settings: {url: %q}`
	demoDestination = `  - {name: sample-postgres, authorizer: sample-postgres, default_schema: %q}`
	demoFlow        = `  - name: sample-weather-postgres
    destination: sample-postgres
    streams: [{from: {source: sample-weather, dataset: %[2]s}, table: %[2]s, write_mode: upsert}]`
)

// configuration returns the YAML and the names of the flows to run.
func (c *demoCommand) configuration(a *app, p *platform, file string) (string, []string, error) {
	names := []string{"sample-weather"}
	authorizer, destination, flow := "", "", ""
	if c.Postgres != "" {
		schema, err := c.schema(a, p)
		if err != nil {
			return "", nil, err
		}
		authorizer = fmt.Sprintf(demoAuthorizer, c.Postgres)
		destination = fmt.Sprintf(demoDestination, schema)
		flow = fmt.Sprintf(demoFlow, schema, demo.Table)
		names = append(names, "sample-weather-postgres")
	}
	key := "[" + strings.Join(demo.Key(), ", ") + "]"
	return fmt.Sprintf(demoBase, file, key, demo.Table, authorizer, destination, flow), names, nil
}

// schema picks a schema that exists and may be written: dbo, else public, else the
// first one. Leat never creates a schema.
func (c *demoCommand) schema(a *app, p *platform) (string, error) {
	connector, _ := p.catalog.Connector("postgres")
	parsed, err := connector.Descriptor().ParseURL(c.Postgres)
	if err != nil {
		return "", usage("--postgres: %v", err)
	}
	found, err := p.schemasOf(a, unsaved("sample-postgres", connector, parsed))
	if err != nil {
		return "", fmt.Errorf("ask the database of --postgres for its schemas: %w", err)
	}
	best := ""
	for _, schema := range found {
		switch {
		case !schema.Writable:
		case schema.Name == "dbo":
			return schema.Name, nil
		case best == "" || schema.Name == "public":
			best = schema.Name
		}
	}
	if best == "" {
		return "", errors.New("this user may not create tables in any schema of the database; grant it: GRANT USAGE, CREATE ON SCHEMA … TO …")
	}
	return best, nil
}

// schemasOf asks an authorizer that is not saved.
func (p *platform) schemasOf(a *app, unsaved authorizers.Authorizer) ([]connectors.SchemaInfo, error) {
	deps := p.deps
	deps.Authorizers = lookup{manifest.State{Authorizers: []authorizers.Authorizer{unsaved}}}
	return engine.New(deps).AuthorizerSchemas(a.ctx, unsaved.ID)
}

// applyText saves a configuration without asking the destinations; the run that
// follows finds out.
func (p *platform) applyText(a *app, text string) error {
	document, err := manifest.Parse([]manifest.File{{Name: "demo", Content: []byte(text)}})
	if err != nil {
		return fmt.Errorf("read the sample configuration: %w", err)
	}
	current, err := manifest.Load(a.ctx, p.store)
	if err != nil {
		return err
	}
	desired, err := manifest.Build(document, current, p.catalog, newID)
	if err != nil {
		return fmt.Errorf("build the sample configuration: %w", err)
	}
	return manifest.Apply(a.ctx, p.store, manifest.Compare(current, desired, p.catalog, false))
}

// runSample runs one sample flow and prints what it did.
func (p *platform) runSample(a *app, name string) error {
	flow, err := p.flow(a.ctx, name)
	if err != nil {
		return err
	}
	run, err := p.engine.RunFlow(a.ctx, flow.ID, engine.RunOptions{Trigger: flows.TriggerManual, Wait: true})
	if err != nil {
		return fmt.Errorf("run the sample flow %q: %w", name, err)
	}
	result := resultOf(run)
	if err := a.print(result, func(w io.Writer) { printResult(w, result) }); err != nil {
		return err
	}
	if run.Status != flows.RunSucceeded {
		return failed()
	}
	return nil
}

// unsaved is an authorizer made of a connection string, to ask questions with.
func unsaved(name string, connector connectors.Connector, parsed connectors.ParsedURL) authorizers.Authorizer {
	descriptor := connector.Descriptor()
	out := authorizers.Authorizer{
		ID: newID(), Name: name, Connector: descriptor.Kind, TLS: dial.TLS{Mode: dial.TLSMode(parsed.TLSMode)},
		Settings: map[string]string{}, Secrets: map[string]secrets.Secret{},
	}
	if out.TLS.Mode == "" {
		out.TLS.Mode = dial.TLSPrefer
	}
	for field, value := range parsed.Settings {
		if known, _ := descriptor.Field(field); known.Type == connectors.FieldSecret {
			out.Secrets[field] = secrets.New(value)
		} else {
			out.Settings[field] = value
		}
	}
	return out
}
