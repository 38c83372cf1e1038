package dial_test

import (
	"testing"

	"leat/dial"
)

func TestWeakerTLS(t *testing.T) {
	modes := dial.TLSModes()
	for i, old := range modes {
		for j, now := range modes {
			got := dial.TLS{Mode: now}.Weaker(dial.TLS{Mode: old})
			if (got != "") != (j < i) {
				t.Errorf("%s after %s: %q", now, old, got)
			}
		}
	}
	for name, test := range map[string]struct {
		old, now dial.TLS
		weaker   bool
	}{
		"the CA is taken away":          {dial.TLS{Mode: dial.TLSVerifyFull, CA: "A"}, dial.TLS{Mode: dial.TLSVerifyFull}, true},
		"another CA":                    {dial.TLS{Mode: dial.TLSVerifyCA, CA: "A"}, dial.TLS{Mode: dial.TLSVerifyFull, CA: "B"}, true},
		"a CA of one's own":             {dial.TLS{Mode: dial.TLSVerifyFull}, dial.TLS{Mode: dial.TLSVerifyFull, CA: "B"}, true},
		"a CA where nothing was proved": {dial.TLS{Mode: dial.TLSRequire}, dial.TLS{Mode: dial.TLSRequire, CA: "B"}, false},
		"require without its CA":        {dial.TLS{Mode: dial.TLSRequire, CA: "A"}, dial.TLS{Mode: dial.TLSRequire}, true},
		"the same CA with a new line":   {dial.TLS{Mode: dial.TLSVerifyFull, CA: "A"}, dial.TLS{Mode: dial.TLSVerifyFull, CA: "A\n"}, false},
		"another name":                  {dial.TLS{Mode: dial.TLSVerifyFull, ServerName: "a"}, dial.TLS{Mode: dial.TLSVerifyFull, ServerName: "b"}, true},
		"a name nobody compares":        {dial.TLS{Mode: dial.TLSVerifyCA, ServerName: "a"}, dial.TLS{Mode: dial.TLSVerifyCA, ServerName: "b"}, false},
		"a password in clear":           {dial.TLS{Mode: dial.TLSPrefer}, dial.TLS{Mode: dial.TLSPrefer, AllowCleartextPassword: true}, true},
		"another client certificate":    {dial.TLS{Mode: dial.TLSVerifyFull}, dial.TLS{Mode: dial.TLSVerifyFull, ClientCert: "C"}, false},
	} {
		if got := test.now.Weaker(test.old); (got != "") != test.weaker {
			t.Errorf("%s: %q", name, got)
		}
	}
}
