package sqlload

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"leat/connectors"
	"leat/record"
)

// The two tables that Leat keeps in a target's schema.
const (
	StateTable = "_leat_state"
	LoadsTable = "_leat_loads"
)

// keepLoads is how long load rows are kept, as an interval.
const keepLoads = "90 days"

// Store reads and writes the state tables of one schema. Every method runs inside a
// transaction that the caller opened on the session.
type Store struct {
	Dialect Dialect
	Schema  string
	// missing and older are for who only looks: see Seen.
	missing, older bool
}

// Stream says whose state it is.
type Stream struct {
	Installation string
	Target       connectors.Target
	// Table is the name in use.
	Table connectors.Table
}

// Claimed is what a claim found and made.
type Claimed struct {
	Fence int64
	// OldSession names the session of the load before, which may still be alive.
	OldSession string
}

// Tables returns the statements that create the two tables, by name.
func (s Store) Tables() map[string]string {
	key, text, at := s.Dialect.KeyType(), s.Dialect.TextType(), s.Dialect.TimeType()
	return map[string]string{
		StateTable: "CREATE TABLE IF NOT EXISTS " + s.state() + " (\n  installation " + key + " NOT NULL,\n  state_key " + key +
			" NOT NULL,\n  table_name " + text + " NOT NULL,\n  fence bigint NOT NULL,\n  session " + text + ",\n  position " + text +
			",\n  fingerprint " + text + ",\n  updated_at " + at + " NOT NULL,\n  owns boolean,\n  loaded " + text +
			",\n  PRIMARY KEY (installation, state_key)\n)",
		LoadsTable: "CREATE TABLE IF NOT EXISTS " + s.loads() + " (\n  installation " + key + " NOT NULL,\n  state_key " + key +
			" NOT NULL,\n  run " + key + " NOT NULL,\n  part integer NOT NULL,\n  fence bigint NOT NULL,\n  whole boolean NOT NULL,\n" +
			"  rows_read bigint NOT NULL,\n  counts " + text + " NOT NULL,\n  applied_at " + at +
			" NOT NULL,\n  PRIMARY KEY (installation, state_key, run, part)\n)",
	}
}

// AddColumns are the statements that add the columns which the state table of an older
// version lacks; have are the names of those that it has. The column loaded names the
// table that the last applied load wrote, and owns says whether the stream owned its rows
// then. Both are NULL before.
func (s Store) AddColumns(have []Row) []string {
	var lacks []string
	for _, column := range [][2]string{{"owns", "boolean"}, {"loaded", s.Dialect.TextType()}} {
		if !slices.ContainsFunc(have, func(row Row) bool { return row[0].Text == column[0] }) {
			lacks = append(lacks, s.Dialect.AddColumn(s.state(), column[0], column[1]))
		}
	}
	return lacks
}

// Seen is the store for who only looks and changes nothing. The columns are the names of
// those that the state table has: none where there is no such table yet, and too few
// where an older version made it.
func (s Store) Seen(columns []Row) Store {
	s.missing, s.older = len(columns) == 0, len(s.AddColumns(columns)) > 0
	return s
}

func (s Store) state() string { return s.Dialect.Quote(s.Schema) + "." + s.Dialect.Quote(StateTable) }

func (s Store) loads() string { return s.Dialect.Quote(s.Schema) + "." + s.Dialect.Quote(LoadsTable) }

const mine = " WHERE installation = $1 AND state_key = $2"

// Claim locks the stream's row, creating it, and raises the fence. Session names the
// session that will hold the fence. A row of another installation for the same table
// is a Conflict.
func (s Store) Claim(ctx context.Context, db Session, stream Stream, session func(fence int64) string) (Claimed, error) {
	fence, old, err := s.lockOrCreate(ctx, db, stream)
	if err != nil {
		return Claimed{}, err
	}
	if err := s.refuseOthers(ctx, db, stream); err != nil {
		return Claimed{}, err
	}
	fence++
	_, err = db.Exec(ctx, "UPDATE "+s.state()+" SET fence = "+strconv.FormatInt(fence, 10)+", session = $3, loaded = coalesce(loaded, table_name), table_name = $4, updated_at = "+
		s.Dialect.Now()+mine, stream.Installation, stream.Target.StateKey, session(fence), stream.Table.Name)
	if err != nil {
		return Claimed{}, fmt.Errorf("raise the fence: %w", err)
	}
	return Claimed{Fence: fence, OldSession: old}, nil
}

// Holder names the session of the last claim, without waiting for its lock; "" when
// there was none.
func (s Store) Holder(ctx context.Context, db Session, stream Stream) (string, error) {
	rows, err := db.Query(ctx, "SELECT session FROM "+s.state()+mine, stream.Installation, stream.Target.StateKey)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0][0].Text, nil
}

func (s Store) lockOrCreate(ctx context.Context, db Session, stream Stream) (int64, string, error) {
	fence, old, found, err := s.lockRow(ctx, db, stream.Installation, stream.Target.StateKey)
	if err != nil || found {
		return fence, old, err
	}
	if lock := s.Dialect.Lock(s.state()); lock != "" {
		if _, err := db.Exec(ctx, lock); err != nil {
			return 0, "", fmt.Errorf("lock the state table: %w", err)
		}
	}
	_, err = db.Exec(ctx, "INSERT INTO "+s.state()+" (installation, state_key, table_name, fence, updated_at) SELECT $1, $2, $3, 0, "+s.Dialect.Now()+
		" WHERE NOT EXISTS (SELECT 1 FROM "+s.state()+mine+")", stream.Installation, stream.Target.StateKey, stream.Table.Name)
	if err != nil {
		return 0, "", fmt.Errorf("create the state row: %w", err)
	}
	fence, old, _, err = s.lockRow(ctx, db, stream.Installation, stream.Target.StateKey)
	return fence, old, err
}

func (s Store) lockRow(ctx context.Context, db Session, installation, key string) (fence int64, session string, found bool, err error) {
	rows, err := db.Query(ctx, "SELECT fence, session FROM "+s.state()+mine+s.Dialect.ForUpdate(), installation, key)
	if err != nil || len(rows) == 0 {
		return 0, "", false, err
	}
	fence, err = rows[0][0].Int()
	return fence, rows[0][1].Text, true, err
}

func (s Store) refuseOthers(ctx context.Context, db Session, stream Stream) error {
	rows, err := db.Query(ctx, "SELECT installation, state_key FROM "+s.state()+" WHERE "+s.Dialect.SameName("table_name", "$1")+" AND installation <> $2 LIMIT 1",
		stream.Table.Name, stream.Installation)
	if err != nil {
		return fmt.Errorf("look for other installations: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	return &connectors.Error{
		Kind:    connectors.Conflict,
		Message: fmt.Sprintf("the table %s is loaded by another installation of Leat (%s, stream %s)", stream.Table, rows[0][0].Text, rows[0][1].Text),
		Fix:     fmt.Sprintf("If that installation is gone, take its state over with: leat state adopt FLOW %s", stream.Table),
	}
}

// Applied returns the report of a run that was applied already, or nil.
func (s Store) Applied(ctx context.Context, db Session, stream Stream, run string) (*connectors.Report, error) {
	rows, err := db.Query(ctx, "SELECT counts FROM "+s.loads()+mine+" AND run = $3 AND part = 0", stream.Installation, stream.Target.StateKey, run)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	report := new(connectors.Report)
	if err := json.Unmarshal([]byte(rows[0][0].Text), report); err != nil {
		return nil, fmt.Errorf("read the load row of run %s: %w", run, err)
	}
	return report, nil
}

// Resolve is Applied under the lock of the state row, so that a COMMIT that is still on
// its way has been decided.
func (s Store) Resolve(ctx context.Context, db Session, stream Stream, run string) (*connectors.Report, error) {
	if _, _, _, err := s.lockRow(ctx, db, stream.Installation, stream.Target.StateKey); err != nil {
		return nil, fmt.Errorf("lock the state row: %w", err)
	}
	return s.Applied(ctx, db, stream, run)
}

// RaiseFence ends whatever load holds the fence: it can no longer commit.
func (s Store) RaiseFence(ctx context.Context, db Session, stream Stream) error {
	_, err := db.Exec(ctx, "UPDATE "+s.state()+" SET fence = fence + 1, updated_at = "+s.Dialect.Now()+mine, stream.Installation, stream.Target.StateKey)
	if err != nil {
		return fmt.Errorf("raise the fence: %w", err)
	}
	return nil
}

// LastGood returns the rows of the last whole read that was applied, or -1.
func (s Store) LastGood(ctx context.Context, db Session, stream Stream) (int64, error) {
	rows, err := db.Query(ctx, "SELECT rows_read FROM "+s.loads()+mine+" AND whole ORDER BY fence DESC LIMIT 1", stream.Installation, stream.Target.StateKey)
	if err != nil || len(rows) == 0 {
		return -1, err
	}
	return rows[0][0].Int()
}

// Done is what a load stores about itself.
type Done struct {
	Stream Stream
	Run    string
	Fence  int64
	Report connectors.Report
	Close  connectors.Close
	// Columns are the columns that the load brought, by source column.
	Columns map[string]string
	// Owns says that the stream owns the rows of its table from now on.
	Owns bool
}

// Require locks the stream's row and refuses a load whose fence is not the row's.
func (s Store) Require(ctx context.Context, db Session, stream Stream, own int64) error {
	fence, _, found, err := s.lockRow(ctx, db, stream.Installation, stream.Target.StateKey)
	if err != nil {
		return fmt.Errorf("lock the state row: %w", err)
	}
	if !found || fence != own {
		return FencedOff(stream.Table)
	}
	return nil
}

// Finish is the last step before COMMIT: it locks the state row, requires the fence,
// inserts the load row and stores the position.
func (s Store) Finish(ctx context.Context, db Session, done Done) error {
	installation, key := done.Stream.Installation, done.Stream.Target.StateKey
	if err := s.Require(ctx, db, done.Stream, done.Fence); err != nil {
		return err
	}
	if applied, err := s.Applied(ctx, db, done.Stream, done.Run); err != nil || applied != nil {
		return alreadyApplied(done.Run, err)
	}
	if err := s.insertLoad(ctx, db, done); err != nil {
		return err
	}
	_, err := db.Exec(ctx, "UPDATE "+s.state()+" SET position = $3, fingerprint = $4, loaded = $5, owns = "+strconv.FormatBool(done.Owns)+
		", updated_at = "+s.Dialect.Now()+mine,
		installation, key, string(done.Close.Position), done.Stream.Target.Fingerprint, done.Stream.Table.Name)
	if err != nil {
		return fmt.Errorf("store the position: %w", err)
	}
	return s.forget(ctx, db, done)
}

func (s Store) insertLoad(ctx context.Context, db Session, done Done) error {
	report, err := json.Marshal(loadRow{Report: done.Report, Columns: done.Columns})
	if err != nil {
		return fmt.Errorf("encode the counts: %w", err)
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	_, err = db.Exec(ctx, "INSERT INTO "+s.loads()+" (installation, state_key, run, part, fence, whole, rows_read, counts, applied_at) VALUES ($1, $2, $3, 0, "+
		number(done.Fence)+", "+strconv.FormatBool(done.Close.Whole)+", "+number(done.Report.Read)+", $4, "+s.Dialect.Now()+")",
		done.Stream.Installation, done.Stream.Target.StateKey, done.Run, record.ASCII(string(report), record.EscapeJSON))
	if err != nil {
		return fmt.Errorf("store the load row: %w", err)
	}
	return nil
}

// forget removes load rows that nobody will ask for.
func (s Store) forget(ctx context.Context, db Session, done Done) error {
	old := s.Dialect.Now() + " - INTERVAL '" + keepLoads + "'"
	if _, err := db.Exec(ctx, "DELETE FROM "+s.loads()+mine+" AND applied_at < "+old, done.Stream.Installation, done.Stream.Target.StateKey); err != nil {
		return fmt.Errorf("remove old load rows: %w", err)
	}
	return nil
}

// FencedOff is the error of a load that a newer one has overtaken.
func FencedOff(table connectors.Table) error {
	return &connectors.Error{
		Kind: connectors.Conflict, Retryable: true,
		Message: fmt.Sprintf("a newer load of %s, or an edit of its state, has taken over", table), Fix: "Nothing was written by this load; run it again if it is still wanted.",
	}
}

func alreadyApplied(run string, err error) error {
	if err != nil {
		return err
	}
	return &connectors.Error{Kind: connectors.Conflict, Message: fmt.Sprintf("the run %s has been applied already", run), Fix: "Nothing needs to be done: its rows are stored."}
}
