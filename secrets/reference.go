package secrets

import (
	"errors"
	"path/filepath"
	"regexp"
	"strings"
)

// ReferenceKind says where the value of a reference is kept.
type ReferenceKind string

// The kinds of reference.
const (
	FromEnv    ReferenceKind = "env"    // ${env:NAME}: an environment variable
	FromFile   ReferenceKind = "file"   // ${file:/path}: the content of a file
	FromStored ReferenceKind = "secret" // ${secret:authorizer.field}: what the store holds already
)

// Reference stands for a secret that is kept elsewhere. It is always a whole
// value, never a part of one.
type Reference struct {
	Kind ReferenceKind
	Name string // the variable, the path, or authorizer.field
}

// String writes the reference the way ParseReference reads it.
func (r Reference) String() string { return "${" + string(r.Kind) + ":" + r.Name + "}" }

// Stored takes the name of a ${secret:…} reference apart. The field is what
// follows the last dot.
func (r Reference) Stored() (authorizer, field string) {
	i := strings.LastIndexByte(r.Name, '.')
	if i < 0 {
		return r.Name, ""
	}
	return r.Name[:i], r.Name[i+1:]
}

// StoredReference refers to the field of an authorizer, for exports.
func StoredReference(authorizer, field string) Reference {
	return Reference{Kind: FromStored, Name: authorizer + "." + field}
}

var (
	wholeReference  = regexp.MustCompile(`^\$\{([^:{}]*)(?::([^{}]*))?\}$`)
	partOfReference = regexp.MustCompile(`\$\{(env|file|secret):`)
	envName         = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// ParseReference tells whether text is a reference and which. A reference
// inside a longer text and one of an unknown kind are errors, so that neither
// is taken for a password. The errors do not repeat the text.
func ParseReference(text string) (Reference, bool, error) {
	m := wholeReference.FindStringSubmatch(text)
	if m == nil {
		if partOfReference.MatchString(text) {
			return Reference{}, false, errors.New("a reference must be the whole value: give the parts of an address as single settings")
		}
		return Reference{}, false, nil
	}
	r := Reference{Kind: ReferenceKind(m[1]), Name: m[2]}
	if err := r.validate(); err != nil {
		return Reference{}, false, err
	}
	return r, true, nil
}

func (r Reference) validate() error {
	switch r.Kind {
	case FromEnv:
		if !envName.MatchString(r.Name) {
			return errors.New("the reference needs the name of a variable: write ${env:NAME}")
		}
	case FromFile:
		if !filepath.IsAbs(r.Name) || strings.ContainsRune(r.Name, 0) {
			return errors.New("the reference needs an absolute path: write ${file:/path}")
		}
	case FromStored:
		if authorizer, field := r.Stored(); authorizer == "" || field == "" {
			return errors.New("the reference needs an authorizer and a field: write ${secret:authorizer.field}")
		}
	default:
		return errors.New("the kind of reference is not known: write ${env:NAME}, ${file:/path} or ${secret:authorizer.field}")
	}
	return nil
}
