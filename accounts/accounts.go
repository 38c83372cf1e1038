// Package accounts is the domain of people: users, their roles and the one-time link
// that makes the first owner. Passwords are kept as Argon2id hashes only.
package accounts

import (
	"context"
	"errors"
	"time"
)

// Role is what a user may do.
type Role string

// The roles, from most to least.
const (
	Owner    Role = "owner"
	Editor   Role = "editor"
	Operator Role = "operator"
	Viewer   Role = "viewer"
)

// Permission is what a route needs.
type Permission string

// The permissions.
const (
	// View: see everything but rows and secrets.
	View Permission = "view"
	// Preview: see rows.
	Preview Permission = "preview"
	// Operate: run, cancel, pause.
	Operate Permission = "operate"
	// Edit: change authorizers, sources, destinations and flows.
	Edit Permission = "edit"
	// Manage: change users and the installation.
	Manage Permission = "manage"
)

// May says whether the role has the permission.
func (r Role) May(p Permission) bool {
	switch r {
	case Owner:
		return true
	case Editor:
		return p != Manage
	case Operator:
		return p == View || p == Operate
	case Viewer:
		return p == View
	default:
		return false
	}
}

// User is one person who can log in.
type User struct {
	ID           string
	Email        string
	Name         string
	Role         Role
	PasswordHash string
	// Generation rises when the password or the role changes; older sessions end.
	Generation int64

	CreatedAt, UpdatedAt time.Time
}

// Errors of the store.
var (
	ErrNotFound   = errors.New("there is no such user")
	ErrEmailTaken = errors.New("another user has this e-mail address")
	// ErrSetupDone means that the first owner exists already.
	ErrSetupDone = errors.New("the first owner has already been made")
)

// Store remembers users.
type Store interface {
	Users(ctx context.Context) ([]User, error)
	User(ctx context.Context, id string) (User, error)
	UserByEmail(ctx context.Context, email string) (User, error)
	// SaveUser inserts or updates by ID; ErrEmailTaken.
	SaveUser(ctx context.Context, u User) error
	// CreateFirstOwner inserts u only when there is no user yet; ErrSetupDone. Of two
	// calls at once exactly one succeeds.
	CreateFirstOwner(ctx context.Context, u User) error
}
