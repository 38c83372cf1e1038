package faults_test

import "fmt"

// inParts reads one table in three ranges of blocks, each from a session of its own, and
// writes it with one COPY.
var inParts = []scenario{
	{
		name: "insert of a table read in parts", stream: "write_mode: insert, parts: 3", have: wholeTable, paged: true,
		want:    [2]string{"TABLE first", "TABLE first UNION ALL TABLE second"},
		recipes: [2]string{"create+copy", "copy"},
	},
	{
		name: "upsert of a table read in parts", stream: "write_mode: upsert, parts: 3", have: wholeTable, paged: true, prefill: keyed,
		want: [2]string{
			old + " UNION ALL TABLE first",
			oldRest + " UNION ALL TABLE second UNION ALL SELECT * FROM first f WHERE NOT EXISTS (SELECT FROM second s WHERE s.id = f.id)",
		},
		recipes: [2]string{"stage+on-conflict", "stage+on-conflict"},
	},
}

// noPart ends the session of the last part alone: the youngest of those that read.
var noPart = fault{name: "the session of one part ended", strike: func(a *site) {
	a.t.Helper()
	var parts, ended int
	err := a.conn.QueryRow(a.t.Context(), `WITH parts AS (SELECT pid, backend_start FROM pg_stat_activity
			WHERE datname = $1 AND application_name LIKE '%' || $2 || '%' AND query LIKE '%ctid%>=%')
		SELECT (SELECT count(*) FROM parts), count(pg_terminate_backend(pid))
		FROM (SELECT pid FROM parts ORDER BY backend_start DESC LIMIT 1) youngest`, a.world.source, a.flow).Scan(&parts, &ended)
	if err == nil && (parts != 3 || ended != 1) {
		err = fmt.Errorf("%d sessions read a part and %d were ended", parts, ended)
	}
	if err != nil {
		a.t.Errorf("end the session of one part: %v", err)
	}
}}

// partCells strike reads in parts while their rows are on the way.
func partCells() []cell {
	var all []cell
	for _, s := range inParts {
		for _, f := range []fault{killed, noPart, noSource, sourceReset, sourceSilent} {
			for _, step := range []string{"load.batch_written", "load.batch_written:3"} {
				all = append(all, cell{scenario: s, size: blocky, step: step, fault: f})
			}
		}
		for _, step := range []string{"read.complete", "load.before_commit"} {
			all = append(all, cell{scenario: s, size: blocky, step: step, fault: killed})
		}
	}
	return all
}
