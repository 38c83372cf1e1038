package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest name of a user, in characters.
const maxName = 200

// Roles lists the roles from most to least.
func Roles() []Role { return []Role{Owner, Editor, Operator, Viewer} }

// NewUser checks what was typed and makes a user with a hashed password. The error is
// one sentence for the person who typed.
func NewUser(ctx context.Context, passwords *Passwords, id, email, name string, role Role, password string) (User, error) {
	user := User{ID: id, Email: NormalEmail(email), Name: strings.TrimSpace(name), Role: role, Generation: 1}
	if err := user.Validate(); err != nil {
		return User{}, err
	}
	return user.WithPassword(ctx, passwords, password)
}

// WithPassword returns the user with a new password and a new generation, so that older
// sessions end.
func (u User) WithPassword(ctx context.Context, passwords *Passwords, password string) (User, error) {
	if err := CheckPassword(password, u.Email, u.Name); err != nil {
		return User{}, err
	}
	hash, err := passwords.Hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	if u.PasswordHash != "" {
		u.Generation++
	}
	u.PasswordHash = hash
	return u, nil
}

// WithRole returns the user with another role and, when it differs, a new generation.
func (u User) WithRole(role Role) User {
	if u.Role != role {
		u.Role = role
		u.Generation++
	}
	return u
}

// Validate refuses a user that cannot be stored, in one sentence.
func (u User) Validate() error {
	if err := CheckEmail(u.Email); err != nil {
		return err
	}
	if utf8.RuneCountInString(u.Name) > maxName || !utf8.ValidString(u.Name) || strings.ContainsFunc(u.Name, unicode.IsControl) {
		return fmt.Errorf("the name is too long or holds control characters: use at most %d characters", maxName)
	}
	if !slices.Contains(Roles(), u.Role) {
		return errors.New("the role is not known: use owner, editor, operator or viewer")
	}
	return nil
}
