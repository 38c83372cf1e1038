package engine

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"leat/connectors"
	"leat/record"
)

// system is a whole system in memory: datasets that can be read and tables with state
// that can be loaded. Its faults are what the tests are about.
type system struct {
	mu       sync.Mutex
	datasets map[string]*dataset
	tables   map[string]*table
	faults   faults
	// opened and closed count connections, begun, aborted and committed loads.
	opened, closed, begun, aborted, committed, reads atomic.Int64
	alive, most                                      atomic.Int64 // batches
	// folds says that names count without case.
	folds bool
}

type dataset struct {
	rows, batch int
	width       int // bytes of the text column
	key         []string
	// children inherit from the table.
	children []connectors.Table
	// unreadable is why a pattern leaves it out.
	unreadable string
}

type table struct {
	rows     int64
	fence    int64
	position connectors.Position
	applied  map[string]connectors.Report
}

// faults are switched on by the tests. A nil hook does nothing.
type faults struct {
	open     func() error
	describe func() error
	// plan runs before each answer about one table, with the context of the question.
	plan func(ctx context.Context) error
	// next runs before the event with this number is yielded.
	next       func(event int) error
	checkpoint func(*connectors.Checkpoint) bool // false drops it
	write      func(ctx context.Context, rows int64) error
	begin      func() error
	// commit runs with the load; applied says whether the rows are stored all the same.
	commit  func() (applied bool, err error)
	resolve func() error
	report  func(*connectors.Report)
	claimed func(*connectors.TargetState)
	// dirty ends a read without io.EOF.
	ending error
	panics bool
	// repeated answers for the key of a dataset.
	repeated func(ctx context.Context, key []string) (*connectors.RepeatedKey, error)
}

func newSystem() *system {
	return &system{datasets: map[string]*dataset{}, tables: map[string]*table{}}
}

func (s *system) Descriptor() connectors.Descriptor {
	return connectors.Descriptor{
		Kind: "memory", Title: "Memory",
		Settings: []connectors.Field{{Name: "password", Type: connectors.FieldSecret}},
		Capabilities: connectors.Capabilities{
			Reads: true, Loads: true, Cursors: true, WriteModes: connectors.WriteModes(),
			Atomicity: connectors.AtomicFlow, DefaultSchema: "main", FoldsCase: s.folds,
		},
	}
}

func (s *system) Open(_ context.Context, settings connectors.Settings, _ connectors.Env) (connectors.Connection, error) {
	if settings["password"] == "wrong" {
		return nil, &connectors.Error{Kind: connectors.Auth, Message: "the password is wrong"}
	}
	if s.faults.open != nil {
		if err := s.faults.open(); err != nil {
			return nil, err
		}
	}
	s.opened.Add(1)
	return &connection{system: s}, nil
}

func (s *system) table(name string) *table {
	if s.tables[name] == nil {
		s.tables[name] = &table{applied: map[string]connectors.Report{}}
	}
	return s.tables[name]
}

// rows is the number of rows that a table holds.
func (s *system) rows(name string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.table(name).rows
}

type connection struct {
	*system
	once sync.Once
}

func (c *connection) Check(context.Context) error { return nil }

func (c *connection) Close(context.Context) error {
	c.once.Do(func() { c.closed.Add(1) })
	return nil
}

func (c *connection) Datasets(context.Context) ([]connectors.DatasetInfo, error) {
	var found []connectors.DatasetInfo
	for name := range c.datasets {
		schema, table, _ := strings.Cut(name, ".")
		found = append(found, connectors.DatasetInfo{Schema: schema, Name: table, Kind: "table", Children: c.datasets[name].children, Key: c.datasets[name].key, Unreadable: c.datasets[name].unreadable})
	}
	return found, nil
}

func (c *connection) Describe(_ context.Context, d connectors.Dataset) (connectors.Description, error) {
	if c.faults.describe != nil {
		if err := c.faults.describe(); err != nil {
			return connectors.Description{}, err
		}
	}
	found, ok := c.datasets[d.String()]
	if !ok {
		return connectors.Description{}, &connectors.Error{Kind: connectors.NotFound, Message: "there is no table " + d.String()}
	}
	return connectors.Description{Schema: found.schema(), EstimatedRows: int64(found.rows)}, nil
}

func (c *connection) RepeatedKey(ctx context.Context, _ connectors.Dataset, key []string) (*connectors.RepeatedKey, error) {
	if c.faults.repeated == nil {
		return nil, nil
	}
	return c.faults.repeated(ctx, key)
}

func (d *dataset) schema() record.Schema {
	return record.Schema{
		Columns: []record.Column{{Name: "id", Type: record.Int64}, {Name: "text", Type: record.Text, Nullable: true}},
		Key:     d.key,
	}
}

func (c *connection) Read(_ context.Context, selections []connectors.Selection, _ connectors.Want) (connectors.Read, error) {
	c.reads.Add(1)
	return &memoryRead{system: c.system, selections: selections}, nil
}

// memoryRead yields, per dataset, a schema, batches and a checkpoint.
type memoryRead struct {
	*system
	selections           []connectors.Selection
	current, sent, event int
	announced            bool
}

func (r *memoryRead) Next(ctx context.Context) (connectors.Event, error) {
	if ctx.Err() != nil {
		return connectors.Event{}, ctx.Err()
	}
	r.event++
	if r.faults.next != nil {
		if err := r.faults.next(r.event); err != nil {
			return connectors.Event{}, err
		}
	}
	if r.faults.panics {
		panic("row value")
	}
	if r.current == len(r.selections) {
		if r.faults.ending != nil {
			return connectors.Event{}, r.faults.ending
		}
		return connectors.Event{}, io.EOF
	}
	return r.step(), nil
}

func (r *memoryRead) step() connectors.Event {
	selection := r.selections[r.current]
	source := r.datasets[selection.Dataset.String()]
	total := source.rows
	if selection.Position != "" {
		total = 0
	}
	if selection.Limit > 0 {
		total = min(total, int(selection.Limit))
	}
	if !r.announced {
		r.announced = true
		schema := source.schema()
		return connectors.Event{Dataset: r.current, Schema: &schema}
	}
	if r.sent < total {
		n := min(source.batch, total-r.sent)
		r.sent += n
		return connectors.Event{Dataset: r.current, Batch: r.make(source, n)}
	}
	point := &connectors.Checkpoint{Rows: int64(r.sent), Snapshot: time.Now(), Position: selection.Position}
	if selection.Cursor != "" {
		point.Position = `{"id":1}`
	}
	event := connectors.Event{Dataset: r.current, Checkpoint: point}
	r.current, r.sent, r.announced = r.current+1, 0, false
	if r.faults.checkpoint != nil && !r.faults.checkpoint(point) {
		event = connectors.Event{Dataset: event.Dataset, Schema: &record.Schema{}}
	}
	return event
}

func (r *memoryRead) Close() error { return nil }

func (r *memoryRead) make(source *dataset, n int) record.Batch {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, source.schema().Arrow())
	defer builder.Release()
	for i := range n {
		builder.Field(0).(*array.Int64Builder).Append(int64(i))
		builder.Field(1).(*array.StringBuilder).Append(strings.Repeat("x", source.width))
	}
	r.count(1)
	return &counted{Batch: record.FromArrow(builder.NewRecordBatch()), system: r.system}
}

// count keeps the number of batches that are alive, and the most there were.
func (s *system) count(n int64) {
	now := s.alive.Add(n)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
}

// counted notices its release.
type counted struct {
	record.Batch
	system *system
}

func (c *counted) Release() {
	c.Batch.Release()
	c.system.count(-1)
}

func (c *connection) Schemas(context.Context) ([]connectors.SchemaInfo, error) {
	return []connectors.SchemaInfo{{Name: "main", Writable: true}}, nil
}

func (c *connection) Plan(ctx context.Context, _ connectors.LoadID, targets []connectors.Target) ([]connectors.Plan, error) {
	if c.faults.plan != nil {
		if err := c.faults.plan(ctx); err != nil {
			return nil, err
		}
	}
	plans := make([]connectors.Plan, len(targets))
	for i, target := range targets {
		plans[i] = connectors.Plan{Table: target.Table}
		if target.Table.Schema != "main" {
			plans[i].Refusal = &connectors.Error{Kind: connectors.NotFound, Message: fmt.Sprintf("there is no schema %q", target.Table.Schema)}
		}
	}
	return plans, nil
}

func (c *connection) Begin(_ context.Context, id connectors.LoadID, targets []connectors.Target) (connectors.Load, error) {
	if c.faults.begin != nil {
		if err := c.faults.begin(); err != nil {
			return nil, err
		}
	}
	c.begun.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	load := &memoryLoad{system: c.system, id: id, targets: targets, rows: make([]int64, len(targets))}
	for _, target := range targets {
		own := c.table(target.Table.String())
		own.fence++
		state := connectors.TargetState{Fence: own.fence, Position: own.position, Table: target.Table}
		if target.FullRefresh {
			state.Position = ""
		}
		if report, ok := own.applied[id.Run]; ok {
			state.Applied = &report
		}
		if c.faults.claimed != nil {
			c.faults.claimed(&state)
		}
		load.states = append(load.states, state)
	}
	return load, nil
}

func (c *connection) Resolve(_ context.Context, id connectors.LoadID, targets []connectors.Target, _ bool) ([]*connectors.Report, error) {
	if c.faults.resolve != nil {
		if err := c.faults.resolve(); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	reports := make([]*connectors.Report, len(targets))
	for i, target := range targets {
		if report, ok := c.table(target.Table.String()).applied[id.Run]; ok {
			reports[i] = &report
		}
	}
	return reports, nil
}

type memoryLoad struct {
	*system
	id      connectors.LoadID
	targets []connectors.Target
	states  []connectors.TargetState
	rows    []int64
	over    bool
}

func (l *memoryLoad) States() []connectors.TargetState { return l.states }
func (l *memoryLoad) Want() connectors.Want            { return connectors.Want{} }

func (l *memoryLoad) Announce(_ context.Context, target int, schema record.Schema) error {
	if !slices.Equal(schema.Names(), l.targets[target].Schema.Names()) {
		return &connectors.Error{Kind: connectors.Data, Message: "the columns changed"}
	}
	return nil
}

func (l *memoryLoad) Write(ctx context.Context, target, _ int, batch record.Batch) error {
	defer batch.Release()
	if l.faults.write != nil {
		if err := l.faults.write(ctx, l.rows[target]); err != nil {
			return err
		}
	}
	l.rows[target] += int64(batch.Rows())
	return ctx.Err()
}

func (l *memoryLoad) Commit(ctx context.Context, closes []connectors.Close) ([]connectors.Report, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	stored, failure := true, error(nil)
	if l.faults.commit != nil {
		stored, failure = l.faults.commit()
	}
	if !stored {
		return nil, failure
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	reports := make([]connectors.Report, len(l.targets))
	for i, target := range l.targets {
		if l.table(target.Table.String()).fence != l.states[i].Fence {
			return nil, &connectors.Error{Kind: connectors.Conflict, Message: "a newer load owns the table"}
		}
		reports[i] = connectors.Report{Counts: connectors.Counts{Read: l.rows[i], Written: l.rows[i]}, Recipe: "memory"}
		if l.faults.report != nil {
			l.faults.report(&reports[i])
		}
	}
	for i, target := range l.targets {
		own := l.table(target.Table.String())
		own.rows += l.rows[i]
		own.position = closes[i].Position
		own.applied[l.id.Run] = reports[i]
	}
	l.over = true
	l.committed.Add(1)
	return reports, failure
}

func (l *memoryLoad) Abort(context.Context) error {
	if !l.over {
		l.aborted.Add(1)
	}
	l.over = true
	return nil
}
