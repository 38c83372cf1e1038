package postgres

import (
	"context"
	"fmt"
	"strings"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
)

// ensureState makes the state tables of a schema where they are missing, and refuses
// ones that this user may not use.
func ensureState(ctx context.Context, s *session, store sqlload.Store) error {
	if err := requireWritable(ctx, s); err != nil {
		return err
	}
	tables := store.Tables()
	for _, name := range []string{sqlload.StateTable, sqlload.LoadsTable} {
		if err := ensureTable(ctx, s, connectors.Table{Schema: store.Schema, Name: name}, tables[name]); err != nil {
			return err
		}
	}
	return ensureColumns(ctx, s, store)
}

// ensureColumns adds what the state table of an older version lacks. It looks first: most
// roles could not alter a table that another one made.
func ensureColumns(ctx context.Context, s *session, store sqlload.Store) error {
	table := connectors.Table{Schema: store.Schema, Name: sqlload.StateTable}
	columns, err := stateColumns(ctx, s, store.Schema)
	if err != nil {
		return err
	}
	lacks := store.AddColumns(columns)
	if len(lacks) == 0 {
		return nil
	}
	row, err := s.one(ctx, "SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2", table.Schema, table.Name)
	if err != nil {
		return err
	}
	if !row[0].Bool() {
		return &connectors.Error{
			Kind: connectors.Permission, Message: fmt.Sprintf("an older version of Leat made the table %s, and user %q may not add the columns that it lacks", table, s.attempt.User),
			Fix: "As the owner of the table: " + strings.Join(lacks, "; ") + ";",
		}
	}
	for _, sql := range lacks {
		if _, err := s.about("alter the table "+table.String(), table, "ALL").Exec(ctx, sql); err != nil && !isState(err, "42701") { // another session added it
			return err
		}
	}
	return nil
}

// stateColumns are the names of the columns that a schema's state table has.
func stateColumns(ctx context.Context, s *session, schema string) ([]sqlload.Row, error) {
	return s.Query(ctx, `SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`, schema, sqlload.StateTable)
}

// requireWritable refuses sessions that may change nothing. Transactions ask for READ WRITE
// by name, so that a role's default alone would not stop them; whoever set it meant it.
func requireWritable(ctx context.Context, s *session) error {
	row, err := s.one(ctx, "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on'")
	if err != nil {
		return err
	}
	switch {
	case row[0].Bool():
		return &connectors.Error{
			Kind: connectors.Permission, Retryable: true, Message: fmt.Sprintf("cannot %s: the server is a standby, which takes no changes", s.attempt.Doing),
			Fix: "Use the address of the primary server; after a failover the next try may find the standby promoted.",
		}
	case row[1].Bool():
		return &connectors.Error{
			Kind: connectors.Permission, Message: fmt.Sprintf("cannot %s: sessions of user %q are read only (default_transaction_read_only)", s.attempt.Doing, s.attempt.User),
			Fix: fmt.Sprintf("ALTER ROLE %s SET default_transaction_read_only = off; where the database or the server sets it, change it there; or use another role.", pgwire.Quote(s.attempt.User)),
		}
	default:
		return nil
	}
}

func ensureTable(ctx context.Context, s *session, name connectors.Table, create string) error {
	found, err := hasTable(ctx, s, name)
	if err != nil || found {
		return err
	}
	if err := requireSchema(ctx, s, name.Schema, true); err != nil {
		return err
	}
	err = s.about("create the table "+name.String(), name, "ALL").ddl(ctx, create)
	if isState(err, "23505", "42P07", "42710") { // two sessions made it at once; IF NOT EXISTS does not see that
		return nil
	}
	return err
}

// hasTable looks for a state table and requires the rights on it.
func hasTable(ctx context.Context, s *session, name connectors.Table) (bool, error) {
	rows, err := s.Query(ctx, `SELECT has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`, name.Schema, name.Name)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	if rows[0][0].Bool() {
		return true, nil
	}
	return true, &connectors.Error{
		Kind: connectors.Permission, Message: fmt.Sprintf("user %q may not use Leat's table %s, which another role made", s.attempt.User, name),
		Fix: fmt.Sprintf("GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %s;", quoteTable(name), pgwire.Quote(s.attempt.User)),
	}
}

// store returns the state tables of a schema.
func (c *connection) store(s *session, schema string) sqlload.Store {
	return sqlload.Store{Dialect: dialect{version: pgwire.ServerVersion(s.conn.PgConn()), schema: schema}, Schema: schema}
}

// States lists the state rows kept in a schema; none when there is no state table yet.
func (c *connection) States(ctx context.Context, schema string) ([]connectors.StateRow, error) {
	s := c.own("read the state in " + schema)
	if err := requireSchema(ctx, s, schema, false); err != nil {
		return nil, err
	}
	found, err := hasTable(ctx, s, connectors.Table{Schema: schema, Name: sqlload.StateTable})
	if err != nil || !found {
		return nil, err
	}
	return c.store(s, schema).States(ctx, s)
}

// SaveState stores a position and takes the fence.
func (c *connection) SaveState(ctx context.Context, schema string, row connectors.StateRow) error {
	return c.editState(ctx, schema, func(ctx context.Context, s *session, store sqlload.Store) error {
		return store.Save(ctx, s, row)
	})
}

// AdoptState makes installation the owner of another installation's stream, whose hidden
// tables nobody would drop any more.
func (c *connection) AdoptState(ctx context.Context, schema, stateKey, from, installation string) error {
	return c.editState(ctx, schema, func(ctx context.Context, s *session, store sqlload.Store) error {
		if err := store.Adopt(ctx, s, stateKey, from, installation); err != nil {
			return err
		}
		return sweepAll(ctx, s, schema, from, stateKey)
	})
}

// DropState removes a stream's rows, and the hidden tables that its loads left behind.
func (c *connection) DropState(ctx context.Context, schema, installation, stateKey string) error {
	return c.editState(ctx, schema, func(ctx context.Context, s *session, store sqlload.Store) error {
		if err := store.Drop(ctx, s, installation, stateKey); err != nil {
			return err
		}
		return sweepAll(ctx, s, schema, installation, stateKey)
	})
}

func (c *connection) editState(ctx context.Context, schema string, edit func(context.Context, *session, sqlload.Store) error) error {
	s := c.own("edit the state in " + schema)
	if err := requireSchema(ctx, s, schema, false); err != nil {
		return err
	}
	store := c.store(s, schema)
	if err := ensureState(ctx, s, store); err != nil {
		return err
	}
	return s.inTransaction(ctx, func(ctx context.Context) error { return edit(ctx, s, store) })
}

// Resolve finds out whether a run was applied, under the lock of each state row. An
// earlier attempt that stands still is ended by a higher fence.
func (c *connection) Resolve(ctx context.Context, id connectors.LoadID, targets []connectors.Target, ending bool) ([]*connectors.Report, error) {
	reports := make([]*connectors.Report, len(targets))
	for i, target := range targets {
		s := c.own("resolve the load of " + target.Table.String())
		store := c.store(s, target.Table.Schema)
		found, err := hasTable(ctx, s, connectors.Table{Schema: store.Schema, Name: sqlload.LoadsTable})
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		err = s.inTransaction(ctx, func(ctx context.Context) error {
			stream := sqlload.Stream{Installation: id.Installation, Target: target}
			if reports[i], err = store.Resolve(ctx, s, stream, id.Run); err != nil || reports[i] != nil || !ending {
				return err
			}
			return store.RaiseFence(ctx, s, stream)
		})
		if err != nil {
			return nil, err
		}
	}
	return reports, nil
}
