package postgres

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
	"leat/record"
	"leat/record/pgbinary"
)

// Limits of a load where the target sets none.
const (
	defaultLock      = 30 * time.Second
	defaultStatement = 6 * time.Hour
	defaultBatch     = 10 * time.Minute
)

var (
	_ connectors.Loader      = (*connection)(nil)
	_ connectors.StateKeeper = (*connection)(nil)
	_ connectors.PartedLoad  = (*load)(nil)
)

// load is one transaction on one session. Rows arrive in it by one COPY per target, or in
// a hidden table that the transaction takes over.
type load struct {
	mu     sync.Mutex // parts may write at once
	c      *connection
	s      *session
	id     connectors.LoadID
	d      dialect
	stores map[string]sqlload.Store
	items  []*item
	// open is the target whose COPY takes rows; nil when none does.
	open *item
	// writers take the rows instead where several sessions fill a hidden table.
	writers *writers
	// begun says that the applying transaction is open; ended that it is over.
	begun, ended bool
}

// item is one target of a load.
type item struct {
	target connectors.Target
	stream sqlload.Stream
	state  connectors.TargetState
	have   *existing
	// lastGood is the size of the last whole read; -1 when unknown.
	lastGood int64
	// schema is the announced one; before, what the target was planned with.
	schema    record.Schema
	announced bool
	match     *match
	plan      *sqlload.Plan
	lane      lane
	copy      *copyStream
	// sent and copied count rows; rejected those kept out; bytes the volume.
	sent, copied, bytes int64
	// rejects are the rows kept out.
	rejects rejects
	// places count the rows that came, for messages.
	places sqlload.Places
	// parts is the number of parts that the source is read in; how says what came of the
	// wish for several writers; left names what earlier loads left behind.
	parts int
	how   string
	left  []string
}

// Begin claims the targets: see section "Loading" of the architecture. It changes the
// fence, the state tables where they are missing, and nothing else.
func (c *connection) Begin(ctx context.Context, id connectors.LoadID, targets []connectors.Target) (connectors.Load, error) {
	if err := validateTargets(id, targets); err != nil {
		return nil, err
	}
	conn, err := c.connect(ctx, "leat/"+id.Flow, loadSession(targets))
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn, patience: c.patienceWith(targets[0].Limits), attempt: pgwire.Attempt{Doing: "load " + targets[0].Table.String(), User: c.config.User}}
	l := &load{c: c, s: s, id: id, stores: map[string]sqlload.Store{}}
	if err := l.begin(ctx, targets); err != nil {
		_ = l.Abort(ctx) // nothing has been written
		return nil, err
	}
	return l, nil
}

// validateTargets refuses what needs no look at the database.
func validateTargets(id connectors.LoadID, targets []connectors.Target) error {
	for _, target := range targets {
		if target.StateKey == "" {
			return &connectors.Error{Kind: connectors.Internal, Message: fmt.Sprintf("the target %s has no state key", target.Table)}
		}
		if !slices.Contains(connectors.WriteModes(), target.Mode) {
			return &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf("the write mode %q is unknown", target.Mode), Fix: "Use one of the eight write modes."}
		}
	}
	return sqlload.CheckTargets(id, targets, func(a, b connectors.Table) bool { return a == b })
}

// loadSession bounds what a load waits for. A COPY lasts as long as the read, so the
// limit of statements is set later.
func loadSession(targets []connectors.Target) pgwire.Session {
	limit := targets[0].Limits.Lock
	if limit <= 0 {
		limit = defaultLock
	}
	return pgwire.Session{Lock: limit}
}

func (l *load) begin(ctx context.Context, targets []connectors.Target) error {
	l.d = dialect{version: pgwire.ServerVersion(l.s.conn.PgConn())}
	row, err := l.s.one(ctx, "SELECT has_database_privilege(current_database(), 'TEMP')")
	if err != nil {
		return err
	}
	l.d.noTemp = !row[0].Bool()
	for _, target := range targets {
		if err := requireMode(l.d.version, target); err != nil {
			return err
		}
		if err := l.add(ctx, target); err != nil {
			return err
		}
	}
	crashpoint.Reach("load.before_claim")
	if err := l.claim(ctx); err != nil {
		return err
	}
	if err := l.sweep(ctx); err != nil {
		return err
	}
	crashpoint.Reach("load.after_claim")
	for _, it := range l.items {
		if err := l.recall(ctx, it); err != nil {
			return err
		}
	}
	return nil
}

// add maps the name and makes sure of schema and state tables.
func (l *load) add(ctx context.Context, target connectors.Target) error {
	name, err := sqlload.MapTable(l.d, target.Table)
	if err != nil {
		return err
	}
	if err := requireSchema(ctx, l.s, name.Schema, false); err != nil {
		return err
	}
	if _, known := l.stores[name.Schema]; !known {
		store := sqlload.Store{Dialect: l.d, Schema: name.Schema}
		if err := ensureState(ctx, l.s, store); err != nil {
			return err
		}
		l.stores[name.Schema] = store
	}
	l.items = append(l.items, &item{
		target: target, schema: target.Schema, stream: sqlload.Stream{Installation: l.id.Installation, Target: target, Table: name},
		state: connectors.TargetState{Table: name},
	})
	return nil
}

// recall reads what the destination remembers and how the table looks now. It runs when
// older loads are gone, so that nothing changes behind it.
func (l *load) recall(ctx context.Context, it *item) (err error) {
	store := l.stores[it.stream.Table.Schema]
	if it.lastGood, err = store.Recall(ctx, l.s, it.stream, l.id.Run, &it.state); err != nil || it.state.Applied != nil {
		return err
	}
	if it.have, err = l.inspect(ctx, it.target, it.stream.Table); err != nil {
		return err
	}
	// The rows up to the position went with a table that is gone.
	if it.state.Created = it.have == nil; !it.state.Created {
		if it.state.Position, err = store.Position(ctx, l.s, it.stream); err != nil {
			return err
		}
		if err := store.Look(ctx, l.s.working(it.target.Limits), it.stream, &it.have.Existing); err != nil {
			return err
		}
	}
	return l.rematch(ctx, it)
}

// inspect reads the table and requires the rights that the mode needs.
func (l *load) inspect(ctx context.Context, target connectors.Target, name connectors.Table) (*existing, error) {
	return inspect(ctx, l.s, target, name)
}

func inspect(ctx context.Context, s *session, target connectors.Target, name connectors.Table) (*existing, error) {
	have, err := findTable(ctx, s.about("look at "+name.String(), name, "SELECT"), name)
	if err != nil {
		return nil, err
	}
	if have == nil {
		return nil, requireSchema(ctx, s, name.Schema, true)
	}
	if err := have.requireRights(s.attempt.User, target.Mode); err != nil || target.Mode != connectors.TruncateInsert {
		return have, err
	}
	have.swap, err = have.readSwap(ctx, s, target.StateKey)
	return have, err
}

// rematch pairs the columns and builds the plan once to refuse early.
func (l *load) rematch(ctx context.Context, it *item) error {
	m, err := matchTarget(ctx, l.s, l.d, it.target, it.stream.Table, it.schema, it.have)
	if err != nil {
		return err
	}
	it.match = m
	it.state.Warnings = m.warnings
	d := l.d
	d.schema = it.stream.Table.Schema
	_, err = sqlload.Build(d, m.spec)
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

// Want asks for binary rows with the target's types.
func (l *load) Want() connectors.Want {
	want := connectors.Want{System: Kind, Version: l.d.version, Targets: make([]map[string]string, len(l.items))}
	for i, it := range l.items {
		if it.match != nil {
			want.Targets[i] = it.match.wishes
		}
		if it.target.Layout != connectors.LayoutRaw && len(want.Layouts) == 0 {
			want.Layouts = []string{pgbinary.Name}
		}
	}
	return want
}

// Announce checks the schema of the batches that follow.
func (l *load) Announce(ctx context.Context, target int, schema record.Schema) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	it := l.items[target]
	if it.state.Applied != nil {
		return &connectors.Error{Kind: connectors.Internal, Message: fmt.Sprintf("the run was applied to %s already, and rows came all the same", it.target.Table)}
	}
	if it.plan != nil {
		return sqlload.ColumnsChanged(it.target.Table)
	}
	it.schema, it.announced = schema, true
	if l.begun { // inside the transaction an error would end it, and nothing asks the catalog then
		return l.rematchInside(ctx, it)
	}
	return l.rematch(ctx, it)
}

// Parts says how many parts of a read will come for a target.
func (l *load) Parts(target, parts int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items[target].parts = parts
}

// rematchInside is rematch for a load with several targets, whose transaction is open.
func (l *load) rematchInside(ctx context.Context, it *item) error {
	if err := l.finishCopy(ctx); err != nil {
		return err
	}
	return l.rematch(ctx, it)
}
