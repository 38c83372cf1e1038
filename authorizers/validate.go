package authorizers

import (
	"slices"

	"leat/connectors"
	"leat/secrets"
)

// Validate checks the authorizer against the descriptor of its connector. The error is
// connectors.Problems; settings have the fields "settings.<name>". A secret that is
// noted as missing is no problem: the authorizer can be saved and asks for it later.
func (a Authorizer) Validate(descriptor connectors.Descriptor) error {
	problems := connectors.Problems{}
	if problem := connectors.NameProblem(a.Name); problem != "" {
		problems.Add("name", problem)
	}
	connectors.FieldProblems(problems, "settings.", descriptor.Settings, a.values(descriptor, problems))
	a.checkTLS(descriptor, problems)
	return problems.OrNil()
}

// values puts settings and secrets together and notes those in the wrong place.
func (a Authorizer) values(descriptor connectors.Descriptor, problems connectors.Problems) map[string]string {
	values := map[string]string{}
	for name, value := range a.Settings {
		if field, ok := descriptor.Field(name); ok && field.Type == connectors.FieldSecret {
			problems.Add("settings."+name, "is a secret and was given as a plain setting: keep it among the secrets")
		}
		values[name] = value
	}
	for name, secret := range a.Secrets {
		if field, ok := descriptor.Field(name); ok && field.Type != connectors.FieldSecret {
			problems.Add("settings."+name, "is not a secret: keep it among the settings")
		}
		if !secret.Empty() {
			values[name] = standIn
		}
	}
	for _, name := range a.Missing {
		values[name] = standIn
	}
	delete(values, SecretTLSKey)
	return values
}

// standIn takes the place of a secret, so that its value is not looked at.
const standIn = "filled"

func (a Authorizer) checkTLS(descriptor connectors.Descriptor, problems connectors.Problems) {
	if !descriptor.Capabilities.Networked {
		if a.TLS.Mode != "" {
			problems.Add("tls", "has no meaning for "+descriptor.Title+", which is not reached over a network: take it out")
		}
		return
	}
	settings, key := a.TLS, a.Secrets[SecretTLSKey].Reveal()
	if _, reference, err := secrets.ParseReference(key); reference || err == nil && slices.Contains(a.Missing, SecretTLSKey) {
		settings.ClientCert, key = "", "" // they are compared when the key is at hand
	}
	settings.ClientKey = key
	if err := settings.Validate(); err != nil {
		problems.Add("tls", err.Error())
	}
}
