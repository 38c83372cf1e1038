package sqlload

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"leat/connectors"
)

// The recipes and reasons by which the report of a load tells whether it replaced the
// rows of its table. Load rows hold them: see replaced.
const (
	recipeCreate    = "create+copy"
	recipeCopy      = "copy"
	recipeSwap      = "swap"
	recipeMerge     = "stage+merge"
	recipeDelete    = "stage+delete+insert"
	recipeVersions  = "stage+versions"
	reasonEmpty     = "the table was empty"
	reasonKeyValues = "rows with the same key's values are replaced"
)

// Ownership is whose rows stand in a table, as the state rows tell. A stream owns them
// when it made the table, found it empty, or took it over. The zero value owns none.
type Ownership struct {
	// Owns says that the rows are the stream's own.
	Owns bool
	// Others are the keys of streams of the same installation that loaded the table too, or
	// one that has rows in common with it.
	Others []string
	// Rows says how many rows stand in a table of which the stream may remove none, in
	// words; "" where it may.
	Rows string
	// GoesOn says that the read of a history goes on from a position, so that it is not whole.
	GoesOn bool
	// ask repeats the question; nil where nobody can answer.
	ask func(ctx context.Context, db Session) (Ownership, error)
}

// sole says that every row of the table is the stream's own.
func (o Ownership) sole() bool { return o.Owns && len(o.Others) == 0 }

// Look finds what the destination remembers of the stream's table: which columns earlier
// loads brought and whose rows stand in it. It counts those that the stream may not remove.
func (s Store) Look(ctx context.Context, db Session, stream Stream, e *Existing) error {
	var err error
	if e.Ownership, err = s.ownership(ctx, db, stream); err != nil {
		return fmt.Errorf("look whose rows stand in %s: %w", stream.Table, err)
	}
	if !s.missing {
		if e.Brought, err = s.Brought(ctx, db, stream); err != nil {
			return err
		}
		if stream.Target.Mode == connectors.History {
			position, err := s.Position(ctx, db, stream)
			if err != nil {
				return fmt.Errorf("look where the read of %s goes on: %w", stream.Table, err)
			}
			e.Ownership.GoesOn = position != ""
		}
	}
	if (Spec{Target: stream.Target, Existing: e}).mayRemove() {
		return nil
	}
	rows, _, err := countRows(ctx, db, s.Dialect, stream.Table, e)
	if err != nil {
		return fmt.Errorf("count the rows of %s: %w", stream.Table, err)
	}
	e.Ownership.Rows = rows
	return nil
}

// ownership reads the state rows. A row of an older version does not say whether its
// stream owns the table; then the last load that was applied tells.
func (s Store) ownership(ctx context.Context, db Session, stream Stream) (Ownership, error) {
	own := Ownership{ask: func(ctx context.Context, db Session) (Ownership, error) { return s.ownership(ctx, db, stream) }}
	var err error
	if !s.missing {
		if own.Owns, err = s.ownedBy(ctx, db, stream); err != nil {
			return own, err
		}
	}
	own.Others, err = s.others(ctx, db, stream)
	return own, err
}

func (s Store) ownedBy(ctx context.Context, db Session, stream Stream) (bool, error) {
	rows, err := db.Query(ctx, "SELECT "+s.owns()+" FROM "+s.state()+mine+" AND "+s.Dialect.SameName(s.written(), "$3"), stream.Installation, stream.Target.StateKey, stream.Table.Name)
	switch {
	case err != nil || len(rows) == 0:
		return false, err
	case rows[0][0].Null:
		return s.lastReplaced(ctx, db, stream)
	default:
		return rows[0][0].Bool(), nil
	}
}

// others are the keys of the other streams of the installation whose rows may stand in the
// table: those that loaded it, or a table that has rows in common with it.
func (s Store) others(ctx context.Context, db Session, stream Stream) ([]string, error) {
	var kin []Row
	if sql := s.Dialect.Kin(); sql != "" {
		var err error
		statement := Statement{SQL: sql, Catalogue: true}
		if kin, err = statement.query(ctx, db, []string{stream.Table.Schema, stream.Table.Name}); err != nil {
			return nil, err
		}
	}
	names := map[string][]string{}
	stores := map[string]Store{s.Schema: s}
	if !s.missing {
		names[s.Schema] = []string{stream.Table.Name}
	}
	for _, row := range kin {
		schema, state := row[0].Text, row[2].Text
		if schema == s.Schema && s.missing || schema != s.Schema && state == "" {
			continue
		}
		if schema != s.Schema {
			stores[schema] = Store{Dialect: s.Dialect, Schema: schema, older: state == "older"}
		}
		names[schema] = append(names[schema], row[1].Text)
	}
	var keys []string
	for _, schema := range slices.Sorted(maps.Keys(names)) {
		found, err := stores[schema].loadersOf(ctx, db, stream, names[schema])
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// loadersOf are the keys of the other streams of the installation that loaded one of the
// tables of the store's schema.
func (s Store) loadersOf(ctx context.Context, db Session, stream Stream, tables []string) ([]string, error) {
	args, same := []string{stream.Installation, stream.Target.StateKey}, make([]string, len(tables))
	for i, table := range tables {
		args = append(args, table)
		same[i] = s.Dialect.SameName(s.written(), "$"+strconv.Itoa(len(args)))
	}
	rows, err := db.Query(ctx, "SELECT state_key FROM "+s.state()+" AS o WHERE installation = $1 AND state_key <> $2 AND ("+strings.Join(same, " OR ")+
		") AND EXISTS (SELECT 1 FROM "+s.loads()+" AS l WHERE l.installation = o.installation AND l.state_key = o.state_key)", args...)
	keys := make([]string, len(rows))
	for i, row := range rows {
		keys[i] = row[0].Text
	}
	return keys, err
}

// written is the name of the table that the last applied load of a stream wrote.
func (s Store) written() string { return "coalesce(" + s.loaded() + ", table_name)" }

// owns and loaded are two columns of the state table, or what stands for them where an
// older version made the table and nothing may be changed yet.
func (s Store) owns() string {
	if s.older {
		return s.Dialect.Cast("NULL", "boolean")
	}
	return "owns"
}

func (s Store) loaded() string {
	if s.older {
		return s.Dialect.Cast("NULL", s.Dialect.TextType())
	}
	return "loaded"
}

// lastReplaced says whether the last load that was applied left no row in the table but
// those that it brought.
func (s Store) lastReplaced(ctx context.Context, db Session, stream Stream) (bool, error) {
	rows, err := db.Query(ctx, "SELECT counts, whole FROM "+s.loads()+mine+" ORDER BY fence DESC LIMIT 1", stream.Installation, stream.Target.StateKey)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	report := connectors.Report{}
	if err := json.Unmarshal([]byte(rows[0][0].Text), &report); err != nil {
		return false, fmt.Errorf("read the last load row: %w", err)
	}
	return replaced(report, rows[0][1].Bool()), nil
}

// replaced tells by its report whether a load left no row but those that it brought. Two
// modes share a recipe, and so do two ways into a table; the reason tells them apart.
func replaced(report connectors.Report, whole bool) bool {
	switch report.Recipe {
	case recipeCreate:
		return true
	case recipeCopy:
		return strings.HasPrefix(report.Reason, reasonEmpty)
	case recipeSwap, recipeMerge, recipeVersions:
		return whole
	case recipeDelete:
		return whole && !strings.HasPrefix(report.Reason, reasonKeyValues)
	default:
		return false
	}
}

// removes says that the load removes rows which it does not bring: all others, those with
// the key's values, or the open versions of keys that a whole read did not find. The mode
// delete is not among them: to remove the rows that it names is all that it is for.
func (s Spec) removes() bool {
	switch s.Target.Mode {
	case connectors.TruncateInsert, connectors.DeleteInsert:
		return true
	case connectors.History:
		return s.mayBeWhole()
	default:
		return false
	}
}

// mayBeWhole says that the read can cover its dataset, before the source was asked.
func (s Spec) mayBeWhole() bool {
	t := s.Target
	return t.Cursor == "" || !s.Existing.Ownership.GoesOn && t.Nulls != connectors.NullsExclude && t.Overlap != connectors.OverlapNone
}

// mayRemove says that what the load removes is the stream's own, or was given to it.
func (s Spec) mayRemove() bool {
	e := s.Existing
	return e == nil || !e.Filled || !s.removes() || e.Ownership.sole() || s.Target.Takeover == connectors.TakeoverYes
}

// refuseForeign is the error of rows that a load may not remove.
func (s Spec) refuseForeign(own Ownership, rows string) *connectors.Error {
	whose := "that this stream did not bring"
	if len(own.Others) > 0 {
		whose = fmt.Sprintf("and is loaded by another stream (%s) as well", strings.Join(own.Others, ", "))
	}
	if rows == "" {
		rows = "rows"
	}
	return &connectors.Error{
		Kind:    connectors.Ownership,
		Message: fmt.Sprintf("the table %s has %s %s, and %s", s.Table, rows, whose, s.whatGoes()),
		Fix:     "If they may go, say takeover: true in the stream; else load into another table, or use insert or upsert.",
	}
}

// whatGoes says what the mode does to rows that it did not bring.
func (s Spec) whatGoes() string {
	switch s.Target.Mode {
	case connectors.DeleteInsert:
		return "delete_insert would remove those of them that share a key with a row read"
	case connectors.History:
		return "history would close those of them whose keys are not read"
	default:
		return "truncate_insert would remove them"
	}
}

// takenOver is the warning of rows that a load removes because somebody said so; none
// where all are its own.
func (s Spec) takenOver(own Ownership) []string {
	switch {
	case s.Target.Takeover != connectors.TakeoverYes || own.sole():
		return nil
	case len(own.Others) > 0:
		return []string{fmt.Sprintf("%s was taken over (takeover: true) although another stream loads it as well: %s", s.Table, strings.Join(own.Others, ", "))}
	default:
		return []string{fmt.Sprintf("%s was taken over (takeover: true): it had rows that this stream did not bring", s.Table)}
	}
}

// askOwner lets the load ask again whose rows it removes, when the table is locked.
func (b *builder) askOwner() {
	if b.s.Existing != nil {
		b.step(Statement{Name: "foreign", Owner: true, Whole: b.s.Target.Mode == connectors.History, SQL: countSome(b.rows)})
	}
}

// askEmpty lets a load that removes nothing ask again whether it finds the table empty.
func (b *builder) askEmpty() {
	if e := b.s.Existing; e != nil && !e.Ownership.Owns && !e.Filled && !e.Unseen {
		b.add(&b.p.Setup, Statement{Figures: []string{foundRows}, SQL: b.previous("")})
	}
}

// foundRows is the figure of the rows found in a table that seemed empty.
const foundRows = "found"

// checkOwner asks whose rows these are. Nobody can write into the table any more: rows and
// load rows that came since Begin are seen.
func (p *Plan) checkOwner(ctx context.Context, session Session) error {
	own := p.Spec.Existing.Ownership
	if own.ask != nil {
		again, err := own.ask(ctx, session)
		if err != nil {
			return fmt.Errorf("ask again whose rows stand in %s: %w", p.Spec.Table, err)
		}
		own = again
	}
	if own.sole() {
		return nil
	}
	rows, count, err := countRows(ctx, session, p.dialect, p.Spec.Table, p.Spec.Existing)
	if err != nil {
		return err
	}
	if count > 0 && p.Spec.Target.Takeover != connectors.TakeoverYes {
		return p.Spec.refuseForeign(own, rows)
	}
	p.owned = true
	if count > 0 {
		p.takenOver = p.Spec.takenOver(own)
	}
	return nil
}

// Owns says after Apply whether the rows of the table are the stream's own.
func (p *Plan) Owns() bool {
	return p.Spec.Existing == nil || p.Spec.Existing.Ownership.Owns || p.owned
}

// countedRows is how many rows are counted one by one.
const countedRows = 100_000

// countSome counts the rows of a table written as SQL, up to one more than countedRows.
func countSome(table string) string {
	return fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d) r", table, countedRows+1)
}

// countRows says how many rows a table has: exactly, or about how many where there are
// more than countedRows.
func countRows(ctx context.Context, db Session, d Dialect, table connectors.Table, e *Existing) (words string, count int64, err error) {
	if count, err = number(ctx, db, countSome(e.Rows(quoteTable(d, table)))); err != nil || count <= countedRows {
		return plural(count), count, err
	}
	about, err := number(ctx, db, d.EstimateRows(), table.Schema, table.Name)
	if err != nil {
		return "", 0, err
	}
	if about <= countedRows { // the catalogue is behind
		return fmt.Sprintf("more than %d rows", countedRows), count, nil
	}
	return fmt.Sprintf("about %d rows", about), about, nil
}

func plural(count int64) string {
	if count == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", count)
}

// number returns the one integer of a query, 0 where it has no row.
func number(ctx context.Context, db Session, sql string, args ...string) (int64, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0][0].Int()
}
