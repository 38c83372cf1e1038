package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"leat/manifest"
)

// fileFlags name configuration files.
type fileFlags struct {
	File []string `short:"f" required:"" sep:"none" placeholder:"FILE" help:"Configuration file; - reads stdin. May be given more than once."`
}

// read reads and parses the files.
func (f fileFlags) read(a *app) (manifest.Document, error) {
	files := make([]manifest.File, 0, len(f.File))
	for _, name := range f.File {
		content, err := readFile(a, name)
		if err != nil {
			return manifest.Document{}, err
		}
		files = append(files, manifest.File{Name: name, Content: content})
	}
	return manifest.Parse(files)
}

func readFile(a *app, name string) ([]byte, error) {
	if name == "-" {
		content, err := io.ReadAll(a.stdio.in)
		if err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
		return content, nil
	}
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("there is no file %s; check the path", name)
	}
	if err != nil {
		return nil, usage("read %s: %v", name, err)
	}
	return content, nil
}

// planCommand says what apply would change.
type planCommand struct {
	fileFlags
	Prune bool `help:"Also list what the files do not name as deleted."`
}

// Run prints the differences; the exit code is 1 when there are some.
func (c *planCommand) Run(a *app) error {
	return a.withPlatform(func(p *platform) error {
		_, differences, err := p.compare(a, c.fileFlags, c.Prune)
		if err != nil {
			return err
		}
		if err := a.print(struct {
			Changes []manifest.Difference `json:"changes"`
		}{differences}, func(w io.Writer) { printDifferences(w, differences) }); err != nil {
			return err
		}
		if len(differences) > 0 {
			return failed()
		}
		return nil
	})
}

// applyCommand saves the configuration of files.
type applyCommand struct {
	fileFlags
	Prune   bool `help:"Delete what the files do not name."`
	Offline bool `help:"Do not ask the destinations whether schemas and rights are there."`
}

// Run refuses the whole set of files when one thing in them is wrong.
func (c *applyCommand) Run(a *app) error {
	return a.withPlatform(func(p *platform) error {
		desired, differences, err := p.compare(a, c.fileFlags, c.Prune)
		if err != nil {
			return err
		}
		if !c.Offline {
			warnings, err := p.preflight(a.ctx, desired)
			if err != nil {
				return err
			}
			desired.Warnings = append(desired.Warnings, warnings...)
		}
		if err := manifest.Apply(a.ctx, p.store, differences); err != nil {
			return fmt.Errorf("save the configuration: %w", err)
		}
		for _, warning := range desired.Warnings {
			fmt.Fprintln(a.stdio.err, "warning:", warning)
		}
		return a.print(struct {
			Changes  []manifest.Difference `json:"changes"`
			Warnings []string              `json:"warnings"`
		}{differences, desired.Warnings}, func(w io.Writer) { printDifferences(w, differences) })
	})
}

// compare builds the files' objects and lists what would change.
func (p *platform) compare(a *app, files fileFlags, prune bool) (manifest.Desired, []manifest.Difference, error) {
	document, err := files.read(a)
	if err != nil {
		return manifest.Desired{}, nil, err
	}
	current, err := manifest.Load(a.ctx, p.store)
	if err != nil {
		return manifest.Desired{}, nil, err
	}
	desired, err := manifest.Build(document, current, p.catalog, newID)
	if err != nil {
		return manifest.Desired{}, nil, err
	}
	return desired, manifest.Compare(current, desired, p.catalog, prune), nil
}

func printDifferences(w io.Writer, differences []manifest.Difference) {
	if len(differences) == 0 {
		fmt.Fprintln(w, "nothing changes")
	}
	for _, d := range differences {
		fmt.Fprintf(w, "%s %s %q\n", d.Action, d.Noun, d.Name)
		for _, field := range d.Fields {
			fmt.Fprintf(w, "    %s\n", field)
		}
	}
}

// exportCommand prints the configuration.
type exportCommand struct{}

// Run prints YAML, also with --json, since YAML is what apply reads.
func (c *exportCommand) Run(a *app) error {
	return a.withPlatform(func(p *platform) error {
		current, err := manifest.Load(a.ctx, p.store)
		if err != nil {
			return err
		}
		out, err := manifest.Export(current, p.catalog)
		if err != nil {
			return err
		}
		if _, err := a.stdio.out.Write(out); err != nil {
			return fmt.Errorf("print the configuration: %w", err)
		}
		return nil
	})
}
