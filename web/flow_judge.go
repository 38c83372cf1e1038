package web

import (
	"context"
	"strconv"
	"strings"

	"leat/flows"
)

// judgeFlow completes the flow, asks the domain and, when that has nothing against it, both
// ends. What is wrong stands in the edit's problems.
func (s *Server) judgeFlow(ctx context.Context, edit *flowEdit) (flows.Findings, []flows.StreamPlan) {
	edit.typed = flows.Propose(edit.typed, edit.known())
	if edit.judge(); len(edit.problems) > 0 {
		return flows.Findings{}, nil
	}
	plans, err := s.planEnds(ctx, edit)
	if err != nil {
		edit.problems.Add("", problemLine(err))
		return flows.Findings{}, nil
	}
	edit.typed = flows.Propose(edit.typed, edit.known())
	edit.judge()
	findings := flows.JudgePlans(edit.typed, plans)
	for _, found := range findings.Refused {
		edit.problems.Add(flowInput(found.Setting()), problemLine(found.Problem))
	}
	return findings, plans
}

// judge asks the domain.
func (e *flowEdit) judge() {
	for field, text := range flows.Judge(e.typed, e.known()) {
		e.problems.Add(flowInput(field), fieldSentence(text))
	}
}

// openPoints says what is left to do, or could not be checked, about a flow that is saved
// all the same.
func openPoints(findings flows.Findings) string {
	var sentences []string
	for _, found := range findings.Asked {
		sentences = append(sentences, flows.FormatTable(found.Table)+" is skipped until somebody answers: "+problemLine(found.Problem))
	}
	if len(findings.Unchecked) > 0 {
		sentences = append(sentences, "It is unchecked: "+problemLine(findings.Unchecked[0].Problem))
	}
	return strings.Join(sentences, " ")
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
	case "append_all", "takeover":
		return "consent"
	}
	return stName(i, inner)
}
