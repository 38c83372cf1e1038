package page

import (
	"leat/ui/component"
	"leat/ui/layout"
)

// Destinations is the list of places to load into; its search is a GET with q.
type Destinations struct {
	Shell   layout.Shell
	CanEdit bool
	Query   string
	Items   []DestinationItem
}

// A DestinationItem is one line of it.
type DestinationItem struct {
	ID            string
	Name          string
	Authorizer    Ref
	Connector     string
	Where         string
	DefaultSchema string
	UsedBy        int
}

// DestinationForm is the form of a destination. It posts to /destinations or
// /destinations/{id}: name, authorizer (id), default_schema, option.<name>, return and
// action, which is save, refresh (the authorizer or the schema changed) or
// new-authorizer.
type DestinationForm struct {
	Shell layout.Shell
	Form
	ID            string
	Name          string
	AuthorizerID  string
	Authorizers   []component.Option
	DefaultSchema string
	Schema        SchemaState
	// Options are named "option.<name>".
	Options []component.Field
	UsedBy  []Ref
}

// SchemaState says whether the default schema can be used. FixSQL creates it.
type SchemaState struct {
	Checked bool
	Missing bool
	// Denied: it exists, and this user may not create tables in it.
	Denied   bool
	Writable []string // the schemas this user may write
	FixSQL   string
	// Unreachable says why it could not be checked.
	Unreachable string
}

func (v DestinationForm) nameFields() []component.Field {
	return v.with(component.Field{Name: "name", Label: "Name", Value: v.Name, Required: true, Help: "How flows refer to it, for example dwh."})
}

func (v DestinationForm) authorizerField() component.Field {
	return v.with(component.Field{
		Name: "authorizer", Label: "Authorizer", Type: "select", Value: v.AuthorizerID, Options: choose("Choose an authorizer", v.Authorizers),
		Required: true, Refresh: formAction(DestinationsPath, v.ID), RefreshTarget: "destination-parts",
	})[0]
}

func (v DestinationForm) schemaField() component.Field {
	return v.with(component.Field{
		Name: "default_schema", Label: "Default schema", Type: "code", Value: v.DefaultSchema,
		Help:    "For tables named without a schema. A schema is never created for you.",
		Refresh: formAction(DestinationsPath, v.ID), RefreshTarget: "schema-state",
	})[0]
}

func (v DestinationForm) allProblems() []component.Problem {
	return v.problems(append(append(v.nameFields(), v.authorizerField(), v.schemaField()), v.with(v.Options...)...))
}
