package engine

import (
	"context"
	"fmt"
	"strings"

	"leat/connectors"
	"leat/flows"
)

// keyed is a stream whose unique columns real rows must prove: the source does not, and the
// mode would lose rows that share them.
func keyed(t connectors.Target) bool {
	newest := t.Duplicates == connectors.DuplicatesNewest && t.Cursor != ""
	return t.Mode.Collapses() && len(t.Unique) > 0 && !t.KeyEnforced() && !newest
}

// checkKeys asks the sources of planned streams whether their unique columns identify a
// row, as long as the plan's time lasts.
func (e *Engine) checkKeys(ctx context.Context, it *itinerary, sources map[string]session, plans []flows.StreamPlan) {
	for i, r := range it.routes {
		if !plans[i].Checked || plans[i].Problem != nil {
			continue
		}
		r.stream.WriteMode = plans[i].WriteMode
		s := sources[r.authorizerID]
		shipment, err := it.ship(r, s.descriptor.Kind, *plans[i].Description)
		if err != nil || !keyed(shipment.target) {
			continue
		}
		found, checked := e.repeatedKey(ctx, s, shipment.selection.Dataset, shipment.target.Unique)
		sentence := keySentence(r.dataset.Name, shipment.target.Unique, found, checked)
		switch {
		case sentence == "":
			continue
		case found != nil && shipment.target.Duplicates == connectors.DuplicatesRefuse:
			sentence += ", so that the run would fail"
		case found != nil:
			sentence += "; of each key one row counts"
		}
		plans[i].Plan.Warnings = append(plans[i].Plan.Warnings, sentence)
	}
}

// repeatedKey asks one source. What cannot be asked, or not in time, is not checked.
func (e *Engine) repeatedKey(ctx context.Context, s session, dataset connectors.Dataset, key []string) (found *connectors.RepeatedKey, checked bool) {
	checker, ok := s.Connection.(connectors.KeyChecker)
	if !ok || ctx.Err() != nil {
		return nil, false
	}
	found, err := checker.RepeatedKey(ctx, dataset, key)
	return found, err == nil
}

// keySentence tells what real rows say of a key, without their values; "" when it holds.
func keySentence(dataset string, key []string, found *connectors.RepeatedKey, checked bool) string {
	columns := strings.Join(key, ", ")
	switch {
	case !checked:
		return fmt.Sprintf("Not checked within the time: whether the unique columns (%s) identify a row of %s", columns, dataset)
	case found != nil:
		return fmt.Sprintf("Several rows of %s share the unique columns (%s)", dataset, columns)
	default:
		return ""
	}
}

// previewKey checks the key of a selection for people who may see its rows.
func (e *Engine) previewKey(ctx context.Context, s session, selection connectors.Selection, result *previewing) {
	if len(selection.Key) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, e.timing.plan)
	defer cancel()
	if discoverer, ok := s.Connection.(connectors.Discoverer); ok {
		described, err := discoverer.Describe(ctx, selection.Dataset)
		if err == nil && (connectors.Target{Schema: described.Schema, Unique: selection.Key}).KeyEnforced() {
			return
		}
	}
	found, checked := e.repeatedKey(ctx, s, selection.Dataset, selection.Key)
	sentence := keySentence(selection.Dataset.String(), selection.Key, found, checked)
	if sentence == "" {
		return
	}
	if found != nil {
		sentence += fmt.Sprintf(", for example %s (%d rows or more)", exampleOf(selection.Key, found.Values), found.Rows)
	}
	result.warn(sentence)
}

// exampleOf writes a key for people to look at.
func exampleOf(key []string, values []*string) string {
	parts := make([]string, len(values))
	for i, value := range values {
		parts[i] = key[i] + " = NULL"
		if value != nil {
			parts[i] = fmt.Sprintf("%s = %q", key[i], shorten(*value))
		}
	}
	return strings.Join(parts, ", ")
}
