package sqlload

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"leat/connectors"
)

// Names that Leat gives to columns of a target.
const (
	// LoadedAt holds the time of the load.
	LoadedAt = "_loaded_at"
	// RunID holds the run's id.
	RunID = "_run_id"
	// ValidFrom and ValidTo bound a version of a history.
	ValidFrom = "valid_from"
	ValidTo   = "valid_to"
)

// hashDigits is how many hexadecimal digits of a hash end a shortened name.
const hashDigits = 8

// Hash returns the first digits of the SHA-256 of the parts, which are kept apart.
func Hash(digits int, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:digits]
}

// Shorten returns a name of at most limit bytes: the name itself, or its first runes
// and a hash of the whole. Equal names give equal results; names that differ in one
// byte, also in Unicode normalisation only, stay apart. A limit of 0 means none.
func Shorten(name string, limit int) string {
	if limit <= 0 || len(name) <= limit {
		return name
	}
	cut := limit - hashDigits - 1
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + "_" + Hash(hashDigits, name)
}

// ShortenWith is Shorten for a name with an ending that must stay, such as "__rejects".
func ShortenWith(name, ending string, limit int) string {
	return Shorten(name, max(limit-len(ending), 0)) + ending
}

// MapTable returns the name in use for a table.
func MapTable(d Dialect, table connectors.Table) (connectors.Table, error) {
	if err := checkName("table", table.Name); err != nil {
		return table, err
	}
	if err := checkName("schema", table.Schema); err != nil {
		return table, err
	}
	return connectors.Table{Schema: table.Schema, Name: Shorten(table.Name, d.MaxIdentifier())}, nil
}

// MapColumns maps source columns to target columns. A target column of the same name
// wins; else the name is shortened, and a system column's name gets a "_" behind it.
// Two source columns that would share a target column are an error.
func MapColumns(d Dialect, names []string, existing []string) (map[string]string, error) {
	mapped := make(map[string]string, len(names))
	taken := make(map[string]string, len(names))
	for _, name := range names {
		if err := checkName("column", name); err != nil {
			return nil, err
		}
		column := mapColumn(d, name, existing)
		if other, double := taken[column]; double {
			return nil, &connectors.Error{
				Kind:    connectors.Config,
				Message: fmt.Sprintf("the source columns %q and %q would share the target column %q", other, name, column),
				Fix:     "Select only one of them, or rename one in a query.",
			}
		}
		mapped[name], taken[column] = column, name
	}
	return mapped, nil
}

func mapColumn(d Dialect, name string, existing []string) string {
	if slices.Contains(existing, name) {
		return name
	}
	if d.SystemColumn(name) {
		name += "_"
	}
	return Shorten(name, d.MaxIdentifier())
}

// checkName refuses names that no SQL system can hold.
func checkName(what, name string) error {
	switch {
	case name == "":
		return &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf("a %s has an empty name", what), Fix: "Give it a name."}
	case !utf8.ValidString(name) || strings.ContainsRune(name, 0):
		return &connectors.Error{
			Kind:    connectors.Config,
			Message: fmt.Sprintf("the %s name %q is not valid text", what, name), Fix: "Rename it at the source, or in a query.",
		}
	}
	return nil
}
