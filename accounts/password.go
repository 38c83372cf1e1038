package accounts

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
)

// The bounds of a password, in characters. AdvisedPassword is what pages recommend.
const (
	MinPassword     = 8
	AdvisedPassword = 15
	MaxPassword     = 128
)

// checksAtOnce bounds the memory of logins: each takes that of [SafeCost].
const checksAtOnce = 4

// ErrWrongPassword is the same for an unknown user and a wrong password.
var ErrWrongPassword = errors.New("the e-mail address or the password is wrong")

//go:embed passwords.txt
var badPasswords string

// CheckPassword refuses a password that is too short or easy to guess, in one sentence.
// about are words that a guesser knows, such as the e-mail address.
func CheckPassword(password string, about ...string) error {
	length := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return errors.New("the password is not valid text: type it again")
	case length < MinPassword:
		return fmt.Errorf("the password has %d characters: use at least %d, better %d", length, MinPassword, AdvisedPassword)
	case length > MaxPassword:
		return fmt.Errorf("the password has %d characters: use at most %d", length, MaxPassword)
	case easyToGuess(strings.ToLower(password), about):
		return errors.New("the password is one of the first that a guesser tries: use several words that do not belong together")
	default:
		return nil
	}
}

// easyToGuess knows the most used passwords, single repeated characters and the words
// about the user.
func easyToGuess(password string, about []string) bool {
	if strings.Trim(password, password[:1]) == "" {
		return true
	}
	for line := range strings.Lines(badPasswords) {
		if strings.TrimSpace(line) == password {
			return true
		}
	}
	for _, text := range about {
		text = strings.ToLower(strings.TrimSpace(text))
		local, _, _ := strings.Cut(text, "@")
		if text != "" && (password == text || password == local) {
			return true
		}
	}
	return false
}

// Passwords hashes and checks passwords, a few at once.
type Passwords struct {
	params argon2id.Params
	slots  chan struct{}
	// decoy is checked for users that do not exist, so that they take as long. It is the
	// hash of no known password, made without the memory that hashing one takes.
	decoy string
}

// Cost is what one hash takes: KiB of memory, and passes over it.
type Cost struct{ Memory, Passes uint32 }

// SafeCost holds for the passwords of people. Tests that log in again and again take less.
var SafeCost = Cost{Memory: 64 * 1024, Passes: 3}

// NewPasswords prepares Argon2id with two lanes. The parameters are fixed, since the
// library's default depends on the number of CPUs.
func NewPasswords(cost Cost) *Passwords {
	params := argon2id.Params{Memory: cost.Memory, Iterations: cost.Passes, Parallelism: 2, SaltLength: 16, KeyLength: 32}
	return &Passwords{params: params, slots: make(chan struct{}, checksAtOnce), decoy: decoyOf(params)}
}

// decoyOf writes a hash with these parameters, and chance for its salt and its key.
func decoyOf(params argon2id.Params) string {
	chance := make([]byte, params.SaltLength+params.KeyLength)
	_, _ = rand.Read(chance) // never fails: it ends the program instead
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, params.Memory, params.Iterations, params.Parallelism,
		text(chance[:params.SaltLength]), text(chance[params.SaltLength:]))
}

// Hash returns the hash to store.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer p.leave()
	hash, err := argon2id.CreateHash(password, &p.params)
	if err != nil {
		return "", fmt.Errorf("hash the password: %w", err)
	}
	return hash, nil
}

// Check returns nil when the password belongs to the hash and ErrWrongPassword when it
// does not. For a user that does not exist, pass an empty hash: the check takes as
// long and fails.
func (p *Passwords) Check(ctx context.Context, hash, password string) error {
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	if utf8.RuneCountInString(password) > MaxPassword {
		password = "" // an empty one is never right and costs the same
	}
	if err := p.enter(ctx); err != nil {
		return err
	}
	defer p.leave()
	match, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return fmt.Errorf("check the password: %w", err)
	}
	if !match || !known {
		return ErrWrongPassword
	}
	return nil
}

// enter waits for a slot.
func (p *Passwords) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to check a password: %w", ctx.Err())
	}
}

// leave frees the slot. The last one gives the memory of the checks back to the system,
// which the runtime would keep for minutes.
func (p *Passwords) leave() {
	<-p.slots
	if len(p.slots) == 0 {
		debug.FreeOSMemory()
	}
}
