package sqlload

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"leat/connectors"
)

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
	places, err := s.places(ctx, db, stream.Table)
	if err != nil {
		return nil, err
	}
	var keys []string
	for store, tables := range places {
		found, err := store.loadersOf(ctx, db, stream, tables)
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// places are the stores that tell who loaded the table or one that has rows in common with
// it, and the names of these tables in the schema of each.
func (s Store) places(ctx context.Context, db Session, table connectors.Table) (map[Store][]string, error) {
	places := map[Store][]string{}
	if !s.missing {
		places[s] = []string{table.Name}
	}
	if s.Dialect.Kin() == "" {
		return places, nil
	}
	kin, err := Statement{SQL: s.Dialect.Kin(), Catalogue: true}.query(ctx, db, []string{table.Schema, table.Name})
	if err != nil {
		return nil, err
	}
	for _, row := range kin {
		schema, state := row[0].Text, row[2].Text
		store := Store{Dialect: s.Dialect, Schema: schema, missing: state == "", older: state == "older"}
		if schema == s.Schema {
			store = s
		}
		if !store.missing {
			places[store] = append(places[store], row[1].Text)
		}
	}
	return places, nil
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
