package main

import (
	"fmt"
	"io"

	"leat/storage"
)

// migrateCommand brings the store to this version.
type migrateCommand struct{}

// Run says from which version to which the store went.
func (c *migrateCommand) Run(a *app) error {
	settings, err := a.config()
	if err != nil {
		return err
	}
	from, to, err := storage.Migrate(a.ctx, settings.storage())
	if err != nil {
		return fmt.Errorf("migrate the store: %w", err)
	}
	return a.print(map[string]int64{"from": from, "to": to}, func(w io.Writer) {
		if from == to {
			fmt.Fprintf(w, "the store is up to date (version %d)\n", to)
			return
		}
		fmt.Fprintf(w, "the store went from version %d to %d\n", from, to)
	})
}
