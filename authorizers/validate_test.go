package authorizers_test

import (
	"errors"
	"strings"
	"testing"

	"leat/authorizers"
	"leat/connectors"
	"leat/dial"
	"leat/secrets"
)

const canary = "canary-4711"

var postgres = connectors.Descriptor{
	Kind: "postgres", Title: "PostgreSQL", Capabilities: connectors.Capabilities{Networked: true},
	Settings: []connectors.Field{
		{Name: "host", Type: connectors.FieldText, Required: true},
		{Name: "port", Type: connectors.FieldNumber, Required: true, Default: "5432", Min: 1, Max: 65535},
		{Name: "password", Type: connectors.FieldSecret, Required: true},
		{Name: "mode", Type: connectors.FieldChoice, Choices: []string{"a", "b"}},
		{Name: "fast", Type: connectors.FieldBool},
	},
}

func TestValidate(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*authorizers.Authorizer)
		field  string
	}{
		"good":           {func(*authorizers.Authorizer) {}, ""},
		"name":           {func(a *authorizers.Authorizer) { a.Name = "" }, "name"},
		"space":          {func(a *authorizers.Authorizer) { a.Name = " shop" }, "name"},
		"unknown":        {func(a *authorizers.Authorizer) { a.Settings["hots"] = "x" }, "settings.hots"},
		"unknown secret": {func(a *authorizers.Authorizer) { a.Secrets["token"] = secrets.New(canary) }, "settings.token"},
		"required":       {func(a *authorizers.Authorizer) { a.Settings["host"] = "" }, "settings.host"},
		"no password":    {func(a *authorizers.Authorizer) { delete(a.Secrets, "password") }, "settings.password"},
		"asked later": {func(a *authorizers.Authorizer) {
			delete(a.Secrets, "password")
			a.Missing = []string{"password"}
		}, ""},
		"plain secret": {func(a *authorizers.Authorizer) { a.Settings["password"] = canary }, "settings.password"},
		"secret host":  {func(a *authorizers.Authorizer) { a.Secrets["host"] = secrets.New(canary) }, "settings.host"},
		"not a number": {func(a *authorizers.Authorizer) { a.Settings["port"] = "5432x" }, "settings.port"},
		"port 0":       {func(a *authorizers.Authorizer) { a.Settings["port"] = "0" }, "settings.port"},
		"high port":    {func(a *authorizers.Authorizer) { a.Settings["port"] = "65536" }, "settings.port"},
		"choice":       {func(a *authorizers.Authorizer) { a.Settings["mode"] = "c" }, "settings.mode"},
		"bool":         {func(a *authorizers.Authorizer) { a.Settings["fast"] = "yes" }, "settings.fast"},
		"NUL":          {func(a *authorizers.Authorizer) { a.Settings["host"] = "a\x00" }, "settings.host"},
		"TLS mode":     {func(a *authorizers.Authorizer) { a.TLS.Mode = "always" }, "tls"},
		"TLS key alone": {func(a *authorizers.Authorizer) {
			a.Secrets[authorizers.SecretTLSKey] = secrets.New(canary)
		}, "tls"},
		"TLS key elsewhere": {func(a *authorizers.Authorizer) {
			a.TLS.ClientCert = "PEM"
			a.Secrets[authorizers.SecretTLSKey] = secrets.New("${file:/run/key}")
		}, ""},
		"TLS key asked later": {func(a *authorizers.Authorizer) {
			a.TLS.ClientCert, a.Missing = "PEM", []string{authorizers.SecretTLSKey}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := authorizers.Authorizer{
				Name: "shop", Settings: map[string]string{"host": "db", "mode": "a", "fast": "true"},
				Secrets: map[string]secrets.Secret{"password": secrets.New(canary)}, TLS: dial.TLS{Mode: dial.TLSPrefer},
			}
			test.change(&a)
			mustProblem(t, a.Validate(postgres), test.field)
		})
	}
}

func TestLocalSystemsHaveNoTLS(t *testing.T) {
	file := connectors.Descriptor{Title: "Files"}
	mustProblem(t, authorizers.Authorizer{Name: "a"}.Validate(file), "")
	mustProblem(t, authorizers.Authorizer{Name: "a", TLS: dial.TLS{Mode: dial.TLSPrefer}}.Validate(file), "tls")
}

// mustProblem wants exactly one problem, in that field; none when field is empty.
func mustProblem(t *testing.T, err error, field string) {
	t.Helper()
	if field == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	problems, ok := errors.AsType[connectors.Problems](err)
	if !ok || len(problems) != 1 || !strings.Contains(problems[field], ":") || strings.Contains(err.Error(), canary) {
		t.Errorf("problems %v, want one in %s with its fix", err, field)
	}
}
