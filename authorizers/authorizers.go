// Package authorizers holds saved ways into systems: an authorizer is a connector's
// settings with their secrets, the TLS mode and, later, a tunnel. One authorizer
// serves reading and writing. The package knows descriptors, not drivers; opening is
// the engine's work.
package authorizers

import (
	"context"
	"errors"
	"time"

	"leat/connectors"
	"leat/dial"
	"leat/secrets"
)

// Authorizer is a saved way into one system.
type Authorizer struct {
	ID   string
	Name string
	// Connector is the kind of system, for example "postgres".
	Connector string
	// Settings are the plain settings by field name.
	Settings map[string]string
	// Secrets are the secret settings by field name. A value may be a reference such
	// as ${env:SHOP_PASSWORD}, which is resolved when the authorizer is opened.
	Secrets map[string]secrets.Secret
	// TLS is used by networked systems. The client key in it is a secret and is kept
	// in Secrets under SecretTLSKey.
	TLS dial.TLS
	// Missing names secrets that are known to be needed and not there, for example
	// after an import; the authorizer cannot be opened until they are typed again.
	Missing []string
	// LastCheck is the outcome of the last check, nil when there was none.
	LastCheck *CheckResult

	CreatedAt, UpdatedAt time.Time
}

// SecretTLSKey is the name of the TLS client key among the secrets.
const SecretTLSKey = "tls_client_key"

// CheckResult is the stored outcome of a check.
type CheckResult struct {
	At      time.Time
	OK      bool
	Message string
}

// ErrNotFound is returned by a store when there is no such authorizer.
var ErrNotFound = errors.New("there is no such authorizer")

// ErrNameTaken is returned by a store when another authorizer has the name.
var ErrNameTaken = errors.New("another authorizer has this name")

// ErrInUse is wrapped by InUseError.
var ErrInUse = errors.New("the authorizer is in use")

// InUseError refuses a deletion and names the sources and destinations in the way.
type InUseError struct{ Users []string }

// Store remembers authorizers. Implementations seal the secrets.
type Store interface {
	// Authorizers lists all by name, secrets opened.
	Authorizers(ctx context.Context) ([]Authorizer, error)
	// Authorizer finds one by id; ErrNotFound when there is none.
	Authorizer(ctx context.Context, id string) (Authorizer, error)
	// AuthorizerByName finds one by name; ErrNotFound when there is none.
	AuthorizerByName(ctx context.Context, name string) (Authorizer, error)
	// SaveAuthorizer inserts or updates by ID; ErrNameTaken when the name is in use.
	SaveAuthorizer(ctx context.Context, a Authorizer) error
	// DeleteAuthorizer removes one; *InUseError when sources or destinations use it.
	DeleteAuthorizer(ctx context.Context, id string) error
	// RecordCheck stores the outcome of a check.
	RecordCheck(ctx context.Context, id string, result CheckResult) error
	// AuthorizerUsers names the sources and destinations that use it, sorted.
	AuthorizerUsers(ctx context.Context, id string) ([]string, error)
}

// Merged returns the settings for Open, secrets revealed and defaults filled in.
func (a Authorizer) Merged(descriptor connectors.Descriptor) connectors.Settings {
	merged := connectors.Settings{}
	for _, field := range descriptor.Settings {
		if field.Default != "" {
			merged[field.Name] = field.Default
		}
	}
	for name, value := range a.Settings {
		if value != "" {
			merged[name] = value
		}
	}
	for name, secret := range a.Secrets {
		if name != SecretTLSKey && !secret.Empty() {
			merged[name] = secret.Reveal()
		}
	}
	return merged
}
