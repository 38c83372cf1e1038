package accounts

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/alexedwards/argon2id"
)

// The time for an unknown user tells nothing: the same work is done as for a wrong
// password.
func TestUnknownUsersTakeAsLong(t *testing.T) {
	p := NewPasswords(SafeCost)
	hash, err := p.Hash(t.Context(), "grey heron under the weir")
	if err != nil {
		t.Fatal(err)
	}
	known, salt, key, err := argon2id.DecodeHash(hash)
	if err != nil {
		t.Fatal(err)
	}
	unknown, otherSalt, otherKey, err := argon2id.DecodeHash(p.decoy)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(known, unknown) || len(salt) != len(otherSalt) || len(key) != len(otherKey) {
		t.Errorf("a user's hash has %+v, the decoy %+v", known, unknown)
	}
}

func TestChecksWaitForTheirTurn(t *testing.T) {
	p := NewPasswords(SafeCost)
	for range checksAtOnce {
		p.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Check(ctx, "", "x") }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled check did not give up its place: %v", err)
	}
	<-p.slots
	if err := p.Check(t.Context(), "", "x"); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("a check found no place: %v", err)
	}
}
