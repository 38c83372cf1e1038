package component

import "strings"

// A Field is one input of a form with its label, help and error. Type is one of
// text, number, password, email, url, textarea, code, select, checkbox, file.
//
// A Secret is write-only: its value is never rendered. When SecretSet, the form
// shows "Set" with a replace box named Name, which the handler takes as "keep" when
// it comes empty, and, unless Required, a checkbox named "clear."+Name.
//
// Value is what the form shows; it is the caller who puts Default into Value for a
// new thing. A checkbox is sent as "true" and is checked when Value is "true".
type Field struct {
	Name      string
	Label     string
	Type      string
	Value     string
	Default   string
	Help      string
	Unit      string
	Required  bool
	Secret    bool
	SecretSet bool
	// SecretWhen tells when and by whom a stored secret was set, for example "3 d ago".
	SecretWhen   string
	Advanced     bool
	ReadOnly     bool
	Options      []Option
	Error        string
	Width        string // "", "half", "third" or "two" (thirds) of the form
	Rows         int    // of a textarea
	Autocomplete string
	Accept       string // of a file
	// Suggestions are offered while typing; other values stay possible.
	Suggestions []string
	Autofocus   bool
	// Refresh asks the server for the form again when the value changes. The handler
	// gets action=refresh. RefreshTarget is the id of the element that gets the
	// new content.
	Refresh       string
	RefreshTarget string
}

// An Option is one choice of a select, a radio group or a row of chips.
type Option struct {
	Value    string
	Label    string
	Help     string
	Selected bool
	Disabled bool
}

// ID is the id of the input in the page.
func (f Field) ID() string {
	return "f-" + strings.NewReplacer(".", "-", " ", "-", "[", "-", "]", "").Replace(f.Name)
}

// describedBy lists the ids of the hint and the error, as far as they exist.
func (f Field) describedBy() string {
	var ids []string
	if f.hint() != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID()+"-error")
	}
	return strings.Join(ids, " ")
}

func (f Field) hint() string {
	if f.Default == "" || f.Value == f.Default || f.Type == "checkbox" {
		return f.Help
	}
	return strings.TrimSpace(f.Help + " Default: " + f.Default + ".")
}

func (f Field) inputType() string {
	switch {
	case f.Secret:
		return "password"
	case f.Type == "number":
		return "text" // with inputmode: number inputs change values on scroll and swallow bad text
	case f.Type == "", f.Type == "code":
		return "text"
	default:
		return f.Type
	}
}

func (f Field) autocomplete() string {
	switch {
	case f.Autocomplete != "":
		return f.Autocomplete
	case f.Secret:
		return "new-password"
	default:
		return "off"
	}
}

// Plain returns the fields that are always shown, Advanced the ones behind a fold.
func Plain(fields []Field) []Field { return pick(fields, false) }

// Advanced returns the fields that belong behind a fold.
func Advanced(fields []Field) []Field { return pick(fields, true) }

func pick(fields []Field, advanced bool) []Field {
	var out []Field
	for _, f := range fields {
		if f.Advanced == advanced {
			out = append(out, f)
		}
	}
	return out
}

// Changed tells whether a field differs from its default or has an error, so that
// the fold it lives in should stand open.
func Changed(fields []Field) bool {
	for _, f := range fields {
		if f.Error != "" || (f.Value != "" && f.Value != f.Default) || f.SecretSet {
			return true
		}
	}
	return false
}

// Errors collects the fields with errors, for the summary on top of the form.
func Errors(groups ...[]Field) []Problem {
	var out []Problem
	for _, fields := range groups {
		for _, f := range fields {
			if f.Error != "" {
				out = append(out, Problem{Anchor: f.ID(), Text: f.Label + ": " + f.Error})
			}
		}
	}
	return out
}

// A Problem is one line of an error summary. Anchor is the id of the input, or "".
type Problem struct {
	Anchor string
	Text   string
}
