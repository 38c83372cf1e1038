package authorizers

import (
	"maps"

	"leat/connectors"
)

// Place are the settings that say where the authorizer leads and as whom: all plain
// ones that are not mere fine-tuning, with their defaults.
func (a Authorizer) Place(descriptor connectors.Descriptor) map[string]string {
	out := map[string]string{}
	for _, field := range descriptor.Settings {
		if field.Type == connectors.FieldSecret || field.Advanced {
			continue
		}
		out[field.Name] = a.Settings[field.Name]
		if out[field.Name] == "" {
			out[field.Name] = field.Default
		}
	}
	return out
}

// Exposes says in words why a secret that is stored with kept must not be used by a: it
// would be sent to another place, or with less protection. It is empty when it may.
func (a Authorizer) Exposes(kept Authorizer, descriptor connectors.Descriptor) string {
	if a.Connector != kept.Connector || !maps.Equal(a.Place(descriptor), kept.Place(descriptor)) {
		return "it leads to another place"
	}
	return a.TLS.Weaker(kept.TLS)
}
