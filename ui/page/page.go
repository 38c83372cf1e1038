package page

import "leat/ui/component"

// A Form is the common part of every form's view model. Errors holds sentences by
// posted field name; the one under "" concerns the form as a whole.
type Form struct {
	Errors map[string]string
	// ReadOnly shows the form to people who may look but not change.
	ReadOnly bool
	// Return is posted back as "return": where to go after saving. It is set when the
	// form was opened by a "Create new" of another form.
	Return string
	// Version says which stored state the form was made from; it is posted back as
	// "version". It is empty for something new.
	Version string
	// Conflict is set when somebody saved since.
	Conflict *Conflict
}

// A Conflict says that somebody saved what the form changes. "Save anyway" posts action
// overwrite, and Stored as "stored_version": the state that is given up.
type Conflict struct {
	Text   string
	Href   string // of what is stored
	Stored string
}

// with puts the form's errors into its fields.
func (f Form) with(fields ...component.Field) []component.Field {
	for i := range fields {
		if fields[i].Error == "" {
			fields[i].Error = f.Errors[fields[i].Name]
		}
	}
	return fields
}

// problems lists the general error, the errors of fields, and those of the named
// other inputs (radio groups, lists) with their labels.
func (f Form) problems(fields []component.Field, others ...[2]string) []component.Problem {
	var out []component.Problem
	if f.Errors[""] != "" {
		out = append(out, component.Problem{Text: f.Errors[""]})
	}
	out = append(out, component.Errors(fields)...)
	for _, o := range others {
		if text := f.Errors[o[0]]; text != "" {
			out = append(out, component.Problem{Anchor: component.Field{Name: o[0]}.ID(), Text: o[1] + ": " + text})
		}
	}
	return out
}

// A Ref is a link to another thing.
type Ref struct {
	Label string
	Href  string
}

// An ErrorBox explains an error: what happened, where, and what mends it. Raw is the
// operator's text, folded away.
type ErrorBox struct {
	Title  string
	Where  string
	Fix    string
	FixSQL string
	Raw    string
	// Mend is a link that leads to the place where it is mended.
	Mend Ref
}

func crumbs(refs ...string) []component.Crumb {
	var out []component.Crumb
	for i := 0; i+1 < len(refs); i += 2 {
		out = append(out, component.Crumb{Label: refs[i], Href: refs[i+1]})
	}
	if len(refs)%2 == 1 {
		out = append(out, component.Crumb{Label: refs[len(refs)-1]})
	}
	return out
}
