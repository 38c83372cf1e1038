package manifest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"

	"leat/authorizers"
	"leat/flows"
)

// Action is what happens to an object.
type Action string

// The actions.
const (
	Create Action = "create"
	Change Action = "change"
	Remove Action = "delete"
)

// Difference is one object that would change.
type Difference struct {
	Action Action `json:"action"`
	Noun   string `json:"noun"`
	Name   string `json:"name"`
	// Fields are sentences such as `table: "a.b" becomes "a.c"`; no secrets.
	Fields []string `json:"fields,omitempty"`

	save func(ctx context.Context, stores Stores) error
}

// Compare lists what saving the desired objects would change, in the order of saving.
// With prune, stored objects that the files do not name are deleted.
func Compare(current State, desired Desired, catalog Catalog, prune bool) []Difference {
	c := comparison{current: current, desired: desired, catalog: catalog}
	c.installation()
	for _, a := range desired.State.Authorizers {
		c.authorizer(a)
	}
	for _, s := range desired.State.Sources {
		existing, ok := find(current.Sources, func(x flows.Source) bool { return x.ID == s.ID })
		c.object("source", s.Name, ok, sourceOf(existing, current), sourceOf(s, desired.Everything), nil,
			func(ctx context.Context, stores Stores) error { return stores.SaveSource(ctx, s) })
	}
	for _, d := range desired.State.Destinations {
		existing, ok := find(current.Destinations, func(x flows.Destination) bool { return x.ID == d.ID })
		c.object("destination", d.Name, ok, destinationOf(existing, current), destinationOf(d, desired.Everything), nil,
			func(ctx context.Context, stores Stores) error { return stores.SaveDestination(ctx, d) })
	}
	for _, f := range desired.State.Flows {
		existing, ok := find(current.Flows, func(x flows.Flow) bool { return x.ID == f.ID })
		c.object("flow", f.Name, ok, flowOf(existing, current), flowOf(f, desired.Everything), nil,
			func(ctx context.Context, stores Stores) error { return stores.SaveFlow(ctx, f) })
	}
	if prune {
		c.prune()
	}
	return c.out
}

type comparison struct {
	current State
	desired Desired
	catalog Catalog
	out     []Difference
}

func (c *comparison) installation() {
	id := c.desired.State.Installation
	if id == "" || id == c.current.Installation {
		return
	}
	c.out = append(c.out, Difference{
		Action: Change, Noun: "installation", Name: id,
		save: func(ctx context.Context, stores Stores) error { return stores.SetInstallation(ctx, id) },
	})
}

func (c *comparison) authorizer(a authorizers.Authorizer) {
	existing, ok := c.current.authorizer(func(x authorizers.Authorizer) bool { return x.ID == a.ID })
	var secretFields []string
	for name, secret := range a.Secrets {
		if ok && !secret.Equal(existing.Secrets[name]) {
			secretFields = append(secretFields, name+": another secret (not shown)")
		}
	}
	slices.Sort(secretFields)
	c.object("authorizer", a.Name, ok, authorizerOf(existing, c.catalog), authorizerOf(a, c.catalog), secretFields,
		func(ctx context.Context, stores Stores) error { return stores.SaveAuthorizer(ctx, a) })
}

// object notes an object that is new or differs in its YAML form.
func (c *comparison) object(noun, name string, exists bool, before, after any, extra []string, save func(context.Context, Stores) error) {
	if !exists {
		c.out = append(c.out, Difference{Action: Create, Noun: noun, Name: name, save: save})
		return
	}
	if fields := append(fieldDifferences(before, after), extra...); len(fields) > 0 {
		c.out = append(c.out, Difference{Action: Change, Noun: noun, Name: name, Fields: fields, save: save})
	}
}

// prune deletes what the files do not name, users before what they use.
func (c *comparison) prune() {
	remove := func(noun, name, id string, del func(Stores) func(context.Context, string) error) {
		if _, named := c.desired.At[noun+" "+name]; named {
			return
		}
		c.out = append(c.out, Difference{
			Action: Remove, Noun: noun, Name: name,
			save: func(ctx context.Context, stores Stores) error { return del(stores)(ctx, id) },
		})
	}
	for _, f := range c.current.Flows {
		remove("flow", f.Name, f.ID, func(s Stores) func(context.Context, string) error { return s.DeleteFlow })
	}
	for _, s := range c.current.Sources {
		remove("source", s.Name, s.ID, func(x Stores) func(context.Context, string) error { return x.DeleteSource })
	}
	for _, d := range c.current.Destinations {
		remove("destination", d.Name, d.ID, func(s Stores) func(context.Context, string) error { return s.DeleteDestination })
	}
	for _, a := range c.current.Authorizers {
		remove("authorizer", a.Name, a.ID, func(s Stores) func(context.Context, string) error { return s.DeleteAuthorizer })
	}
}

// fieldDifferences compares two YAML forms leaf by leaf.
func fieldDifferences(before, after any) []string {
	old, now := flatten(before), flatten(after)
	names := slices.Sorted(maps.Keys(old))
	for name := range now {
		if _, ok := old[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []string
	for _, name := range names {
		a, had := old[name]
		b, has := now[name]
		switch {
		case !had:
			out = append(out, fmt.Sprintf("%s: %s is new", name, b))
		case !has:
			out = append(out, fmt.Sprintf("%s: %s goes away", name, a))
		case a != b:
			out = append(out, fmt.Sprintf("%s: %s becomes %s", name, a, b))
		}
	}
	return out
}

// flatten turns a YAML form into leaves by path.
func flatten(value any) map[string]string {
	out := map[string]string{}
	text, err := yaml.Marshal(value)
	if err != nil {
		return map[string]string{"": err.Error()}
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return map[string]string{"": err.Error()}
	}
	flattenInto(out, "", tree)
	return out
}

func flattenInto(out map[string]string, path string, tree any) {
	join := func(step string) string {
		if path == "" {
			return step
		}
		return path + "." + step
	}
	switch tree := tree.(type) {
	case map[string]any:
		for name, child := range tree {
			flattenInto(out, join(name), child)
		}
	case []any:
		for i, child := range tree {
			flattenInto(out, join(fmt.Sprint(i+1)), child)
		}
	default:
		out[path] = fmt.Sprintf("%v", tree)
	}
}

// destinationOf is the YAML form of a destination.
func destinationOf(d flows.Destination, state State) Destination {
	return Destination{Name: d.Name, Authorizer: state.authorizerName(d.AuthorizerID), DefaultSchema: d.DefaultSchema}
}

// Apply saves the differences in order. Saving again changes nothing, so an apply that
// was interrupted is finished by the next one.
func Apply(ctx context.Context, stores Stores, differences []Difference) error {
	for _, difference := range differences {
		if err := difference.save(ctx, stores); err != nil {
			return fmt.Errorf("%s %s %q: %w", difference.Action, difference.Noun, difference.Name, err)
		}
	}
	return nil
}
