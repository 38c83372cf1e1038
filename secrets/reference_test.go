package secrets_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leat/secrets"
)

func TestParseReference(t *testing.T) {
	good := map[string]secrets.Reference{
		"${env:SHOP_PASSWORD}":       {Kind: secrets.FromEnv, Name: "SHOP_PASSWORD"},
		"${env:_x9}":                 {Kind: secrets.FromEnv, Name: "_x9"},
		"${file:/run/secrets/shop}":  {Kind: secrets.FromFile, Name: "/run/secrets/shop"},
		"${file:/with space/a:b}":    {Kind: secrets.FromFile, Name: "/with space/a:b"},
		"${secret:shop.password}":    {Kind: secrets.FromStored, Name: "shop.password"},
		"${secret:my.shop.password}": {Kind: secrets.FromStored, Name: "my.shop.password"},
	}
	for text, want := range good {
		got, ok, err := secrets.ParseReference(text)
		if err != nil || !ok || got != want || got.String() != text {
			t.Errorf("%s: %+v, %v, %v", text, got, ok, err)
		}
	}
	for _, plain := range []string{"", "secret", "$", "${", "}", "a${b}c", "$env:X", "{env:X}", "${a}${b}", "p${x:y}q", "${env}:X"} {
		if _, ok, err := secrets.ParseReference(plain); ok || err != nil {
			t.Errorf("%q is plain text: %v, %v", plain, ok, err)
		}
	}
	bad := []string{
		"${}", "${SHOP}", "${env}", "${env:}", "${env:A B}", "${env:A-B}", "${env:9A}", "${env:A=B}", "${ENV:A}", "${file:}",
		"${file:relative}", "${file:~/x}", "${file:/x\x00}", "${secret:}", "${secret:shop}", "${secret:.x}", "${secret:x.}",
		"${vault:x}", "x${env:A}", "${env:A}\n", " ${env:A}", "${env:A}${env:B}", "postgres://u:${env:PW}@h/d", "${env:${env:A}}",
	}
	for _, text := range bad {
		if _, ok, err := secrets.ParseReference(text); ok || err == nil {
			t.Errorf("%q is taken", text)
		} else if strings.Contains(err.Error(), "SHOP") || strings.Contains(err.Error(), "vault") {
			t.Errorf("the error repeats the text: %v", err)
		}
	}
	if a, f := secrets.StoredReference("my.shop", "password").Stored(); a != "my.shop" || f != "password" {
		t.Errorf("%s, %s", a, f)
	}
}

func FuzzParseReference(f *testing.F) {
	for _, seed := range []string{"${env:A}", "${file:/x}", "${secret:a.b}", "${", "x${env:A}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, ok, err := secrets.ParseReference(text)
		if ok && (err != nil || ref.String() != text) {
			t.Errorf("%q became %q, %v", text, ref, err)
		}
	})
}

// local is a resolver over a folder with a secret and a data directory.
func local(t *testing.T, policy secrets.Policy) (secrets.Resolver, string) {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(filepath.Join(data, "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("good", canary+"\n")
	write("windows", canary+"\r\n")
	write("lines", canary+"\n\n")
	write("empty", "\n")
	write("huge", strings.Repeat("x", 1<<20))
	write("data/secret.key", canary)
	write("data/files/orders.csv", canary)
	link := func(from, to string) {
		if err := os.Symlink(from, filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Join(data, "secret.key"), "linked-key")
	link(data, "linked-data")
	link(filepath.Join(dir, "good"), "linked-good")
	env := map[string]string{"SHOP_PASSWORD": canary, "OTHER": canary, "LEAT_SECRET_KEY": canary, "leat_x": canary}
	return secrets.Resolver{
		AllowEnv: policy.AllowEnv, AllowFile: policy.AllowFile,
		Getenv: func(name string) string { return env[name] }, ReadFile: os.ReadFile, DataDir: data,
	}, dir
}

func TestResolveUnderEverything(t *testing.T) {
	r, dir := local(t, secrets.AllowEverything())
	cases := []struct{ ref, want, failure string }{
		{"${env:SHOP_PASSWORD}", canary, ""},
		{"${env:MISSING}", "", "MISSING is not set"},
		{"${env:LEAT_SECRET_KEY}", "", "belongs to Leat"},
		{"${env:leat_x}", "", "belongs to Leat"},
		{"${secret:shop.password}", "", "what the store holds"},
		{"${file:DIR/good}", canary, ""},
		{"${file:DIR/data/../good}", canary, ""},
		{"${file:DIR/linked-good}", canary, ""},
		{"${file:DIR/windows}", canary, ""},
		{"${file:DIR/lines}", canary + "\n", ""},
		{"${file:DIR/empty}", "", "is empty"},
		{"${file:DIR/huge}", "", "ordinary file"},
		{"${file:DIR/absent}", "", "cannot be found"},
		{"${file:DIR}", "", "ordinary file"},
		{"${file:/proc/self/environ}", "", "ordinary file"},
		{"${file:/dev/zero}", "", "ordinary file"},
		{"${file:DIR/data/secret.key}", "", "data directory"},
		{"${file:DIR/data/files/orders.csv}", "", "data directory"},
		{"${file:DIR/data/files/../secret.key}", "", "data directory"},
		{"${file:DIR/linked-key}", "", "data directory"},
		{"${file:DIR/linked-data/secret.key}", "", "data directory"},
	}
	for _, c := range cases {
		checkResolve(t, r, strings.ReplaceAll(c.ref, "DIR", dir), c.want, c.failure)
	}
}

func TestResolveUnderPolicy(t *testing.T) {
	var none secrets.Policy
	r, dir := local(t, none)
	checkResolve(t, r, "${env:SHOP_PASSWORD}", "", "LEAT_REFERENCES")
	checkResolve(t, r, "${file:"+dir+"/good}", "", "LEAT_REFERENCES")

	some, err := secrets.ParsePolicy(" env:SHOP_* , env:LEAT_*, file:" + dir + "/g*,file:" + dir + "/data/*")
	if err != nil {
		t.Fatal(err)
	}
	r.AllowEnv, r.AllowFile = some.AllowEnv, some.AllowFile
	checkResolve(t, r, "${env:SHOP_PASSWORD}", canary, "")
	checkResolve(t, r, "${env:OTHER}", "", "LEAT_REFERENCES")
	checkResolve(t, r, "${env:LEAT_SECRET_KEY}", "", "belongs to Leat")
	checkResolve(t, r, "${file:"+dir+"/good}", canary, "")
	checkResolve(t, r, "${file:"+dir+"/windows}", "", "LEAT_REFERENCES")
	checkResolve(t, r, "${file:"+dir+"/g/../windows}", "", "LEAT_REFERENCES")
	checkResolve(t, r, "${file:"+dir+"/data/secret.key}", "", "data directory")
}

func checkResolve(t *testing.T, r secrets.Resolver, text, want, failure string) {
	t.Helper()
	ref, ok, err := secrets.ParseReference(text)
	if !ok || err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	got, err := r.Resolve(ref)
	switch {
	case failure == "" && (err != nil || got.Reveal() != want):
		t.Errorf("%s: %q, %v", text, got.Reveal(), err)
	case failure != "" && (err == nil || !strings.Contains(err.Error(), failure) || !got.Empty()):
		t.Errorf("%s: %v, want %q", text, err, failure)
	case err != nil && strings.Contains(err.Error(), canary):
		t.Errorf("%s: the error shows the value: %v", text, err)
	}
}

func TestParsePolicy(t *testing.T) {
	for _, text := range []string{"env", "env:", "SHOP_*", "file:relative/*", "vault:x", "env:[", "env:A,file:", "*"} {
		if _, err := secrets.ParsePolicy(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	p, err := secrets.ParsePolicy("")
	if err != nil || p.AllowsAny() || p.AllowEnv("A") || p.AllowFile("/a") {
		t.Errorf("the empty policy allows something: %v", err)
	}
	p, err = secrets.ParsePolicy("file:/run/secrets/*,")
	if err != nil || !p.AllowsAny() || !p.AllowFile("/run/secrets/a") || p.AllowFile("/run/secrets/a/b") || p.AllowEnv("A") {
		t.Errorf("the file policy is wrong: %v", err)
	}
}
