package pgwire

import (
	"fmt"
	"os"
	"sync"

	"github.com/jackc/pgx/v5"
)

// neutral names every parameter that the driver would otherwise take from the
// environment or the home directory. The password keeps it from opening a password
// file; all values are replaced before a connection is made.
const neutral = "host=localhost port=5432 database=x user=x password=x passfile=/dev/null servicefile=/dev/null " +
	"sslmode=disable sslcertmode=allow sslnegotiation=postgres sslcert='' sslkey='' sslrootcert='' " +
	"target_session_attrs=any connect_timeout=15 min_protocol_version=3.0 max_protocol_version=3.0 " +
	"channel_binding=prefer require_auth='' application_name='' timezone=UTC options=''"

// blank returns a driver configuration that owes nothing to the environment. The
// driver insists that a configuration comes from its parser, and the parser reads the
// environment, so it is asked once, with everything spelled out.
func blank() (*pgx.ConnConfig, error) {
	config, err := template()
	if err != nil {
		return nil, err
	}
	return config.Copy(), nil
}

var template = sync.OnceValues(parseNeutral)

func parseNeutral() (*pgx.ConnConfig, error) {
	// PGSERVICE has no neutral value: the parser looks up whatever it finds, in a file.
	if service, ok := os.LookupEnv("PGSERVICE"); ok {
		_ = os.Unsetenv("PGSERVICE")
		defer func() { _ = os.Setenv("PGSERVICE", service) }()
	}
	config, err := pgx.ParseConfig(neutral)
	if err != nil {
		return nil, fmt.Errorf("prepare the driver's configuration: %w", err)
	}
	config.Fallbacks, config.TLSConfig = nil, nil
	config.KerberosSrvName, config.KerberosSpn = "", ""
	config.ValidateConnect = nil
	// One statement is described, then executed; nothing stays behind at the server, so
	// that poolers and changed tables do no harm.
	config.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	config.StatementCacheCapacity, config.DescriptionCacheCapacity = 0, 0
	return config, nil
}
