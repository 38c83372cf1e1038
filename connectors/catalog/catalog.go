// Package catalog is the list of systems in this binary. A new system is its folder and
// one line here; there is no init and no global registry.
package catalog

import (
	"leat/connectors"
	"leat/connectors/duckdb"
	"leat/connectors/file"
	"leat/connectors/postgres"
)

// Catalog finds connectors by kind.
type Catalog struct {
	ordered []connectors.Connector
	byKind  map[string]connectors.Connector
}

// New returns all systems, in the order of the pages.
func New() *Catalog {
	return Of(
		postgres.New(),
		duckdb.New(),
		file.New(),
	)
}

// Of returns a catalog of the given systems.
func Of(systems ...connectors.Connector) *Catalog {
	c := &Catalog{ordered: systems, byKind: map[string]connectors.Connector{}}
	for _, system := range systems {
		c.byKind[system.Descriptor().Kind] = system
	}
	return c
}

// Connector returns the system of a kind.
func (c *Catalog) Connector(kind string) (connectors.Connector, bool) {
	system, ok := c.byKind[kind]
	return system, ok
}

// Kinds lists the kinds in the order of the pages.
func (c *Catalog) Kinds() []string {
	kinds := make([]string, len(c.ordered))
	for i, system := range c.ordered {
		kinds[i] = system.Descriptor().Kind
	}
	return kinds
}
