package manifest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"leat/connectors/catalog"
	"leat/manifest"
)

// parse reads one file and returns its problems.
func parse(t *testing.T, text string) []manifest.Problem {
	t.Helper()
	_, err := manifest.Parse([]manifest.File{{Name: "leat.yaml", Content: []byte(text)}})
	if err == nil {
		return nil
	}
	found, ok := errors.AsType[*manifest.ProblemsError](err)
	if !ok {
		t.Fatalf("the refusal is no list of problems: %v", err)
	}
	for _, problem := range found.Problems {
		if !strings.HasPrefix(problem.At, "leat.yaml") || problem.Message == "" || strings.Contains(problem.Message, "goroutine") {
			t.Errorf("a problem at %q says %.200q", problem.At, problem.Message)
		}
	}
	return found.Problems
}

func TestWhatIsTooMuchIsRefused(t *testing.T) {
	const many = 100_000
	indented := &strings.Builder{}
	for i := range 100 {
		fmt.Fprintf(indented, "%sa:\n", strings.Repeat(" ", i))
	}
	for name, test := range map[string]struct{ text, says string }{
		"a bare tag":          {"authorizers: !\nflows: []\n", "the tag ! has no meaning here"},
		"a bare tag at last":  {"authorizers: !", ""},
		"a bare tag in a row": {"authorizers: !\n", ""},
		"a tag":               {"authorizers: !include x.yaml", "the tag !include has no meaning here"},
		"brackets":            {"authorizers: " + strings.Repeat("[", many), "nested deeper than Leat's limit of 64"},
		"closed brackets":     {"authorizers: " + strings.Repeat("[", many) + strings.Repeat("]", many), "nested deeper"},
		"braces":              {"authorizers: " + strings.Repeat("{a: ", many), "nested deeper"},
		"hidden brackets":     {"authorizers: " + strings.Repeat(`["]", `, many), "nested deeper"},
		"dashes":              {strings.Repeat("- ", many), "nested deeper"},
		"dashes in a list":    {"a:\n" + strings.Repeat("- ", many), "nested deeper"},
		"question marks":      {strings.Repeat("? ", many), ""},
		"anchors":             {"a: " + strings.Repeat("&a ", many), ""},
		"standard tags":       {"a: " + strings.Repeat("!!map ", many), "nested deeper"},
		"pairs":               {"a: [" + strings.Repeat("b: ", many), ""},
		"indentation":         {indented.String(), "nested deeper"},
		"aliases":             {"a: &a x\nb: [" + strings.Repeat("*a, ", 300) + "]", "more aliases (*name) than Leat's limit of 256"},
		"a large file":        {"# " + strings.Repeat("x", 5<<20), "Leat's limit is 4194304"},
		"an alias to nothing": {"authorizers: *nothing", ""},
		"an anchor alone":     {"authorizers: &a", ""},
		"an endless alias":    {"authorizers: &a [*a]", ""},
		"half a key":          {"? ", ""},
		"NUL":                 {"authorizers:\x00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			problems := parse(t, test.text)
			if test.says != "" && (len(problems) != 1 || !strings.Contains(problems[0].Message, test.says)) {
				t.Errorf("problems %.300v, want %q", problems, test.says)
			}
		})
	}
	if problems := parse(t, sample); problems != nil {
		t.Errorf("the sample is refused: %v", problems)
	}
}

// Whatever a file holds is an answer, and never a panic.
func TestNoFileIsAPanic(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"!", "&", "*", "? ", ": ", "- ", "[", "]", "{", "}", ",", "|", ">", "'", `"`, "#", "%", "@", "`", "\n", "\t", "<<: *a", "--- ", "...", "!!str ", "~", "\\", "é", "\x00"}
	for range 3000 {
		text := sample[:min(len(sample), 300+chance.IntN(300))]
		for range 1 + chance.IntN(4) {
			at := chance.IntN(len(text))
			text = text[:at] + pieces[chance.IntN(len(pieces))] + text[at+chance.IntN(min(len(text)-at, 3)):]
		}
		parse(t, text)
	}
}

// A setting is one value. Lists of lists by aliases would be larger than any memory.
func TestASettingIsOneValue(t *testing.T) {
	text := "authorizers:\n  - name: a\n    connector: postgres\n    settings:\n      host: &a [x, x, x, x, x, x, x, x, x]\n"
	for i := range 20 {
		from, to := string(rune('a'+i)), string(rune('b'+i))
		text += fmt.Sprintf("      s%s: &%s [%s]\n", to, to, strings.TrimSuffix(strings.Repeat("*"+from+", ", 9), ", "))
	}
	document, err := manifest.Parse([]manifest.File{{Name: "leat.yaml", Content: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = manifest.Build(document, manifest.State{}, catalog.New(), ids("x")); err == nil || !strings.Contains(err.Error(), "the setting host holds neither text") {
		t.Errorf("%.300v", err)
	}
}
