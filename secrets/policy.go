package secrets

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Policy says which references may be resolved. The zero value allows none.
type Policy struct {
	everything bool
	env        []string
	files      []string
}

// AllowEverything is the policy of a command that a person runs locally: they
// could read the values themselves.
func AllowEverything() Policy { return Policy{everything: true} }

// ParsePolicy reads the operator's LEAT_REFERENCES, such as
// "env:SHOP_*,file:/run/secrets/*". A * stands for any characters but a slash.
// An empty text allows nothing.
func ParsePolicy(text string) (Policy, error) {
	var p Policy
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		if err := p.add(entry); err != nil {
			return Policy{}, err
		}
	}
	return p, nil
}

func (p *Policy) add(entry string) error {
	kind, pattern, _ := strings.Cut(entry, ":")
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
		return fmt.Errorf("LEAT_REFERENCES: %q is not a pattern: write env:NAME* or file:/folder/*", entry)
	}
	switch ReferenceKind(kind) {
	case FromEnv:
		p.env = append(p.env, pattern)
	case FromFile:
		if !filepath.IsAbs(pattern) {
			return fmt.Errorf("LEAT_REFERENCES: %q needs an absolute path, such as file:/run/secrets/*", entry)
		}
		p.files = append(p.files, filepath.Clean(pattern))
	default:
		return fmt.Errorf("LEAT_REFERENCES: %q begins with neither env: nor file:", entry)
	}
	return nil
}

// AllowsAny tells whether at least one reference could be allowed.
func (p Policy) AllowsAny() bool { return p.everything || len(p.env)+len(p.files) > 0 }

// AllowEnv tells whether the variable may be used.
func (p Policy) AllowEnv(name string) bool { return p.everything || matchesAny(p.env, name) }

// AllowFile tells whether the file at this clean path may be used.
func (p Policy) AllowFile(file string) bool { return p.everything || matchesAny(p.files, file) }

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return err == nil && ok
	})
}
