package web

import (
	"net/url"
	"slices"
	"strings"

	"leat/authorizers"
	"leat/connectors"
	"leat/secrets"
)

// secretNames are the secrets of a kind with the names of their inputs.
func secretNames(d connectors.Descriptor) map[string]string {
	out := map[string]string{}
	for _, field := range d.Settings {
		if field.Type == connectors.FieldSecret {
			out[field.Name] = settingName(field.Name)
		}
	}
	if d.Capabilities.Networked {
		out[authorizers.SecretTLSKey] = "tls.client_key"
	}
	return out
}

// place is what a secret in the form is typed for.
func (e *authorizerEdit) place(user string) place {
	return place{user: user, connector: e.descriptor.Kind, where: e.typed.Place(e.descriptor), tls: e.typed.TLS}
}

// readSecrets takes typed secrets, or the ones typed a moment ago, or the stored ones;
// the last two only while the form leads to the same place, as well protected.
func (s *Server) readSecrets(edit *authorizerEdit, form url.Values, user string) {
	at := edit.place(user)
	exposed := edit.typed.Exposes(edit.stored, edit.descriptor)
	for field, input := range secretNames(edit.descriptor) {
		value := form.Get(input)
		stored := edit.stored.Secrets[field]
		recent, isRecent := s.typed.find(at, field)
		switch {
		case strings.TrimSpace(value) != "":
			if sentence := s.refuseReference(value); sentence != "" {
				edit.problems.Add(input, sentence)
				continue
			}
			edit.typed.Secrets[field] = secrets.New(value)
			s.typed.remember(at, field, edit.typed.Secrets[field])
			edit.set[field] = true
		case ticked(form, "clear."+input):
			s.typed.forget(at, field)
		case isRecent:
			edit.typed.Secrets[field], edit.set[field] = recent, true
		case !stored.Empty() && exposed != "":
			edit.problems.Add(input, "Type the secret again, or tick Remove: "+exposed+", and a stored secret is never sent to another place or less protected.")
			edit.set[field] = true
		case !stored.Empty():
			edit.typed.Secrets[field], edit.set[field] = stored, true
		case slices.Contains(edit.stored.Missing, field):
			edit.typed.Missing = append(edit.typed.Missing, field)
		}
	}
}

// refuseReference keeps people from reading variables and files of the server through
// a secret field, unless the operator allows that one.
func (s *Server) refuseReference(value string) string {
	found, ok, err := secrets.ParseReference(value)
	if err != nil || !ok {
		return ""
	}
	switch found.Kind {
	case secrets.FromEnv:
		if s.References.AllowEnv(found.Name) {
			return ""
		}
	case secrets.FromFile:
		if s.References.AllowFile(found.Name) {
			return ""
		}
	}
	return found.String() + " may not be used here. Type the secret itself, or ask the operator to allow the reference in LEAT_REFERENCES."
}
