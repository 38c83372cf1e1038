package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// File is the name and the content of one configuration file.
type File struct {
	Name    string
	Content []byte
}

// Problem is one thing that is wrong, with its place.
type Problem struct {
	// At is "file:line" or empty.
	At      string
	Message string
}

// ProblemsError refuses a whole set of files.
type ProblemsError struct{ Problems []Problem }

// Error lists the problems, one a line.
func (e *ProblemsError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, problem := range e.Problems {
		lines[i] = problem.Message
		if problem.At != "" {
			lines[i] = problem.At + ": " + problem.Message
		}
	}
	return strings.Join(lines, "\n")
}

// Parse reads and merges files. Unknown keys, wrong types and two objects of one kind
// with one name are refused with a *ProblemsError.
func Parse(files []File) (Document, error) {
	merged := Document{}
	problems := &ProblemsError{}
	for _, file := range files {
		document, err := parseFile(file)
		if err != nil {
			problems.Problems = append(problems.Problems, *err)
			continue
		}
		merged.add(document, file.Name, problems)
	}
	merged.refuseDoubles(problems)
	if len(problems.Problems) > 0 {
		return Document{}, problems
	}
	return merged, nil
}

// parseFile reads one file. The parser panics on some input that is not YAML; that is
// a problem of the file and not of the program.
func parseFile(file File) (document Document, problem *Problem) {
	defer func() {
		if recover() != nil {
			document, problem = Document{}, &Problem{
				At: file.Name, Message: "the file is no YAML that can be read; look for an anchor (&), an alias (*) or a key without what belongs to it",
			}
		}
	}()
	if problem := bounded(file); problem != nil {
		return Document{}, problem
	}
	decoder := yaml.NewDecoder(bytes.NewReader(file.Content), yaml.DisallowUnknownField())
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return Document{}, yamlProblem(file.Name, err)
	}
	if err := decoder.Decode(&Document{}); !errors.Is(err, io.EOF) {
		return Document{}, &Problem{At: file.Name, Message: "the file holds more than one YAML document; put them into one"}
	}
	document.place(file)
	return document, nil
}

// yamlProblem turns a decoder's error into one line with its place.
func yamlProblem(name string, err error) *Problem {
	found, ok := errors.AsType[yaml.Error](err)
	if !ok {
		return &Problem{At: name, Message: err.Error()}
	}
	at := name
	if token := found.GetToken(); token != nil {
		at = fmt.Sprintf("%s:%d", name, token.Position.Line)
	}
	message := found.GetMessage()
	if sentence, ok := shapeSentence(err); ok {
		message = sentence
	}
	if key, ok := strings.CutPrefix(message, "unknown field "); ok {
		message = fmt.Sprintf("the key %s is unknown here; take it out or correct its spelling", key)
	}
	return &Problem{At: at, Message: message}
}

// add appends the objects of a file.
func (d *Document) add(other Document, file string, problems *ProblemsError) {
	if other.Installation != "" {
		if d.Installation != "" && d.Installation != other.Installation {
			problems.Problems = append(problems.Problems, Problem{At: file, Message: "another file names another installation; keep one"})
		}
		d.Installation = other.Installation
	}
	d.Authorizers = append(d.Authorizers, other.Authorizers...)
	d.Sources = append(d.Sources, other.Sources...)
	d.Destinations = append(d.Destinations, other.Destinations...)
	d.Flows = append(d.Flows, other.Flows...)
}

// place notes the line of every object.
func (d *Document) place(file File) {
	lines := objectLines(file.Content)
	at := func(section string, i int) position {
		p := position{file: file.Name}
		if i < len(lines[section]) {
			p.line = lines[section][i]
		}
		return p
	}
	for i := range d.Authorizers {
		d.Authorizers[i].at = at("authorizers", i)
	}
	for i := range d.Sources {
		d.Sources[i].at = at("sources", i)
	}
	for i := range d.Destinations {
		d.Destinations[i].at = at("destinations", i)
	}
	for i := range d.Flows {
		d.Flows[i].at = at("flows", i)
	}
}

// objectLines returns the first line of each object by section.
func objectLines(content []byte) map[string][]int {
	lines := map[string][]int{}
	parsed, err := parser.ParseBytes(content, 0)
	if err != nil || len(parsed.Docs) == 0 {
		return lines
	}
	root, ok := parsed.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return lines
	}
	for _, entry := range root.Values {
		sequence, ok := entry.Value.(*ast.SequenceNode)
		if !ok {
			continue
		}
		section := entry.Key.GetToken().Value
		for _, item := range sequence.Values {
			lines[section] = append(lines[section], firstLine(item))
		}
	}
	return lines
}

// firstLine is the line of a node's first key.
func firstLine(node ast.Node) int {
	if mapping, ok := node.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
		return mapping.Values[0].Key.GetToken().Position.Line
	}
	return node.GetToken().Position.Line
}

// refuseDoubles refuses two objects of one kind with one name, or without one.
func (d *Document) refuseDoubles(problems *ProblemsError) {
	check := func(noun string) func(name string, at position) {
		seen := map[string]position{}
		return func(name string, at position) {
			first, double := seen[name]
			switch {
			case name == "":
				problems.Problems = append(problems.Problems, Problem{At: at.String(), Message: "this " + noun + " has no name; add the key name"})
			case double:
				problems.Problems = append(problems.Problems, Problem{
					At:      at.String(),
					Message: fmt.Sprintf("two %ss are called %q, the first at %s; rename one", noun, name, first),
				})
			}
			seen[name] = at
		}
	}
	authorizer, source, destination, flow := check("authorizer"), check("source"), check("destination"), check("flow")
	for _, a := range d.Authorizers {
		authorizer(a.Name, a.at)
	}
	for _, s := range d.Sources {
		source(s.Name, s.at)
	}
	for _, x := range d.Destinations {
		destination(x.Name, x.at)
	}
	for _, f := range d.Flows {
		flow(f.Name, f.at)
	}
}
