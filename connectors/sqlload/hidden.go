package sqlload

import (
	"context"

	"leat/connectors"
)

// Hidden is a table that several sessions fill at once, each in a transaction of its own.
// It stands in for the staging table, whose name it then has, or it becomes the target.
type Hidden struct {
	Table connectors.Table
	// Become turns it into a target that does not exist yet.
	Become []string
}

// create copies into a table that the load makes, which is new in the applying
// transaction or hidden until then.
func (b *builder) create() {
	b.because(recipeCreate, "the table did not exist")
	if b.s.Hidden == nil {
		b.direct(b.target, true)
		return
	}
	b.p.Setup = nil
	b.hide(b.createTable(b.table(b.s.Hidden.Table)))
	for _, sql := range b.s.Hidden.Become {
		b.step(Statement{SQL: sql})
	}
}

// hide lets rows go into the hidden table, which is made by these statements.
func (b *builder) hide(create ...string) {
	for _, sql := range create {
		b.add(&b.p.Hidden, Statement{SQL: sql})
	}
	b.direct(b.table(b.s.Hidden.Table), false)
}

// recount counts the rows of a hidden table where no other step does: what its writers
// say they stored must be there.
func (b *builder) recount(table string) {
	if b.s.Hidden != nil {
		b.staging = table
		b.countStaged()
	}
}

// oneWriter says why rows come in the applying transaction all the same.
func (b *builder) oneWriter(why string) {
	if b.s.Hidden != nil {
		b.p.OneWriter, b.s.Hidden = why, nil
	}
}

// keyOfSource says that the unique columns are the source's primary key, so that no key
// comes twice.
func (b *builder) keyOfSource() bool { return b.s.Target.KeyEnforced() }

// RunHidden makes the hidden table.
func (p *Plan) RunHidden(ctx context.Context, session Session) error {
	return p.run(ctx, session, p.Hidden, Input{}, figures{})
}
