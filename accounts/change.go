package accounts

import (
	"fmt"
	"time"
)

// A Change is a change that a person made on a form.
type Change struct {
	// Seen is when what the form shows had been saved. It is refused with a
	// *ChangedError when it was saved again since; the zero time refuses nothing.
	Seen time.Time
	// By is the name of the person.
	By string
}

// ChangedError refuses an edit of something that was saved since its form was opened.
type ChangedError struct {
	// At is when it was saved.
	At time.Time
	// By is the name of who saved it; empty when it was a command.
	By string
}

// Error says when.
func (e *ChangedError) Error() string {
	return fmt.Sprintf("it was changed at %s, after the form was opened", e.At.UTC().Format(time.RFC3339))
}
