package secrets

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ownPrefix begins the names of Leat's own variables.
const ownPrefix = "LEAT_"

// maxFile bounds a referenced file, in bytes.
const maxFile = 64 << 10

// Resolver turns references into secrets. All its fields are needed.
type Resolver struct {
	AllowEnv  func(name string) bool            // what the operator lets through
	AllowFile func(path string) bool            // the same for files; gets a clean path
	Getenv    func(name string) string          // reads the environment
	ReadFile  func(path string) ([]byte, error) // reads a file
	DataDir   string                            // Leat's own folder, whose files are never given out
}

// Resolve gives the value of an env or file reference. What the store holds
// (${secret:…}) is for the caller to look up. An error names the reference,
// never its value.
func (r Resolver) Resolve(ref Reference) (Secret, error) {
	switch ref.Kind {
	case FromEnv:
		return r.env(ref.Name)
	case FromFile:
		return r.file(filepath.Clean(ref.Name))
	default:
		return Secret{}, fmt.Errorf("%s stands for what the store holds, it has no value elsewhere", ref)
	}
}

func (r Resolver) env(name string) (Secret, error) {
	if strings.HasPrefix(strings.ToUpper(name), ownPrefix) {
		return Secret{}, fmt.Errorf("the variable %s belongs to Leat itself: use another name", name)
	}
	if !r.AllowEnv(name) {
		return Secret{}, fmt.Errorf("the variable %s may not be used: add env:%s to LEAT_REFERENCES", name, name)
	}
	value := r.Getenv(name)
	if value == "" {
		return Secret{}, fmt.Errorf("the variable %s is not set: set it for the process that runs Leat", name)
	}
	return New(value), nil
}

func (r Resolver) file(path string) (Secret, error) {
	if !r.AllowFile(path) {
		return Secret{}, fmt.Errorf("the file %s may not be used: add file:%s to LEAT_REFERENCES", path, path)
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Secret{}, fmt.Errorf("the referenced file cannot be found: %w", err)
	}
	if err := r.ownFile(path, target); err != nil {
		return Secret{}, err
	}
	content, err := r.ReadFile(target)
	if err != nil {
		return Secret{}, fmt.Errorf("reading the referenced file: %w", err)
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if value == "" {
		return Secret{}, fmt.Errorf("the file %s is empty: write the secret into it", path)
	}
	return New(value), nil
}

// ownFile refuses what belongs to Leat or is not an ordinary small file. It
// compares folders by identity, which sees through links and mounts.
func (r Resolver) ownFile(path, target string) error {
	info, err := os.Stat(target)
	if err != nil {
		return fmt.Errorf("the referenced file cannot be found: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile || strings.HasPrefix(target, "/proc/") {
		return fmt.Errorf("the file %s may not be used: a reference needs an ordinary file of at most %d KiB", path, maxFile>>10)
	}
	own, err := os.Stat(r.DataDir)
	if err != nil {
		return fmt.Errorf("looking up the data directory: %w", err)
	}
	for dir := filepath.Dir(target); ; dir = filepath.Dir(dir) {
		if above, err := os.Stat(dir); err == nil && os.SameFile(above, own) {
			return fmt.Errorf("the file %s is in the data directory of Leat: keep the secret elsewhere", path)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}
