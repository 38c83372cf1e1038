package manifest

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml"

	"leat/authorizers"
	"leat/connectors"
	"leat/flows"
	"leat/secrets"
)

// Export writes the configuration as YAML. The same state gives the same bytes.
// Secrets are written as references: those that are references already as they are,
// stored ones as ${secret:authorizer.field}.
func Export(state State, catalog Catalog) ([]byte, error) {
	out, err := yaml.MarshalWithOptions(documentOf(state, catalog), yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	return out, nil
}

// documentOf turns domain objects into their YAML form.
func documentOf(state State, catalog Catalog) Document {
	document := Document{Installation: state.Installation}
	for _, a := range state.Authorizers {
		document.Authorizers = append(document.Authorizers, authorizerOf(a, catalog))
	}
	for _, s := range state.Sources {
		document.Sources = append(document.Sources, sourceOf(s, state))
	}
	for _, d := range state.Destinations {
		document.Destinations = append(document.Destinations, destinationOf(d, state))
	}
	for _, f := range state.Flows {
		document.Flows = append(document.Flows, flowOf(f, state))
	}
	return document
}

func authorizerOf(a authorizers.Authorizer, catalog Catalog) Authorizer {
	out := Authorizer{Name: a.Name, Connector: a.Connector, Settings: map[string]any{}}
	var descriptor connectors.Descriptor
	if connector, ok := catalog.Connector(a.Connector); ok {
		descriptor = connector.Descriptor()
	}
	for name, value := range a.Settings {
		field, _ := descriptor.Field(name)
		out.Settings[name] = typed(field.Type, value)
	}
	for name, secret := range a.Secrets {
		if name != authorizers.SecretTLSKey {
			out.Settings[name] = reference(a.Name, name, secret)
		}
	}
	for _, name := range a.Missing {
		if name != authorizers.SecretTLSKey {
			out.Settings[name] = secrets.StoredReference(a.Name, name).String()
		}
	}
	if descriptor.Capabilities.Networked && a.TLS.Mode != "" {
		out.TLS = tlsOf(a)
	}
	return out
}

func tlsOf(a authorizers.Authorizer) *TLS {
	out := &TLS{
		Mode: string(a.TLS.Mode), CA: a.TLS.CA, ClientCert: a.TLS.ClientCert, ServerName: a.TLS.ServerName,
		AllowCleartextPassword: a.TLS.AllowCleartextPassword,
	}
	if key, ok := a.Secrets[authorizers.SecretTLSKey]; ok {
		out.ClientKey = reference(a.Name, authorizers.SecretTLSKey, key)
	} else if slices.Contains(a.Missing, authorizers.SecretTLSKey) {
		out.ClientKey = secrets.StoredReference(a.Name, authorizers.SecretTLSKey).String()
	}
	return out
}

// reference writes a secret as a reference, never as it is.
func reference(authorizer, field string, secret secrets.Secret) string {
	if _, isReference, err := secrets.ParseReference(secret.Reveal()); err == nil && isReference {
		return secret.Reveal()
	}
	return secrets.StoredReference(authorizer, field).String()
}

// typed writes numbers and booleans without quotes.
func typed(kind connectors.FieldType, value string) any {
	switch kind {
	case connectors.FieldNumber:
		if number, err := strconv.ParseInt(value, 10, 64); err == nil {
			return number
		}
	case connectors.FieldBool:
		if flag, err := strconv.ParseBool(value); err == nil {
			return flag
		}
	}
	return value
}

func sourceOf(s flows.Source, state State) Source {
	out := Source{Name: s.Name, Authorizer: state.authorizerName(s.AuthorizerID)}
	for _, dataset := range s.Datasets {
		out.Datasets = append(out.Datasets, datasetOf(dataset))
	}
	return out
}

func datasetOf(d flows.SourceDataset) Dataset {
	out := Dataset{
		Query: d.Dataset.Query, Tables: d.Pattern, Exclude: d.Exclude, Columns: d.Columns, Key: d.Key,
		Cursor: d.Cursor, Overlap: d.Overlap, Nulls: string(d.Nulls), Options: d.Dataset.Options, Types: d.Dataset.Types,
	}
	switch {
	case d.Dataset.Query != "" || d.Pattern != "":
	case d.Dataset.Schema != "":
		out.Table = &TableName{Schema: d.Dataset.Schema, Name: d.Dataset.Name}
	default:
		out.File = d.Dataset.Name
	}
	if d.Name != out.defaultName() {
		out.Name = d.Name
	}
	return out
}

// defaultName is what streams call a dataset that has no name of its own.
func (d Dataset) defaultName() string {
	switch {
	case d.Table != nil:
		return connectors.Dataset{Schema: d.Table.Schema, Name: d.Table.Name}.String()
	case d.Tables != "":
		return d.Tables
	default:
		return d.File
	}
}

func flowOf(f flows.Flow, state State) Flow {
	out := Flow{
		Name: f.Name, Destination: state.destinationName(f.DestinationID), Paused: f.Paused,
		Parallelism: f.Options.Parallelism, LockTimeout: f.Options.LockTimeout,
		StatementTimeout: f.Options.StatementTimeout, BatchTimeout: f.Options.BatchTimeout,
	}
	if f.Options.AtomicFlow {
		out.Atomic = atomicFlow
	}
	if !f.Schedule.Manual() {
		out.Schedule = &Schedule{
			Cron: f.Schedule.Cron, TimeZone: f.Schedule.TimeZone,
			Missed: f.Schedule.Missed, Overlap: f.Schedule.Overlap,
		}
	}
	for _, stream := range f.Streams {
		out.Streams = append(out.Streams, streamOf(stream, state))
	}
	return out
}

func streamOf(s flows.Stream, state State) Stream {
	out := Stream{
		Table: Target(s.Table), WriteMode: string(s.WriteMode), UniqueColumns: s.Unique, StateKey: s.StateKey,
		Layout: string(s.Layout), CreateIndexes: s.CreateIndexes, Unique: s.UniqueHints, Drift: string(s.Drift),
		Rejects: s.Rejects, Replace: string(s.Replace), MinRowsRatio: s.MinRowsRatio,
		LoadedAt: s.LoadedAt, RunID: s.RunID, Parts: s.Parts, Writers: s.Writers,
		Takeover: Takeover{Answer: string(s.Takeover), Tables: s.TakeoverTables}, Narrowing: string(s.Narrowing), Triggers: string(s.Triggers),
		Duplicates: string(s.Duplicates), CompareWithout: s.CompareWithout, Keyless: string(s.Keyless), AppendAll: s.AppendAll,
	}
	for _, input := range s.From {
		out.From = append(out.From, Input{Source: state.sourceName(input.SourceID), Dataset: input.Dataset, As: input.As})
	}
	return out
}
