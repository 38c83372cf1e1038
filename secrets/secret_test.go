package secrets_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"leat/secrets"
)

const canary = "hunter2-canary"

// holder hides its secret in an unexported field, where fmt asks no methods.
type holder struct {
	Open   secrets.Secret
	hidden secrets.Secret
}

func TestSecretNeverPrints(t *testing.T) {
	s := secrets.New(canary)
	values := []any{s, &s, []secrets.Secret{s}, map[string]secrets.Secret{"k": s}, holder{s, s}, &holder{s, s}, fmt.Errorf("with %v", s)}
	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%10s", "%p"}
	for i, v := range values {
		for _, verb := range verbs {
			mustHide(t, fmt.Sprintf("value %d %s", i, verb), fmt.Sprintf(verb, v))
		}
		mustHide(t, "Sprint", fmt.Sprint(v))
		mustHide(t, "Sprintln", fmt.Sprintln(v))
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if got := fmt.Sprintf(verb, s); got != "***" {
			t.Errorf("%s printed %q", verb, got)
		}
	}
	mustHide(t, "String", s.String()+s.GoString())
}

func TestSecretNeverEncodes(t *testing.T) {
	v := holder{Open: secrets.New(canary), hidden: secrets.New(canary)}
	text, err := json.Marshal(v)
	if err != nil || string(text) != `{"Open":"***"}` {
		t.Errorf("JSON is %s, %v", text, err)
	}
	keyed, err := json.Marshal(map[string]any{"password": &v.Open})
	if err != nil || string(keyed) != `{"password":"***"}` {
		t.Errorf("JSON is %s, %v", keyed, err)
	}
	markup, err := xml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	mustHide(t, "XML", string(markup))
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("dial", "password", v.Open, "holder", v, "pointer", &v)
	}
	mustHide(t, "slog", out.String())
	if !strings.Contains(out.String(), "password=***") {
		t.Errorf("the log is %s", out.String())
	}
}

// mustHide looks for the canary as text and as the hex that %x would give.
func mustHide(t *testing.T, what, printed string) {
	t.Helper()
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), canary[3:]} {
		if strings.Contains(printed, form) {
			t.Errorf("%s shows the secret: %s", what, printed)
		}
	}
}

func TestSecretEqual(t *testing.T) {
	var zero secrets.Secret
	if !zero.Empty() || !secrets.New("").Empty() || zero.Reveal() != "" || !zero.Equal(secrets.New("")) {
		t.Error("the zero secret is not the empty one")
	}
	a, b := secrets.New("a"), secrets.New("a")
	if a.Empty() || a.Reveal() != "a" || !a.Equal(b) || a.Equal(secrets.New("ab")) || a.Equal(zero) {
		t.Error("Equal does not compare values")
	}
}
