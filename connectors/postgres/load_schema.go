package postgres

import (
	"context"
	"fmt"

	"leat/connectors"
	"leat/connectors/pgwire"
)

// Schemas lists the schemas of the database but the server's own.
func (c *connection) Schemas(ctx context.Context) ([]connectors.SchemaInfo, error) {
	s := c.own("list the schemas")
	rows, err := s.Query(ctx, `SELECT nspname, has_schema_privilege(oid, 'CREATE') AND has_schema_privilege(oid, 'USAGE') FROM pg_namespace
		WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY nspname`)
	if err != nil {
		return nil, err
	}
	schemas := make([]connectors.SchemaInfo, len(rows))
	for i, row := range rows {
		schemas[i] = connectors.SchemaInfo{Name: row[0].Text, Writable: row[1].Bool()}
	}
	return schemas, nil
}

// own returns the connection's own session.
func (c *connection) own(doing string) *session {
	return &session{conn: c.session, patience: c.patienceWith(connectors.LoadLimits{}), attempt: pgwire.Attempt{Doing: doing, User: c.config.User}}
}

// requireSchema refuses a missing schema, which is never created, and one that this user
// may not use. Create says that a table will be made in it.
func requireSchema(ctx context.Context, s *session, schema string, create bool) error {
	rows, err := s.Query(ctx, "SELECT has_schema_privilege(oid, 'USAGE'), has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1", schema)
	if err != nil {
		return err
	}
	user := pgwire.Quote(s.attempt.User)
	if len(rows) == 0 {
		return &connectors.Error{
			Kind: connectors.NotFound, Message: fmt.Sprintf("there is no schema %q in the database, and schemas are never created", schema),
			Fix: fmt.Sprintf("CREATE SCHEMA %[1]s; GRANT USAGE, CREATE ON SCHEMA %[1]s TO %[2]s;", pgwire.Quote(schema), user),
		}
	}
	usable, creatable := rows[0][0].Bool(), rows[0][1].Bool()
	if usable && (creatable || !create) {
		return nil
	}
	return &connectors.Error{
		Kind: connectors.Permission, Message: fmt.Sprintf("user %q may not make tables in the schema %q", s.attempt.User, schema),
		Fix: fmt.Sprintf("GRANT USAGE, CREATE ON SCHEMA %s TO %s;", pgwire.Quote(schema), user),
	}
}
