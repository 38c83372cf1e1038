package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"leat/connectors"
	"leat/flows"
	"leat/ui/component"
)

// judge asks the domain, and checks what only the ends together tell.
func (e *flowEdit) judge() error {
	found, err := problemsOf(e.typed.Validate(e.capabilities))
	if err != nil {
		return fmt.Errorf("judge the flow: %w", err)
	}
	for field, text := range found {
		e.problems.Add(flowInput(field), fieldSentence(text))
	}
	for i, stream := range e.typed.Streams {
		seen := e.seen[i]
		isKnown := seen.description != nil || len(seen.dataset.Key) > 0
		if stream.WriteMode.NeedsKey() && len(stream.Unique) == 0 && len(seen.key()) == 0 && isKnown {
			e.problems.Add(stName(i, "unique"), "This write mode needs unique columns, and the dataset has no key. Tick the columns that make a row one of a kind.")
		}
		if stream.WriteMode == connectors.TruncateInsert && seen.dataset.Cursor != "" {
			e.problems.Add(stName(i, "write_mode"), refusedReplace(seen.dataset))
		}
	}
	if consent := e.neededConsent(); len(consent) > 0 && !slices.Contains(e.consents, consent[0].Value) {
		e.problems.Add("consent", "Agree to this, or choose another write mode or a cursor.")
	}
	return nil
}

// flowInput is the name of the form's field for a field of the domain.
func flowInput(field string) string {
	switch field {
	case "atomic":
		return "option.atomic_flow"
	case "parallelism", "lock_timeout", "statement_timeout", "batch_timeout":
		return "option." + field
	case "streams":
		return ""
	}
	rest, ok := strings.CutPrefix(field, "streams[")
	if !ok {
		return field
	}
	digits, inner, _ := strings.Cut(rest, "].")
	i, err := strconv.Atoi(digits)
	if err != nil {
		return ""
	}
	switch inner {
	case "unique_columns":
		inner = "unique"
	case "from":
		inner = "source"
	case "state_key":
		inner = "table"
	}
	return stName(i, inner)
}

// consentAppend agrees to a table that grows by everything with every run.
const consentAppend = "append-all"

// neededConsent asks for agreement when each run on schedule appends all rows again.
func (e *flowEdit) neededConsent() []component.Option {
	if e.typed.Schedule.Manual() {
		return nil
	}
	rows, streams := int64(0), 0
	for i, stream := range e.typed.Streams {
		seen := e.seen[i]
		if stream.WriteMode != connectors.Insert || seen.dataset.Cursor != "" || seen.dataset.Name == "" {
			continue
		}
		streams++
		if seen.description != nil && seen.description.EstimatedRows > 0 {
			rows += seen.description.EstimatedRows
		}
	}
	if streams == 0 {
		return nil
	}
	label := "Each run appends all rows again"
	if rows > 0 {
		label = "Each run appends all " + component.Approx(rows) + " rows again"
	}
	return []component.Option{{
		Value: consentAppend, Label: label, Selected: slices.Contains(e.consents, consentAppend),
		Help: "Insert with whole reads on a schedule makes the table grow by the whole dataset every time.",
	}}
}

// judgePlans turns refusals of the destination into problems, and says what could not
// be checked.
func (e *flowEdit) judgePlans(plans []flows.StreamPlan) (unchecked string) {
	for _, plan := range plans {
		switch {
		case plan.Problem == nil:
		case !plan.Checked:
			unchecked = problemLine(plan.Problem)
		default:
			e.problems.Add(stName(e.streamOf(plan), "table"), problemLine(plan.Problem))
		}
	}
	return unchecked
}

// streamOf finds the stream that a plan belongs to; a pattern has many plans.
func (e *flowEdit) streamOf(plan flows.StreamPlan) int {
	schema := e.destination().DefaultSchema
	for i, stream := range e.typed.Streams {
		table, err := flows.ParseTable(stream.Table, schema)
		if err == nil && table == plan.Table {
			return i
		}
	}
	for i, stream := range e.typed.Streams {
		if strings.Contains(stream.Table, tablePlaceholder) {
			return i
		}
	}
	return 0
}

// tablePlaceholder stands for each table of a pattern.
const tablePlaceholder = "{table}"
