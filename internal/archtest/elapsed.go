package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
)

// stopwatches lists the tests that may look at elapsed time, with the reason. None of
// them fails by it.
var stopwatches = map[string]string{
	"web/speed_test.go": "prints the times beside the processor's, which it judges",
}

// Elapsed returns one sentence for each place in the tests below root where time.Since
// measures how long something took. A machine that is busy with other work makes such a
// test fail: a test counts processor time, statements, rows or plan nodes instead, and
// guards against a hang by a generous context. Benchmarks measure what they like.
func Elapsed(root string) ([]string, error) {
	paths, err := testFiles(root)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, path := range paths {
		name, err := filepath.Rel(root, path)
		if err != nil {
			return nil, fmt.Errorf("name the test file: %w", err)
		}
		if _, allowed := stopwatches[filepath.ToSlash(name)]; allowed {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("read the test: %w", err)
		}
		for _, at := range sinceCalls(file) {
			found = append(found, fmt.Sprintf("%s:%d: a test measures elapsed time; see Elapsed in internal/archtest for what to do instead",
				filepath.ToSlash(name), files.Position(at).Line))
		}
	}
	return found, nil
}

// sinceCalls finds the uses of time.Since outside of benchmarks.
func sinceCalls(file *ast.File) []token.Pos {
	var found []token.Pos
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			return !measures(node)
		case *ast.SelectorExpr:
			if ident, ok := node.X.(*ast.Ident); ok && ident.Name == "time" && node.Sel.Name == "Since" {
				found = append(found, node.Pos())
			}
		}
		return true
	})
	return found
}

// measures says that a function is a benchmark, or serves only benchmarks.
func measures(f *ast.FuncDecl) bool {
	if strings.HasPrefix(f.Name.Name, "Benchmark") {
		return true
	}
	for _, parameter := range f.Type.Params.List {
		if star, ok := parameter.Type.(*ast.StarExpr); ok {
			if sel, ok := star.X.(*ast.SelectorExpr); ok && sel.Sel.Name == "B" {
				return true
			}
		}
	}
	return false
}

// testFiles lists the Go tests below a folder. Folders whose names begin with a dot are
// not ours.
func testFiles(root string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case strings.HasSuffix(path, "_test.go"):
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for tests: %w", err)
	}
	return paths, nil
}
