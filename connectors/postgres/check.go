package postgres

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/dial"
)

// The stages of a check behind those of opening the session.
const (
	stageServer     = "server"
	stageEncryption = "encryption"
	stageRights     = "rights"
)

const checkSQL = `
SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
       coalesce((SELECT rolsuper FROM pg_roles WHERE rolname = current_user), false),
       (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ` + readable + `),
       (SELECT count(*) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'CREATE'))`

// Check asks the server what it is and what this user may do.
func (c *connection) Check(ctx context.Context) error {
	start := time.Now()
	var standby, readOnly, superuser bool
	var tables, schemas int64
	err := c.session.QueryRow(ctx, checkSQL).Scan(&standby, &readOnly, &superuser, &tables, &schemas)
	if err != nil {
		err = c.mapError(ctx, err, "ask the server about itself")
		dial.Report(ctx, dial.Stage{Name: stageServer, Duration: time.Since(start), Err: err})
		return err
	}
	c.reportEncryption(ctx)
	version := c.session.PgConn().ParameterStatus("server_version")
	dial.Report(ctx, dial.Stage{
		Name: stageServer, Detail: "PostgreSQL " + version, Duration: time.Since(start),
		Err: serverWarning(pgwire.ServerVersion(c.session.PgConn()), standby, readOnly),
	})
	dial.Report(ctx, dial.Stage{
		Name: stageRights, Err: rightsWarning(c.config.User, superuser, tables, schemas),
		Detail: fmt.Sprintf("reads %d tables and views, creates tables in %d schemas", tables, schemas),
	})
	return nil
}

// reportEncryption says what really protects the session.
func (c *connection) reportEncryption(ctx context.Context) {
	if conn, ok := c.session.PgConn().Conn().(*tls.Conn); ok {
		dial.Report(ctx, dial.Stage{Name: stageEncryption, Detail: c.config.TLS.Describe(conn.ConnectionState())})
		return
	}
	stage := dial.Stage{Name: stageEncryption, Detail: "not encrypted"}
	if c.config.TLS.Mode != dial.TLSDisable {
		stage.Err = warning("the session is not encrypted, because the server does not offer TLS", "Switch TLS on at the server (ssl = on).")
	}
	dial.Report(ctx, stage)
}

// serverWarning returns what limits the use of the server, nil when nothing does.
func serverWarning(version int, standby, readOnly bool) error {
	switch {
	case version < oldestTested:
		return warning("the server is older than PostgreSQL 10, the oldest version that is tested", "Upgrade the server.")
	case standby:
		return warning("the server is a standby: it can be read, not loaded, and long reads may be ended by recovery", "Switch on hot_standby_feedback for long reads; use the primary for loading.")
	case readOnly:
		return warning("sessions of this user are read only: the database can be read, not loaded", "Remove default_transaction_read_only from the role to load tables.")
	default:
		return nil
	}
}

func rightsWarning(user string, superuser bool, tables, schemas int64) error {
	switch {
	case superuser:
		return warning(fmt.Sprintf("user %q is a superuser", user), "Use a role that may only read or load what it needs.")
	case tables == 0 && schemas == 0:
		return warning(fmt.Sprintf("user %q may neither read a table nor create one", user),
			fmt.Sprintf("GRANT USAGE ON SCHEMA public TO %s; GRANT SELECT ON ALL TABLES IN SCHEMA public TO %s;", pgwire.Quote(user), pgwire.Quote(user)))
	default:
		return nil
	}
}

func warning(message, fix string) error {
	return &connectors.Error{Kind: connectors.Config, Message: message, Fix: fix}
}
