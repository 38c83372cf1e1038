package page

import (
	"time"

	"leat/ui/component"
	"leat/ui/layout"
)

// Settings shows the users and what this installation is.
type Settings struct {
	Shell layout.Shell
	Users []UserItem
	About []component.Pair
	// Notices are things the operator should know: a sample key, an old version.
	Notices []string
}

// A UserItem is one person who can log in.
type UserItem struct {
	Name  string
	Email string
	Role  string
	Since time.Time
	You   bool
}
