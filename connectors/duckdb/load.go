package duckdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
	"leat/internal/duck"
	"leat/record"
)

var (
	_ connectors.Loader      = (*connection)(nil)
	_ connectors.StateKeeper = (*connection)(nil)
	_ connectors.Load        = (*load)(nil)
)

// load is one transaction. It sees the database as it was right after its fence was
// taken; a later fence makes its last step fail.
type load struct {
	mu     sync.Mutex // parts may write at once
	handle *handle
	s      session
	id     connectors.LoadID
	items  []*item
	// forgets says that the database lives in memory only.
	forgets bool
	ended   bool
}

// item is one target of a load.
type item struct {
	target connectors.Target
	stream sqlload.Stream
	store  sqlload.Store
	state  connectors.TargetState
	have   *sqlload.Existing
	// lastGood is the size of the last whole read; -1 when unknown.
	lastGood  int64
	schema    record.Schema
	announced bool
	match     *sqlload.Match
	plan      *sqlload.Plan
	appender  *duck.Appender
	// narrowers check the values that go into narrower columns.
	narrowers []*narrower
	// places count the rows that came, for messages.
	places  sqlload.Places
	rejects sqlload.Rejects
	// keeps says that the table of rejects exists.
	keeps bool
	// sent counts rows, bytes the volume.
	sent, bytes int64
}

// Begin claims the targets. It changes the fence, the state tables where they are
// missing, and nothing else.
func (c *connection) Begin(ctx context.Context, id connectors.LoadID, targets []connectors.Target) (connectors.Load, error) {
	if err := validateTargets(id, targets); err != nil {
		return nil, err
	}
	h, err := c.acquire(ctx, id.Flow, writing)
	if err != nil {
		return nil, err
	}
	l := &load{handle: h, s: session{conn: h.conn, doing: "load " + targets[0].Table.String()}, id: id, forgets: c.path == duck.Memory}
	if err := l.begin(ctx, targets); err != nil {
		return nil, errors.Join(err, l.Abort(ctx))
	}
	return l, nil
}

// recipes are the ways of truncate_insert: there are no indexes to merge by, and nothing to
// gain from a swap.
var recipes = []connectors.Replace{connectors.ReplaceDeleteInsert}

// validateTargets refuses what needs no look at the database.
func validateTargets(id connectors.LoadID, targets []connectors.Target) error {
	for _, target := range targets {
		if err := requireOffered(target); err != nil {
			return err
		}
	}
	return sqlload.CheckTargets(id, targets, func(a, b connectors.Table) bool { return strings.EqualFold(a.String(), b.String()) })
}

// requireOffered refuses what DuckDB does not offer.
func requireOffered(target connectors.Target) error {
	switch {
	case target.Layout == connectors.LayoutRaw:
		return &connectors.Error{Kind: connectors.Config, Message: "DuckDB does not offer the raw layout", Fix: "Use the layout columns."}
	case !(connectors.Capabilities{Recipes: recipes}).OffersRecipe(target.Replace):
		return &connectors.Error{
			Kind: connectors.Config, Message: fmt.Sprintf("DuckDB does not offer replace: %s, which %s asks for", target.Replace, target.Table),
			Fix: "Use replace: auto or delete_insert.",
		}
	default:
		return nil
	}
}

func (l *load) begin(ctx context.Context, targets []connectors.Target) error {
	for _, target := range targets {
		if err := l.add(ctx, target); err != nil {
			return err
		}
	}
	crashpoint.Reach("load.before_claim")
	if err := l.s.inTransaction(ctx, func() error { return l.claim(ctx) }); err != nil {
		return err
	}
	crashpoint.Reach("load.after_claim")
	if _, err := l.s.Exec(ctx, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	crashpoint.Reach("load.begun")
	for _, it := range l.items {
		if err := l.recall(ctx, it); err != nil {
			return err
		}
	}
	return nil
}

// add maps the name and makes sure of schema and state tables.
func (l *load) add(ctx context.Context, target connectors.Target) error {
	name, err := sqlload.MapTable(dialect{}, target.Table)
	if err != nil {
		return err
	}
	if err := requireSchema(ctx, l.s, name.Schema); err != nil {
		return err
	}
	store := sqlload.Store{Dialect: dialect{}, Schema: name.Schema}
	if err := ensureState(ctx, l.s, store); err != nil {
		return err
	}
	l.items = append(l.items, &item{
		target: target, schema: target.Schema, store: store, stream: sqlload.Stream{Installation: l.id.Installation, Target: target, Table: name},
		state: connectors.TargetState{Table: name},
	})
	return nil
}

func (l *load) claim(ctx context.Context) error {
	for _, it := range l.items {
		claimed, err := it.store.Claim(ctx, l.s, it.stream, func(int64) string { return "" })
		if err != nil {
			return err
		}
		it.state.Fence = claimed.Fence
	}
	return nil
}

// recall reads what the destination remembers and how the table looks now.
func (l *load) recall(ctx context.Context, it *item) (err error) {
	if it.lastGood, err = it.store.Recall(ctx, l.s, it.stream, l.id.Run, &it.state); err != nil || it.state.Applied != nil {
		return err
	}
	if it.have, err = findTable(ctx, l.s, it.stream.Table); err != nil {
		return err
	}
	// The rows up to the position went with a table that is gone.
	if it.state.Created = it.have == nil; !it.state.Created {
		if it.state.Position, err = it.store.Position(ctx, l.s, it.stream); err != nil {
			return err
		}
		if err := it.store.Look(ctx, l.s.about("look at "+it.stream.Table.String()), it.stream, it.have); err != nil {
			return err
		}
	}
	return l.rematch(ctx, it)
}

// rematch pairs the columns and builds the plan once to refuse early.
func (l *load) rematch(ctx context.Context, it *item) error {
	m, err := matchTarget(ctx, it.target, it.stream.Table, it.schema, it.have)
	if err != nil {
		return err
	}
	it.match, it.state.Warnings = m, m.Warnings
	if l.forgets {
		it.state.Warnings = append(slices.Clone(m.Warnings), "The database lives in memory: what is loaded is forgotten at the end of the run.")
	}
	_, err = sqlload.Build(dialect{}, m.Spec)
	return err
}

// States returns one entry per target.
func (l *load) States() []connectors.TargetState {
	states := make([]connectors.TargetState, len(l.items))
	for i, it := range l.items {
		states[i] = it.state
	}
	return states
}

// Want takes Arrow batches and has no other wish.
func (l *load) Want() connectors.Want {
	return connectors.Want{System: Kind, Targets: make([]map[string]string, len(l.items))}
}

// Announce checks the schema of the batches that follow.
func (l *load) Announce(ctx context.Context, target int, schema record.Schema) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	it := l.items[target]
	if it.plan != nil {
		return sqlload.ColumnsChanged(it.target.Table)
	}
	it.schema, it.announced = schema, true
	return l.rematch(ctx, it)
}

// Abort rolls back and closes the file. It works with a cancelled context as well.
func (l *load) Abort(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end()
}

// end frees everything; closing the connection rolls back what is open.
func (l *load) end() error {
	if l.ended {
		return nil
	}
	l.ended = true
	for _, it := range l.items {
		if it.appender != nil {
			it.appender.Close()
		}
	}
	if err := l.handle.release(); err != nil {
		return fmt.Errorf("close the DuckDB file: %w", err)
	}
	return nil
}
