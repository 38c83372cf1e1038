package page

import (
	"leat/ui/component"
	"leat/ui/layout"
)

// Confirm is the page that asks before something is lost. It posts to Action, with
// "choice" when Choices are given and "confirm" (the typed name) when TypeName is set.
type Confirm struct {
	Shell layout.Shell
	Form
	Crumbs     []component.Crumb
	Title      string // "Delete flow orders"
	Text       string // what is lost and what stays, with numbers
	Action     string // where the form posts to
	Button     string // "Delete flow"
	CancelHref string
	// Refusal and Users: why it cannot be done and who is in the way.
	Refusal string
	Users   []Ref
	// Question and Choices, posted as "choice".
	Question string
	Choices  []component.Option
	// TypeName, when set, has to be typed into "confirm".
	TypeName string
}

func (v Confirm) fields() []component.Field {
	if v.TypeName == "" {
		return nil
	}
	return v.with(component.Field{Name: "confirm", Label: "Type the name", Help: "Type " + v.TypeName + " to confirm.", Required: true})
}

// FlowStateChoices are the answers to what happens to the state of a deleted flow.
func FlowStateChoices() []component.Option {
	return []component.Option{
		{Value: "keep", Label: "Keep the position", Help: "A new flow of the same name into the same table goes on where this one stopped.", Selected: true},
		{Value: "forget", Label: "Forget the position", Help: "Its rows in _leat_state are removed, so a new flow of the same name reads everything again. The loaded tables stay as they are."},
	}
}
