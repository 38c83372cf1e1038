package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"leat/authorizers"
	"leat/connectors"
	"leat/dial"
	"leat/secrets"
)

// session is an open connection and the descriptor of its kind.
type session struct {
	connectors.Connection
	descriptor connectors.Descriptor
}

// dialFunc is how a connector reaches the network.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// connect opens a saved authorizer.
func (e *Engine) connect(ctx context.Context, authorizerID, flow string) (session, error) {
	authorizer, err := e.Authorizers.Authorizer(ctx, authorizerID)
	if err != nil {
		return session{}, fmt.Errorf("looking up the authorizer: %w", err)
	}
	return e.open(ctx, authorizer, flow, e.Dialer.DialContext)
}

// open opens an authorizer, saved or not. The flow names the session at the far end.
func (e *Engine) open(ctx context.Context, a authorizers.Authorizer, flow string, dialer dialFunc) (session, error) {
	connector, err := e.connector(a.Connector)
	if err != nil {
		return session{}, err
	}
	a, err = e.resolveSecrets(a)
	if err != nil {
		return session{}, err
	}
	env := connectors.Env{
		Dial: dialer, TLS: tlsOf(a), Files: e.Files, Flow: flow, Application: strings.TrimSpace("leat " + flow),
		Log: e.Log.With("connector", a.Connector),
	}
	descriptor := connector.Descriptor()
	connection, err := connector.Open(ctx, a.Merged(descriptor), env)
	if err != nil {
		return session{}, fmt.Errorf("opening the authorizer %q: %w", a.Name, err)
	}
	return session{Connection: connection, descriptor: descriptor}, nil
}

func (e *Engine) connector(kind string) (connectors.Connector, error) {
	connector, ok := e.Connectors.Connector(kind)
	if !ok {
		return nil, refusal(connectors.Config, "Choose a connector that this version of Leat has.", "there is no connector %q", kind)
	}
	return connector, nil
}

// tlsOf puts the client key, which is kept among the secrets, back into its place.
func tlsOf(a authorizers.Authorizer) dial.TLS {
	t := a.TLS
	if key := a.Secrets[authorizers.SecretTLSKey]; !key.Empty() {
		t.ClientKey = key.Reveal()
	}
	return t
}

// resolveSecrets puts the values in the place of references. The authorizer that was
// given stays as it is.
func (e *Engine) resolveSecrets(a authorizers.Authorizer) (authorizers.Authorizer, error) {
	if len(a.Missing) > 0 {
		return a, refusal(connectors.Config, "Type it again and save the authorizer.",
			"the authorizer %q has lost its secret %s", a.Name, strings.Join(slices.Sorted(slices.Values(a.Missing)), ", "))
	}
	resolved := make(map[string]secrets.Secret, len(a.Secrets))
	for name, secret := range a.Secrets {
		value, err := e.resolveSecret(secret)
		if err != nil {
			return a, &connectors.Error{
				Kind: connectors.Config, Cause: err, Fix: "Correct the reference in the authorizer, or type the secret itself.",
				Message: fmt.Sprintf("the setting %s of the authorizer %q: %v", name, a.Name, err),
			}
		}
		resolved[name] = value
	}
	a.Secrets = resolved
	return a, nil
}

func (e *Engine) resolveSecret(secret secrets.Secret) (secrets.Secret, error) {
	reference, ok, err := secrets.ParseReference(secret.Reveal())
	if err != nil || !ok {
		return secret, err
	}
	return e.References.Resolve(reference)
}

// shut closes a connection, also when the caller's context has ended.
func (e *Engine) shut(ctx context.Context, s session) {
	if s.Connection == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.timing.close)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		e.Log.WarnContext(ctx, "closing a connection failed", "connector", s.descriptor.Kind, "error", err)
	}
}

// role asserts what a connection can do; the verb is for the error.
func role[R any](s session, verb string) (R, error) {
	found, ok := s.Connection.(R)
	if !ok {
		return found, refusal(connectors.Config, "Choose an authorizer of another kind.", "%s cannot %s", s.descriptor.Title, verb)
	}
	return found, nil
}

func isNoAuthorizer(err error) bool { return errors.Is(err, authorizers.ErrNotFound) }
