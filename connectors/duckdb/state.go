package duckdb

import (
	"context"
	"os"
	"strings"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/internal/duck"
)

// ensureState makes the state tables of a schema where they are missing.
func ensureState(ctx context.Context, s session, store sqlload.Store) error {
	tables := store.Tables()
	for _, name := range []string{sqlload.StateTable, sqlload.LoadsTable} {
		found, err := hasTable(ctx, s, store.Schema, name)
		if err == nil && !found {
			_, err = s.about("create the table "+name).Exec(ctx, tables[name])
		}
		if err != nil {
			return err
		}
	}
	columns, err := stateColumns(ctx, s, store.Schema)
	if err != nil {
		return err
	}
	for _, sql := range store.AddColumns(columns) {
		if _, err := s.about("alter the table "+sqlload.StateTable).Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// stateColumns are the names of the columns that a schema's state table has.
func stateColumns(ctx context.Context, s session, schema string) ([]sqlload.Row, error) {
	return s.Query(ctx, "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND table_name = $2",
		schema, sqlload.StateTable)
}

func hasTable(ctx context.Context, s session, schema, name string) (bool, error) {
	rows, err := s.Query(ctx, "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND table_name = $2", schema, name)
	return len(rows) > 0, err
}

// flowOf is the flow of a stream, the first part of its state key.
func flowOf(stateKey string) string {
	flow, _, _ := strings.Cut(stateKey, "/")
	return flow
}

// inspect runs work on the database, or on an empty one when the file does not exist yet.
func (c *connection) inspect(ctx context.Context, flow, doing string, work func(session) error) error {
	if c.path != duck.Memory {
		absent, err := c.absent(flow)
		if err != nil {
			return err
		}
		if absent {
			c = &connection{path: duck.Memory, memory: c.memory}
			defer c.Close(ctx) //nolint:errcheck // it was empty
		}
	}
	h, err := c.acquire(ctx, flow, reading)
	if err != nil {
		return err
	}
	defer h.release() //nolint:errcheck // only read
	return work(session{conn: h.conn, doing: doing})
}

func (c *connection) absent(flow string) (bool, error) {
	if unnamed(c.path, flow) {
		return true, nil
	}
	path, err := c.file(flow)
	if err != nil {
		return false, err
	}
	_, err = os.Stat(path)
	return os.IsNotExist(err), nil
}

// Schemas lists the schemas of the database but DuckDB's own.
func (c *connection) Schemas(ctx context.Context) ([]connectors.SchemaInfo, error) {
	var schemas []connectors.SchemaInfo
	err := c.inspect(ctx, c.flow, "list the schemas", func(s session) error {
		rows, err := s.Query(ctx, "SELECT schema_name FROM duckdb_schemas() WHERE database_name = current_database() AND (NOT internal OR schema_name = $1) ORDER BY 1", defaultSchema)
		for _, row := range rows {
			schemas = append(schemas, connectors.SchemaInfo{Name: row[0].Text, Writable: true})
		}
		return err
	})
	return schemas, err
}

// States lists the state rows kept in a schema; none when there is no state table yet.
func (c *connection) States(ctx context.Context, schema string) ([]connectors.StateRow, error) {
	var states []connectors.StateRow
	err := c.inspect(ctx, c.flow, "read the state in "+schema, func(s session) error {
		if err := requireSchema(ctx, s, schema); err != nil {
			return err
		}
		found, err := hasTable(ctx, s, schema, sqlload.StateTable)
		if err != nil || !found {
			return err
		}
		states, err = sqlload.Store{Dialect: dialect{}, Schema: schema}.States(ctx, s)
		return err
	})
	return states, err
}

// SaveState stores a position and takes the fence.
func (c *connection) SaveState(ctx context.Context, schema string, row connectors.StateRow) error {
	return c.editState(ctx, schema, row.StateKey, func(s session, store sqlload.Store) error { return store.Save(ctx, s, row) })
}

// AdoptState makes installation the owner of another installation's stream.
func (c *connection) AdoptState(ctx context.Context, schema, stateKey, from, installation string) error {
	return c.editState(ctx, schema, stateKey, func(s session, store sqlload.Store) error {
		return store.Adopt(ctx, s, stateKey, from, installation)
	})
}

// DropState removes a stream's rows.
func (c *connection) DropState(ctx context.Context, schema, installation, stateKey string) error {
	return c.editState(ctx, schema, stateKey, func(s session, store sqlload.Store) error {
		return store.Drop(ctx, s, installation, stateKey)
	})
}

func (c *connection) editState(ctx context.Context, schema, stateKey string, edit func(session, sqlload.Store) error) error {
	h, err := c.acquire(ctx, flowOf(stateKey), writing)
	if err != nil {
		return err
	}
	defer h.release() //nolint:errcheck // the transaction has been committed or not
	s, store := session{conn: h.conn, doing: "edit the state in " + schema}, sqlload.Store{Dialect: dialect{}, Schema: schema}
	if err := requireSchema(ctx, s, schema); err != nil {
		return err
	}
	if err := ensureState(ctx, s, store); err != nil {
		return err
	}
	return s.inTransaction(ctx, func() error { return edit(s, store) })
}

// Resolve finds out whether a run was applied. An open load of this process holds the
// file, and so does one of another process: no load is under way when the file can be
// read, and there is none to end.
func (c *connection) Resolve(ctx context.Context, id connectors.LoadID, targets []connectors.Target, _ bool) ([]*connectors.Report, error) {
	reports := make([]*connectors.Report, len(targets))
	err := c.inspect(ctx, id.Flow, "resolve a load", func(s session) error {
		for i, target := range targets {
			found, err := hasTable(ctx, s, target.Table.Schema, sqlload.LoadsTable)
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			store := sqlload.Store{Dialect: dialect{}, Schema: target.Table.Schema}
			if reports[i], err = store.Resolve(ctx, s, sqlload.Stream{Installation: id.Installation, Target: target}, id.Run); err != nil {
				return err
			}
		}
		return nil
	})
	return reports, err
}
