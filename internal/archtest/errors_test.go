package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// TestErrorsAreSentencesWithAFix reads every error for the user that is written out in
// the source. Mistakes of Leat's own and cancels have the general fix of their kind.
func TestErrorsAreSentencesWithAFix(t *testing.T) {
	t.Parallel()
	seen := 0
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok && isRefusal(call) {
				if text, ok := textOf(call.Args[0]); ok && beginsWithCapital(text) {
					t.Errorf("%s: the message %q begins with a capital letter", files.Position(call.Pos()), text)
				}
			}
			if set, ok := node.(*ast.AssignStmt); ok && setsMessage(set) {
				if text, ok := textOf(set.Rhs[0]); ok && beginsWithCapital(text) {
					t.Errorf("%s: the message %q begins with a capital letter", files.Position(set.Pos()), text)
				}
			}
			literal, ok := node.(*ast.CompositeLit)
			if ok && isUserError(literal) {
				seen++
				for _, problem := range errorProblems(literal) {
					t.Errorf("%s: %s", files.Position(literal.Pos()), problem)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Errorf("only %d errors were found, so this test proves little", seen)
	}
}

// isUserError tells connectors.Error from other types.
func isUserError(literal *ast.CompositeLit) bool {
	name, ok := literal.Type.(*ast.SelectorExpr)
	if !ok || name.Sel.Name != "Error" {
		return false
	}
	room, ok := name.X.(*ast.Ident)
	return ok && room.Name == "connectors" && len(literal.Elts) > 0
}

func errorProblems(literal *ast.CompositeLit) []string {
	fields := map[string]ast.Expr{}
	for _, element := range literal.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			fields[pair.Key.(*ast.Ident).Name] = pair.Value
		}
	}
	var problems []string
	if fields["Message"] == nil {
		problems = append(problems, "the error has no message")
	} else if text, ok := textOf(fields["Message"]); ok && (text == "" || strings.HasSuffix(text, ".") || text != strings.TrimSpace(text)) {
		problems = append(problems, "the message "+strconv.Quote(text)+" is empty, or ends in a full stop or a space: pages and logs add what ends it")
	} else if ok && beginsWithCapital(text) {
		problems = append(problems, "the message "+strconv.Quote(text)+" begins with a capital letter: pages write it, and logs put words before")
	}
	kind, _ := fields["Kind"].(*ast.SelectorExpr)
	general := fields["Kind"] == nil || kind != nil && (kind.Sel.Name == "Internal" || kind.Sel.Name == "Cancelled")
	if text, ok := textOf(fields["Fix"]); fields["Fix"] == nil && !general || ok && strings.TrimSpace(text) == "" {
		problems = append(problems, "the error has no fix: say what mends it")
	}
	return problems
}

// isRefusal tells the helpers of packages that make an error of its message.
func isRefusal(call *ast.CallExpr) bool {
	name, ok := call.Fun.(*ast.Ident)
	return ok && slices.Contains([]string{"refuse", "refusal", "dataError"}, name.Name) && len(call.Args) > 1
}

// setsMessage tells an assignment to the message of an error that was made before.
func setsMessage(set *ast.AssignStmt) bool {
	field, ok := set.Lhs[0].(*ast.SelectorExpr)
	return ok && field.Sel.Name == "Message" && set.Tok == token.ASSIGN
}

// beginsWithCapital tells a capital letter that no name needs.
func beginsWithCapital(text string) bool {
	first, _, _ := strings.Cut(text, " ")
	return text != "" && unicode.IsUpper(rune(text[0])) && !slices.Contains([]string{"DuckDB", "PostgreSQL", "Leat"}, first)
}

// textOf is the text of a literal, or of the format of a call.
func textOf(value ast.Expr) (string, bool) {
	switch value := value.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(value.Value)
		return text, err == nil
	case *ast.CallExpr:
		name, ok := value.Fun.(*ast.SelectorExpr)
		if ok && name.Sel.Name == "Sprintf" {
			return textOf(value.Args[0])
		}
	}
	return "", false
}
