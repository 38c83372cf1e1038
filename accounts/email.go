package accounts

import (
	"errors"
	"net/mail"
	"strings"
)

// maxEmail is the longest address that mail servers pass on.
const maxEmail = 254

// NormalEmail is the form in which an address is stored and looked up: without space
// around it and in lower case.
func NormalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// CheckEmail refuses what is not one plain address.
func CheckEmail(email string) error {
	email = NormalEmail(email)
	parsed, err := mail.ParseAddress(email)
	at := strings.LastIndex(email, "@")
	if err != nil || parsed.Address != email || len(email) > maxEmail || at < 0 || strings.ContainsAny(email, "\x00\r\n\"") {
		return errors.New("the e-mail address is not complete: write it like name@example.org")
	}
	return nil
}
