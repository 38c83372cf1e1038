package connectors

import (
	"maps"
	"slices"
	"strings"
)

// Problems says per field what is wrong with an object that a person filled in, in one
// sentence that names the fix. The field "" stands for the whole object.
type Problems map[string]string

// Error lists all problems, sorted by field.
func (p Problems) Error() string {
	lines := make([]string, 0, len(p))
	for _, field := range p.Fields() {
		if field == "" {
			lines = append(lines, p[field])
			continue
		}
		lines = append(lines, field+": "+p[field])
	}
	return strings.Join(lines, "; ")
}

// Fields lists the fields with a problem, sorted.
func (p Problems) Fields() []string { return slices.Sorted(maps.Keys(p)) }

// Add notes a problem; the first one of a field stays.
func (p Problems) Add(field, sentence string) {
	if _, ok := p[field]; !ok {
		p[field] = sentence
	}
}

// OrNil returns the problems as an error, nil when there is none.
func (p Problems) OrNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
