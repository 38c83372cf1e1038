package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"leat/accounts"
)

// userCommand groups the commands about users.
type userCommand struct {
	Add   userAddCommand   `cmd:"" help:"Add a user; the password is read from --password-file or stdin."`
	Reset userResetCommand `cmd:"" help:"Set another password; the user's sessions end."`
	List  userListCommand  `cmd:"" help:"List users."`
}

// passwordFlags say where a password comes from. It is never an argument: arguments
// are seen by every process of the machine.
type passwordFlags struct {
	PasswordFile string `placeholder:"FILE" help:"File whose first line is the password (default: stdin)."`
}

func (f passwordFlags) read(a *app) (string, error) {
	input := a.stdio.in
	if f.PasswordFile != "" {
		file, err := os.Open(f.PasswordFile)
		if err != nil {
			return "", usage("open the password file: %v", err)
		}
		defer file.Close() //nolint:errcheck // only read
		input = file
	}
	line, err := bufio.NewReader(input).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

type userAddCommand struct {
	passwordFlags
	Email string `arg:"" help:"E-mail address, used to log in."`
	Name  string `help:"Name shown on the pages."`
	Role  string `default:"viewer" enum:"owner,editor,operator,viewer" help:"owner, editor, operator or viewer."`
}

// Run adds the user.
func (c *userAddCommand) Run(a *app) error {
	return a.withPlatform(func(p *platform) error {
		password, err := c.read(a)
		if err != nil {
			return err
		}
		passwords := accounts.NewPasswords(accounts.SafeCost)
		user, err := accounts.NewUser(a.ctx, passwords, newID(), c.Email, c.Name, accounts.Role(c.Role), password)
		if err != nil {
			return err
		}
		if err := p.store.SaveUser(a.ctx, user); err != nil {
			return fmt.Errorf("add the user %s: %w", c.Email, err)
		}
		return a.print(map[string]string{"email": user.Email, "role": c.Role}, func(w io.Writer) {
			fmt.Fprintf(w, "added %s as %s\n", user.Email, c.Role)
		})
	})
}

type userResetCommand struct {
	passwordFlags
	Email string `arg:"" help:"E-mail address of the user."`
}

// Run stores another password and ends the user's sessions.
func (c *userResetCommand) Run(a *app) error {
	return a.withPlatform(func(p *platform) error {
		password, err := c.read(a)
		if err != nil {
			return err
		}
		user, err := p.store.UserByEmail(a.ctx, c.Email)
		if err != nil {
			return fmt.Errorf("find the user %s: %w", c.Email, err)
		}
		passwords := accounts.NewPasswords(accounts.SafeCost)
		user, err = user.WithPassword(a.ctx, passwords, password)
		if err != nil {
			return err
		}
		if err := p.store.SaveUser(a.ctx, user); err != nil {
			return fmt.Errorf("save the user %s: %w", c.Email, err)
		}
		return a.print(map[string]string{"email": user.Email}, func(w io.Writer) {
			fmt.Fprintf(w, "%s has a new password; open sessions have ended\n", user.Email)
		})
	})
}

type userListCommand struct{}

// Run prints one line per user.
func (c *userListCommand) Run(a *app) error {
	return a.withPlatform(func(p *platform) error {
		users, err := p.store.Users(a.ctx)
		if err != nil {
			return fmt.Errorf("list users: %w", err)
		}
		type line struct {
			Email string        `json:"email"`
			Name  string        `json:"name"`
			Role  accounts.Role `json:"role"`
		}
		lines := make([]line, len(users))
		for i, user := range users {
			lines[i] = line{user.Email, user.Name, user.Role}
		}
		return a.print(lines, func(w io.Writer) {
			for _, l := range lines {
				fmt.Fprintf(w, "%s\t%s\t%s\n", l.Email, l.Role, l.Name)
			}
		})
	})
}
