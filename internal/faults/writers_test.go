package faults_test

import (
	"testing"

	"leat/connectors/pgwire"
	"leat/internal/cells"
)

// byWriters is the scenario that passes the steps of parallel writers.
const byWriters = "upsert by several writers"

// parallel are the scenarios in which a table is read in parts and written by several
// sessions. A view has no parts, so that the flow reads a table of its own.
var parallel = []scenario{
	{
		name: byWriters, stream: "write_mode: upsert, writers: 3, unique_columns: [id]", have: wholeTable, paged: true, prefill: keyed,
		want: [2]string{
			old + " UNION ALL TABLE first",
			oldRest + " UNION ALL TABLE second UNION ALL SELECT * FROM first f WHERE NOT EXISTS (SELECT FROM second s WHERE s.id = f.id)",
		},
		recipes: [2]string{"stage+on-conflict", "stage+on-conflict"},
	},
	{
		name: "replace by several writers", stream: "write_mode: truncate_insert, writers: 2, parts: 3", have: wholeTable, paged: true,
		want:    [2]string{"TABLE first", "TABLE second"},
		recipes: [2]string{"create+copy", "swap"},
	},
}

// blocky is a size whose tables have so many blocks that three parts are worth their
// sessions.
var blocky = size{"blocky", 60_000}

// paged makes the flow's own copy of a table, with few rows in each block.
const paged = "DROP TABLE IF EXISTS %[1]s.%[2]s; " +
	"CREATE TABLE %[1]s.%[2]s WITH (fillfactor = 10) AS TABLE %[1]s.%[3]s"

// writersDie kills the program at steps of parallel writers, in the first run and in
// the one after it.
func writersDie(t *testing.T, w *world) {
	var version int
	if err := w.conn.QueryRow(t.Context(), "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		t.Fatal(err)
	}
	if version < pgwire.SinceTidRanges {
		t.Logf("a server of version %d is read in one part", version)
		return
	}
	t.Run("all", func(t *testing.T) {
		for i, s := range parallel {
			for j, step := range []string{"load.hidden_made", "load.writer_batch:3", "load.writers_done", "load.taken_over"} {
				if !cells.Visited(2, i+j) {
					continue
				}
				t.Run(s.name+" at "+step, func(t *testing.T) {
					t.Parallel()
					if reached := disturb(t, w, cell{scenario: s, size: blocky, step: step, fault: killed}); len(reached) != s.runsByWriters() {
						t.Errorf("%d of %d runs came to the step", len(reached), s.runsByWriters())
					}
				})
			}
		}
	})
	var blocks int64
	if err := w.conn.QueryRow(t.Context(), `SELECT min(pg_relation_size(oid)) / 8192 FROM pg_class WHERE relnamespace = 'blocky'::regnamespace AND relname LIKE 'site%'`).Scan(&blocks); err != nil || blocks < 3*2048 {
		t.Errorf("the smallest source has %d blocks, too few for three parts (%v)", blocks, err)
	}
}

// runsByWriters is how many of the two runs write with several sessions: a swap has one
// writer.
func (s scenario) runsByWriters() int {
	if s.recipes[1] == "swap" {
		return 1
	}
	return 2
}
