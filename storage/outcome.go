package storage

import (
	"context"
	"errors"
	"fmt"

	"leat/flows"
)

// saved gives the error of saving a thing by name.
func saved(noun, name string, err error) error {
	if violated(err) == uniqueViolation {
		err = flows.ErrNameTaken
	}
	if err != nil {
		return fmt.Errorf("save %s %q: %w", noun, name, err)
	}
	return nil
}

// deleted gives the error of deleting a thing: the users when they are in the way, not
// found when nothing went.
func deleted(ctx context.Context, noun, id string, changed int64, err error,
	users func(ctx context.Context, id string) ([]string, error),
) error {
	if violated(err) == referenceViolation {
		names, listErr := users(ctx, id)
		return errors.Join(&flows.InUseError{Noun: noun, Users: names}, listErr)
	}
	if err != nil {
		return fmt.Errorf("delete %s %q: %w", noun, id, err)
	}
	if changed == 0 {
		return flows.NotFound(noun, id)
	}
	return nil
}
