package faults_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A promise whose test is gone must leave the page, or get its test back.
func TestGuaranteesNameTestsThatExist(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"docs/guarantees.md", "docs/cases.md"} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			namesTests(t, page)
		})
	}
}

// namesTests requires each test of a page in the folder that was named last before it.
func namesTests(t *testing.T, name string) {
	t.Helper()
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	folder, named := "", 0
	for _, word := range regexp.MustCompile("`[^`]+`").FindAllString(string(page), -1) {
		word = strings.Trim(word, "`")
		if info, err := os.Stat(filepath.Join(root, word)); err == nil && info.IsDir() {
			folder = word
		}
		if !strings.HasPrefix(word, "Test") {
			continue
		}
		named++
		if !hasTest(t, filepath.Join(root, folder), word) {
			t.Errorf("%s names the test %s, which is not in %s", name, word, folder)
		}
	}
	if named < 30 {
		t.Errorf("%s names %d tests; this test does not understand it any more", name, named)
	}
}

// hasTest looks for a test in a folder.
func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "func "+name+"(") {
			return true
		}
	}
	return false
}
