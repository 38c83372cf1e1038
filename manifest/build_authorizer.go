package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"leat/authorizers"
	"leat/connectors"
	"leat/dial"
	"leat/secrets"
)

// urlSetting is the setting that is split into fields when a file is applied.
const urlSetting = "url"

// authorizer builds one authorizer.
func (b *builder) authorizer(a Authorizer) {
	connector, ok := b.catalog.Connector(a.Connector)
	if !ok {
		b.refuse(a.at, "authorizer", a.Name, "there is no connector %q; this binary has %s", a.Connector, strings.Join(b.catalog.Kinds(), ", "))
		b.desired.State.Authorizers = append(b.desired.State.Authorizers, authorizers.Authorizer{ID: b.newID(), Name: a.Name, Connector: a.Connector})
		return // kept, so that what refers to it is not refused as well
	}
	descriptor := connector.Descriptor()
	existing, _ := b.current.authorizer(func(x authorizers.Authorizer) bool { return x.Name == a.Name })
	out := authorizers.Authorizer{
		ID: b.idOr(existing.ID), Name: a.Name, Connector: a.Connector,
		Settings: map[string]string{}, Secrets: map[string]secrets.Secret{},
		LastCheck: existing.LastCheck, CreatedAt: existing.CreatedAt,
	}
	if descriptor.Capabilities.Networked {
		out.TLS.Mode = dial.TLSPrefer
	}
	if err := splitURL(&a, &out, descriptor); err != nil {
		b.refuse(a.at, "authorizer", a.Name, "%v", err)
	}
	given := b.settings(a, &out, descriptor)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		b.secret(a, &out, descriptor, name, given[name])
	}
	b.refuseAll(a.at, "authorizer", a.Name, out.Validate(descriptor))
	b.desired.At["authorizer "+a.Name] = a.at.String()
	b.desired.State.Authorizers = append(b.desired.State.Authorizers, out)
}

// settings takes the plain settings and TLS, and returns the secrets by name. These come
// last, since where the authorizer leads decides what a stored one may be used for.
func (b *builder) settings(a Authorizer, out *authorizers.Authorizer, descriptor connectors.Descriptor) map[string]string {
	given := map[string]string{}
	for name, value := range a.Settings {
		text, isScalar := scalar(value)
		field, known := descriptor.Field(name)
		switch {
		case !isScalar:
			b.refuse(a.at, "authorizer", a.Name, "the setting %s holds neither text nor a number nor true or false; write one value", name)
		case !known:
			b.refuse(a.at, "authorizer", a.Name, "the setting %q is unknown for %s; it has %s", name, a.Connector, settingNames(descriptor))
		case field.Type == connectors.FieldSecret:
			given[name] = text
		default:
			out.Settings[name] = text
		}
	}
	if a.TLS != nil {
		out.TLS = dial.TLS{
			Mode: dial.TLSMode(a.TLS.Mode), CA: a.TLS.CA, ClientCert: a.TLS.ClientCert, ServerName: a.TLS.ServerName,
			AllowCleartextPassword: a.TLS.AllowCleartextPassword,
		}
		if a.TLS.ClientKey != "" {
			given[authorizers.SecretTLSKey] = a.TLS.ClientKey
		}
	}
	return given
}

// scalar writes a value as text; false for lists and mappings, which by aliases may be
// very much larger than their file.
func scalar(value any) (string, bool) {
	switch value.(type) {
	case string, bool, int64, uint64, int, float64, nil:
		return fmt.Sprint(value), true
	default:
		return "", false
	}
}

// splitURL takes the setting url apart; settings given beside it win.
func splitURL(a *Authorizer, out *authorizers.Authorizer, descriptor connectors.Descriptor) error {
	raw, given := a.Settings[urlSetting]
	if _, real := descriptor.Field(urlSetting); !given || real {
		return nil
	}
	if descriptor.ParseURL == nil {
		return fmt.Errorf("%s takes no setting url; it has %s", a.Connector, settingNames(descriptor))
	}
	text, _ := scalar(raw)
	parsed, err := descriptor.ParseURL(text)
	if err != nil {
		return fmt.Errorf("url: %w", err)
	}
	if len(parsed.Unknown) > 0 {
		return fmt.Errorf("url: the parameters %s are not supported; take them out", strings.Join(parsed.Unknown, ", "))
	}
	settings := map[string]any{}
	for name, value := range parsed.Settings {
		settings[name] = value
	}
	for name, value := range a.Settings {
		if name != urlSetting {
			settings[name] = value
		}
	}
	a.Settings = settings
	if parsed.TLSMode != "" {
		out.TLS.Mode = dial.TLSMode(parsed.TLSMode)
	}
	return nil
}

// secret stores a secret or a reference. ${secret:authorizer.field} keeps what is
// stored, as long as it goes where it went and is protected as it was; otherwise, and
// where nothing is stored, the secret is marked as missing.
func (b *builder) secret(a Authorizer, out *authorizers.Authorizer, descriptor connectors.Descriptor, name, text string) {
	found, isReference, err := secrets.ParseReference(text)
	if err != nil {
		b.refuse(a.at, "authorizer", a.Name, "%s: %v", name, err)
		return
	}
	if !isReference || found.Kind != secrets.FromStored {
		out.Secrets[name] = secrets.New(text)
		return
	}
	owner, field := found.Stored()
	keeper, _ := b.current.authorizer(func(x authorizers.Authorizer) bool { return x.Name == owner })
	kept, ok := keeper.Secrets[field]
	because := ""
	if ok {
		if because = out.Exposes(keeper, descriptor); because == "" {
			out.Secrets[name] = kept
			return
		}
		because = ", since " + because
	}
	out.Missing = append(out.Missing, name)
	slices.Sort(out.Missing)
	b.desired.Warnings = append(b.desired.Warnings,
		fmt.Sprintf("%s: authorizer %q is saved without its %s%s; type it again on its page", a.at, a.Name, name, because))
}

func settingNames(d connectors.Descriptor) string {
	if len(d.Settings) == 0 && d.ParseURL == nil {
		return "none"
	}
	names := make([]string, len(d.Settings))
	for i, field := range d.Settings {
		names[i] = field.Name
	}
	if d.ParseURL != nil {
		names = append(names, urlSetting)
	}
	return strings.Join(names, ", ")
}
