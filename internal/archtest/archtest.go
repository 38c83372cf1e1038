// Package archtest proves that the rooms of the house keep to themselves: who
// may import whom is a table with a reason for each line, and a test compares
// it with what the code imports. A new room, or a new door between two rooms,
// is a line in that table and so a decision that a reader can find.
//
// A room is a top-level folder with everything below it. The folders directly
// under connectors and internal are rooms of their own; those connectors that
// are a system (postgres, duckdb, ...) are many folders of one kind.
package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// module is the import path that all our packages start with.
const module = "leat"

// Package is the part of `go list -json` that the rules look at.
type Package struct {
	ImportPath                         string
	Name                               string
	Imports, TestImports, XTestImports []string
}

// Check returns one sentence per broken rule, sorted. Packages that do not
// exist yet break nothing.
func Check(packages []Package) []string {
	var broken []string
	for _, p := range packages {
		broken = append(broken, checkName(p)...)
		broken = append(broken, checkImports(p)...)
	}
	broken = append(broken, checkCatalog(packages)...)
	slices.Sort(broken)
	return slices.Compact(broken)
}

// checkName refuses package and folder names that say nothing.
func checkName(p Package) []string {
	var broken []string
	for _, part := range append(strings.Split(p.ImportPath, "/"), p.Name) {
		if slices.Contains(emptyNames, part) {
			broken = append(broken, fmt.Sprintf("%s: the name %q says nothing; name the package after what it provides", p.ImportPath, part))
		}
	}
	return broken
}

func checkImports(p Package) []string {
	from := roomOf(p.ImportPath)
	if !known(from) {
		return []string{fmt.Sprintf("%s: the room %s is not in the table of internal/archtest; add it with what it may import and why", p.ImportPath, from)}
	}
	var broken []string
	for _, path := range p.Imports {
		if !allowed(p.ImportPath, path) {
			broken = append(broken, refusal(p.ImportPath, path))
		}
	}
	for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
		if !allowed(p.ImportPath, path) && !slices.Contains(testRooms, roomOf(path)) && !opens(testDoors, p.ImportPath, path) {
			broken = append(broken, refusal(p.ImportPath, path))
		}
	}
	return broken
}

func refusal(from, to string) string {
	if g := guardOf(to); g != nil {
		return fmt.Sprintf("%s imports %s, which only %s may: %s", from, to, g.room, g.why)
	}
	return fmt.Sprintf("%s imports %s, but %s may not know %s", from, to, roomOf(from), roomOf(to))
}

// allowed says whether a package may import a path.
func allowed(from, to string) bool {
	if !ours(to) {
		g := guardOf(to)
		return g == nil || g.room == roomOf(from)
	}
	if slices.Contains(everywhere, roomOf(from)) || sameFolder(from, to) {
		return true
	}
	return opens(doors, from, to)
}

// opens says whether one of the doors leads from a package to another.
func opens(doors []door, from, to string) bool {
	return slices.ContainsFunc(doors, func(d door) bool {
		return d.from == roomOf(from) && d.to == roomOf(to)
	})
}

// checkCatalog makes sure that every system can be chosen.
func checkCatalog(packages []Package) []string {
	i := slices.IndexFunc(packages, func(p Package) bool { return p.ImportPath == module+"/connectors/catalog" })
	if i < 0 {
		return nil
	}
	var broken []string
	for _, p := range packages {
		isRoot := roomOf(p.ImportPath) == system && folderOf(p.ImportPath) == p.ImportPath
		if isRoot && !slices.Contains(packages[i].Imports, p.ImportPath) {
			broken = append(broken, fmt.Sprintf("%s is not in connectors/catalog, so nobody can use it", p.ImportPath))
		}
	}
	return broken
}

func ours(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// sameFolder says whether both packages live in one room; for systems, in one
// system's folder.
func sameFolder(a, b string) bool { return folderOf(a) == folderOf(b) }

// folderOf returns the import path of the room that a package lives in.
func folderOf(path string) string {
	parts := strings.Split(path, "/")
	depth := 2
	if len(parts) > 2 && (parts[1] == "connectors" || parts[1] == "internal") {
		depth = 3
	}
	return strings.Join(parts[:min(depth, len(parts))], "/")
}

// roomOf returns the name that the table has for a package's room.
func roomOf(path string) string {
	room := strings.TrimPrefix(folderOf(path), module+"/")
	if strings.HasPrefix(room, "connectors/") && !slices.Contains(connectorRooms, room) {
		return system
	}
	return room
}

func known(room string) bool {
	return slices.Contains(everywhere, room) || slices.Contains(leaves, room) ||
		slices.ContainsFunc(doors, func(d door) bool { return d.from == room })
}

// guardOf returns the guard of an outside library, or nil.
func guardOf(path string) *guard {
	for i, g := range guards {
		if path == g.library || strings.HasPrefix(path, g.library+"/") {
			return &guards[i]
		}
	}
	return nil
}
