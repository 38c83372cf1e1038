package testdb

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// debianPattern is where Debian and its relatives keep the server programs, one
// folder per major version.
const debianPattern = "/usr/lib/postgresql/*/bin"

// findBinaries returns the folder of initdb and postgres.
func findBinaries(wanted string) (string, error) {
	if wanted == "" {
		wanted = os.Getenv("PG_BIN")
	}
	if wanted != "" {
		if !hasServer(wanted) {
			return "", fmt.Errorf("%s holds no initdb and postgres: name the folder of the PostgreSQL server programs", wanted)
		}
		return wanted, nil
	}
	if found := newestVersion(debianPattern); found != "" {
		return found, nil
	}
	if path, err := exec.LookPath("initdb"); err == nil && hasServer(filepath.Dir(path)) {
		return filepath.Dir(path), nil
	}
	return "", errors.New("PostgreSQL server programs not found: run scripts/install-test-deps, or set PG_BIN to the folder of initdb and postgres")
}

func hasServer(dir string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(filepath.Join(dir, program)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// newestVersion returns the complete folder with the highest version, or "".
func newestVersion(pattern string) string {
	found, _ := filepath.Glob(pattern) // the pattern is well formed
	found = slices.DeleteFunc(found, func(dir string) bool { return !hasServer(dir) })
	if len(found) == 0 {
		return ""
	}
	return slices.MaxFunc(found, func(a, b string) int { return folderVersion(a) - folderVersion(b) })
}

// folderVersion reads the 15 in /usr/lib/postgresql/15/bin; 0 for no number.
func folderVersion(bin string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	if err != nil {
		return 0
	}
	return n
}
