package archtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"leat/internal/archtest"
)

func TestTheHouseKeepsItsRules(t *testing.T) {
	t.Parallel()
	packages := list(t)
	if !slices.ContainsFunc(packages, func(p archtest.Package) bool { return p.ImportPath == "leat/record" }) {
		t.Fatal("go list does not see leat/record, so this test proves nothing")
	}
	for _, broken := range archtest.Check(packages) {
		t.Error(broken)
	}
}

// list returns every package of the module.
func list(t *testing.T) []archtest.Package {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Name,Imports,TestImports,XTestImports", "leat/...")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, complaint.String())
	}
	var packages []archtest.Package
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p archtest.Package
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func TestCheckFindsBrokenRules(t *testing.T) {
	t.Parallel()
	imports := func(from string, to ...string) archtest.Package {
		return archtest.Package{ImportPath: from, Name: from[strings.LastIndex(from, "/")+1:], Imports: to}
	}
	tests := []struct {
		name     string
		packages []archtest.Package
		want     []string // the start of each sentence
	}{
		{"the program wires everything", []archtest.Package{imports("leat/cmd/leat",
			"leat/connectors/catalog", "leat/storage", "leat/web", "leat/scheduler", "leat/engine")}, nil},
		{"folders of one room know each other", []archtest.Package{
			imports("leat/ui/page", "leat/ui/layout"), imports("leat/connectors/s3/list", "leat/connectors/s3"),
		}, nil},
		{
			"a domain looks at the store",
			[]archtest.Package{imports("leat/flows", "leat/storage")},
			[]string{"leat/flows imports leat/storage,"},
		},
		{
			"a leaf looks at anything",
			[]archtest.Package{imports("leat/record/pgbinary", "leat/connectors")},
			[]string{"leat/record/pgbinary imports leat/connectors,"},
		},
		{
			"a system looks at another",
			[]archtest.Package{imports("leat/connectors/redshift", "leat/connectors/postgres")},
			[]string{"leat/connectors/redshift imports leat/connectors/postgres,"},
		},
		{
			"the engine knows systems by name",
			[]archtest.Package{imports("leat/engine", "leat/connectors/postgres", "leat/connectors/catalog")},
			[]string{"leat/engine imports leat/connectors/catalog,", "leat/engine imports leat/connectors/postgres,"},
		},
		{
			"echo leaves web",
			[]archtest.Package{
				imports("leat/web", "github.com/labstack/echo/v4"), imports("leat/ui/page", "github.com/labstack/echo/v4/middleware"),
			},
			[]string{"leat/ui/page imports github.com/labstack/echo/v4/middleware, which only web may"},
		},
		{
			"DuckDB leaves its cage",
			[]archtest.Package{imports("leat/transform", "github.com/duckdb/duckdb-go/v2")},
			[]string{"leat/transform imports github.com/duckdb/duckdb-go/v2, which only internal/duck may"},
		},
		{"an empty name", []archtest.Package{imports("leat/web/utils")}, []string{`leat/web/utils: the name "utils" says nothing`}},
		{"an unknown room", []archtest.Package{imports("leat/attic")}, []string{"leat/attic: the room attic is not in the table"}},
		{
			"a system outside the catalogue",
			[]archtest.Package{
				imports("leat/connectors/catalog", "leat/connectors/file"), imports("leat/connectors/file"), imports("leat/connectors/mysql"),
			},
			[]string{"leat/connectors/mysql is not in connectors/catalog"},
		},
		{
			"test servers in the product",
			[]archtest.Package{imports("leat/storage", "leat/internal/testdb")},
			[]string{"leat/storage imports leat/internal/testdb,"},
		},
		{"test servers in a test", []archtest.Package{{
			ImportPath: "leat/storage", Name: "storage",
			TestImports: []string{"leat/internal/testdb"}, XTestImports: []string{"leat/connectors/catalog", "leat/flows"},
		}}, nil},
		{
			"a test looks further than its room",
			[]archtest.Package{{ImportPath: "leat/flows", Name: "flows", XTestImports: []string{"leat/engine"}}},
			[]string{"leat/flows imports leat/engine,"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := archtest.Check(test.packages)
			matches := slices.EqualFunc(got, test.want, strings.HasPrefix)
			if !matches {
				t.Errorf("Check = %q, want %q", got, test.want)
			}
		})
	}
}
