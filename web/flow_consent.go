package web

import (
	"slices"
	"strings"

	"leat/connectors"
	"leat/flows"
	"leat/ui/component"
)

// consentAppend agrees to a table that grows by everything with every run.
const consentAppend = "append-all"

// consentTakeover agrees that rows of a table go which the flow did not write. It names
// what it was given for, so that it ends when one of these changes.
func (e *flowEdit) consentTakeover(stream flows.Stream, table connectors.Table) string {
	return strings.Join([]string{"takeover", e.typed.DestinationID, string(stream.WriteMode), flows.FormatTable(table)}, " ")
}

// agreements are the consents that the stored flow holds, for a form to show as ticked.
func (e *flowEdit) agreements() []string {
	var values []string
	appended := flows.AppendsAll(e.typed, e.known())
	if len(appended) > 0 && !slices.ContainsFunc(appended, func(i int) bool { return !e.typed.Streams[i].AppendAll }) {
		values = append(values, consentAppend)
	}
	for _, stream := range e.typed.Streams {
		for _, table := range e.takenOver(stream) {
			values = append(values, e.consentTakeover(stream, table))
		}
	}
	return values
}

// takenOver are the tables that a stream may take over.
func (e *flowEdit) takenOver(stream flows.Stream) []connectors.Table {
	own, err := e.tableOf(stream.Table)
	if err != nil {
		return nil
	}
	var tables []connectors.Table
	if stream.Takeover == connectors.TakeoverYes {
		tables = append(tables, own)
	}
	for _, name := range stream.TakeoverTables {
		tables = append(tables, connectors.Table{Schema: own.Schema, Name: name})
	}
	return tables
}

// agree writes what was ticked into the flow that was typed. What the flow agreed to
// before was shown as ticked.
func (e *flowEdit) agree() {
	e.typed.Streams = slices.Clone(e.typed.Streams)
	for _, i := range flows.AppendsAll(e.typed, e.known()) {
		e.typed.Streams[i].AppendAll = slices.Contains(e.consents, consentAppend)
	}
	for i := range e.typed.Streams {
		e.agreeTakeover(&e.typed.Streams[i])
	}
}

func (e *flowEdit) agreeTakeover(stream *flows.Stream) {
	if stream.Takeover == connectors.TakeoverYes {
		stream.Takeover = connectors.TakeoverNo
	}
	stream.TakeoverTables = nil
	own, err := e.tableOf(stream.Table)
	if err != nil { // the domain says so
		return
	}
	prefix := e.consentTakeover(*stream, connectors.Table{})
	prefix = prefix[:strings.LastIndex(prefix, " ")+1]
	for _, value := range e.consents {
		name, ok := strings.CutPrefix(value, prefix)
		table, err := e.tableOf(name)
		switch {
		case !ok || err != nil || table.Schema != own.Schema:
		case table.Name == own.Name:
			stream.Takeover = connectors.TakeoverYes
		case strings.Contains(stream.Table, flows.TablePlaceholder):
			stream.TakeoverTables = append(stream.TakeoverTables, table.Name)
		}
	}
}

func (e *flowEdit) tableOf(text string) (connectors.Table, error) {
	return flows.ParseTable(text, e.destination().DefaultSchema)
}

// neededConsents asks for agreement: to a table that grows by everything with each run,
// and to the end of rows that the flow did not write.
func (e *flowEdit) neededConsents() []component.Option {
	var options []component.Option
	if appended := flows.AppendsAll(e.typed, e.known()); len(appended) > 0 {
		options = append(options, e.appendOption(appended))
	}
	for i, stream := range e.typed.Streams {
		options = append(options, e.takeoverOptions(stream, e.ends[i].Plans)...)
	}
	return options
}

func (e *flowEdit) appendOption(streams []int) component.Option {
	rows := int64(0)
	for _, i := range streams {
		if described := e.ends[i].Description; described != nil && described.EstimatedRows > 0 {
			rows += described.EstimatedRows
		}
	}
	label := "Each run appends all rows again"
	if rows > 0 {
		label = "Each run appends all " + component.Approx(rows) + " rows again"
	}
	return component.Option{
		Value: consentAppend, Label: label, Selected: slices.Contains(e.consents, consentAppend),
		Help: "Insert with whole reads on a schedule makes the table grow by the whole dataset every time.",
	}
}

// takeoverOptions are the tables that the flow takes over, and those that it would have to.
func (e *flowEdit) takeoverOptions(stream flows.Stream, plans []flows.StreamPlan) []component.Option {
	var options []component.Option
	add := func(table connectors.Table, agreed bool, help string) {
		options = append(options, component.Option{
			Value: e.consentTakeover(stream, table), Label: "Take over " + flows.FormatTable(table) + " and remove the rows that this flow did not write",
			Selected: agreed, Help: help,
		})
	}
	for _, table := range e.takenOver(stream) {
		add(table, true, "Ends when destination, table or write mode change.")
	}
	for _, plan := range plans {
		if plan.Problem != nil && plan.Problem.Kind == connectors.Ownership && plan.WriteMode == stream.WriteMode {
			add(plan.Table, false, sentence(plan.Problem.Message))
		}
	}
	return options
}
