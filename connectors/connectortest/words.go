package connectortest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var word = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// SQLWords collects the words of all texts in the Go files of folders, each once whatever
// its case: among them are all names that a system's SQL gives to tables, columns and
// subqueries, so that a column of a user's may be called like any of them.
func SQLWords(t testing.TB, folders ...string) []string {
	t.Helper()
	words := map[string]bool{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no Go file in %s: %v", folder, err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				addWords(t, file, words)
			}
		}
	}
	return slices.Sorted(maps.Keys(words))
}

func addWords(t testing.TB, file string, words map[string]bool) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, found := range word.FindAllString(text, -1) {
				words[strings.ToLower(found)] = true
			}
		}
		return true
	})
}
