package authorizers

import "strings"

// Error names what uses the authorizer.
func (e *InUseError) Error() string {
	return "the authorizer is used by " + strings.Join(e.Users, ", ") + "; change or delete them first"
}

// Unwrap makes errors.Is(err, ErrInUse) true.
func (e *InUseError) Unwrap() error { return ErrInUse }
