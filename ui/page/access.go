package page

import (
	"leat/ui/component"
	"leat/ui/layout"
)

// Setup is the form of the first owner, opened by the one-time link. It posts to
// /setup: token (hidden), email, name, password.
type Setup struct {
	Shell layout.Shell
	Form
	Token string
	Email string
	Name  string
}

func (v Setup) fields() []component.Field {
	return v.with(
		component.Field{Name: "email", Label: "E-mail", Type: "email", Value: v.Email, Required: true, Autocomplete: "username", Autofocus: true},
		component.Field{Name: "name", Label: "Your name", Value: v.Name, Required: true, Autocomplete: "name"},
		component.Field{Name: "password", Label: "Password", Type: "password", Secret: true, Required: true, Autocomplete: "new-password", Help: "At least 12 characters. A short sentence is good."},
	)
}

// SetupNote is what /setup shows without a valid link: where the link is found.
type SetupNote struct {
	Shell layout.Shell
	// Expired says that a link was given but is used or too old.
	Expired bool
	// Command prints a new link, for example "leat user link".
	Command string
}

// Login posts to /login: email, password, next (hidden: the path to go on to).
type Login struct {
	Shell layout.Shell
	Form
	Email string
	Next  string
}

func (v Login) fields() []component.Field {
	return v.with(
		component.Field{Name: "email", Label: "E-mail", Type: "email", Value: v.Email, Required: true, Autocomplete: "username", Autofocus: v.Email == ""},
		component.Field{Name: "password", Label: "Password", Type: "password", Secret: true, Required: true, Autocomplete: "current-password", Autofocus: v.Email != ""},
	)
}

// Problem is the page of an HTTP error. With SignedIn it keeps the navigation.
type Problem struct {
	Shell    layout.Shell
	SignedIn bool
	Status   int
	// Title and Text replace the ones for the status.
	Title string
	Text  string
	// Reference finds the error in the server's log.
	Reference string
	// Back is where to go; default Home.
	Back Ref
}

func (v Problem) title() string {
	if v.Title != "" {
		return v.Title
	}
	switch v.Status {
	case 403:
		return "You may not do this"
	case 404:
		return "There is nothing at this address"
	default:
		return "Something went wrong here"
	}
}

func (v Problem) text() string {
	if v.Text != "" {
		return v.Text
	}
	switch v.Status {
	case 403:
		return "Your role lacks the right for this page. An owner can change your role under Settings."
	case 404:
		return "It may have been deleted or renamed. Check the address, or start from the list it belongs to."
	default:
		return "Nothing you typed was saved by this request. Try again; when it stays, give the reference below to whoever runs this server."
	}
}
