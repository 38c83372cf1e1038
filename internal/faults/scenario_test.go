package faults_test

import (
	"cmp"
	"fmt"
	"strings"
)

// scenario is one way to load a table, with what must be in it after each of two runs.
type scenario struct {
	name string
	// from and into are the systems of source and target.
	from, into system
	// stream and dataset are lines of YAML for the flow.
	stream, dataset string
	// prefill is SQL in the destination before the first run.
	prefill string
	// want are queries over the source's tables first and second: what the table holds
	// after the first and after the second run.
	want [2]string
	// have is the query over the target that must equal them.
	have string
	// columns are what the flow reads of the source's tables; empty means all of them.
	columns string
	// rejects count, at the source, the rows that are kept beside the table after the first
	// and after the second run.
	rejects [2]string
	// paged lets the flow read a table with many blocks instead of a view.
	paged bool
	// recipes are the ways that the two runs must have taken.
	recipes [2]string
	// before is a query over the source's tables for what the prefill put into the table;
	// empty where nobody looks into the table of a run that was killed.
	before string
	// later are the lines of the stream once the first run has succeeded, without the
	// consent that only the first one needs; empty for the same lines.
	later string
	// beside are other tables of the schema, separated by commas, whose rows no run may change.
	beside string
	// counts are queries at the source for the counts of each run, as countsOfLoad writes them.
	counts [2]string
}

const (
	withRejects  = "insert and keep rejects"
	replaceNew   = "replace a new table, then its rows"
	wholeTable   = "TABLE analytics.target"
	openVersions = "SELECT * FROM analytics.target WHERE valid_to IS NULL"
	incremental  = "cursor: updated_at, "
	// filled makes the target with a few old rows.
	filled = `CREATE TABLE analytics.target ` + tableColumns + `;
		INSERT INTO analytics.target SELECT n, 0, 'old', 0, '{}', '2020-01-01 00:00:00+00' FROM generate_series(-10, 1000) s(n);`
	keyed     = filled + `ALTER TABLE analytics.target ADD PRIMARY KEY (id);`
	firstKept = "SELECT * FROM first WHERE id % 20 <> 0"
	// old is the part of the filled target that no run brings.
	old = `SELECT n AS id, 0 AS grp, 'old' AS note, 0.00 AS amount, '{}'::jsonb AS payload, timestamptz '2020-01-01 00:00:00+00' AS updated_at FROM generate_series(-10::bigint, 0) n`
	// filledRows are all rows of the filled target.
	filledRows = `SELECT n AS id, 0 AS grp, 'old' AS note, 0.00 AS amount, '{}'::jsonb AS payload, timestamptz '2020-01-01 00:00:00+00' AS updated_at FROM generate_series(-10::bigint, 1000) n`
	oldRest    = "SELECT * FROM (" + old + ") o WHERE NOT EXISTS (SELECT FROM second s WHERE s.id = o.id)"
	// both is the second table and what the first had beyond its keys.
	both = `TABLE second UNION ALL SELECT * FROM first f WHERE NOT EXISTS (SELECT FROM second s WHERE s.%[1]s = f.%[1]s)`
)

// feeding makes what the flow reads of a schema, under the flow's name, from a table.
func (s scenario) feeding() string {
	if s.paged {
		return paged
	}
	return "CREATE OR REPLACE VIEW %[1]s.%[2]s AS SELECT " + strings.ReplaceAll(cmp.Or(s.columns, "*"), "%", "%%") + " FROM %[1]s.%[3]s"
}

var scenarios = []scenario{
	{
		name: "insert straight in", stream: "write_mode: insert", have: wholeTable,
		want:    [2]string{"TABLE first", "TABLE first UNION ALL TABLE second"},
		recipes: [2]string{"create+copy", "copy"},
	},
	{
		name: "insert of new rows", stream: "write_mode: insert", dataset: incremental, have: wholeTable,
		want: [2]string{"TABLE first", `TABLE first UNION ALL SELECT * FROM second s
			WHERE NOT EXISTS (SELECT FROM first f WHERE f.id = s.id AND f.updated_at = s.updated_at)`},
		recipes: [2]string{"create+copy", "stage+insert"},
	},
	{
		name: replaceNew, stream: "write_mode: truncate_insert", have: wholeTable,
		want:    [2]string{"TABLE first", "TABLE second"},
		recipes: [2]string{"create+copy", "swap"},
	},
	{
		name: "replace by swap", stream: "write_mode: truncate_insert, takeover: true, replace: swap", later: "write_mode: truncate_insert, replace: swap", before: filledRows, prefill: filled, have: wholeTable,
		want:    [2]string{"TABLE first", "TABLE second"},
		recipes: [2]string{"swap", "swap"},
	},
	{
		name: "replace by delete and insert", stream: "write_mode: truncate_insert, takeover: true, replace: delete_insert", later: "write_mode: truncate_insert, replace: delete_insert", before: filledRows, prefill: filled, have: wholeTable,
		want:    [2]string{"TABLE first", "TABLE second"},
		recipes: [2]string{"stage+delete+insert", "stage+delete+insert"},
	},
	{
		name: "replace by merge", stream: "write_mode: truncate_insert, takeover: true, replace: merge", later: "write_mode: truncate_insert, replace: merge", before: filledRows, prefill: keyed, have: wholeTable,
		want:    [2]string{"TABLE first", "TABLE second"},
		recipes: [2]string{"stage+merge", "stage+merge"},
	},
	{
		name: "upsert", stream: "write_mode: upsert", have: wholeTable,
		want:    [2]string{"TABLE first", fmt.Sprintf(both, "id")},
		recipes: [2]string{"create+copy", "stage+on-conflict"},
	},
	{
		name: "upsert of new rows without an index", stream: "write_mode: upsert, create_indexes: false", dataset: incremental, have: wholeTable,
		want:    [2]string{"TABLE first", fmt.Sprintf(both, "id")},
		recipes: [2]string{"create+copy", "stage+update+insert"},
	},
	{
		name: "delete and insert by group", stream: "write_mode: delete_insert, unique_columns: [grp]", have: wholeTable,
		want:    [2]string{"TABLE first", fmt.Sprintf(both, "grp")},
		recipes: [2]string{"create+copy", "stage+delete+insert"},
	},
	{
		name: "history", stream: "write_mode: history", have: openVersions,
		want:    [2]string{"TABLE first", "TABLE second"},
		recipes: [2]string{"stage+versions", "stage+versions"},
	},
	{
		name: "insert and ignore", stream: "write_mode: insert_ignore", have: wholeTable,
		want: [2]string{"TABLE first", `TABLE first UNION ALL SELECT * FROM second s
			WHERE NOT EXISTS (SELECT FROM first f WHERE f.id = s.id)`},
		recipes: [2]string{"stage+insert", "stage+on-conflict"},
	},
	{
		name: withRejects, stream: "write_mode: insert_ignore, unique_columns: [payload]", have: wholeTable,
		columns: "id, grp, note, amount, CASE WHEN id % 20 <> 0 THEN payload END AS payload, updated_at",
		want:    [2]string{firstKept, firstKept},
		rejects: [2]string{
			"SELECT count(*) FROM first WHERE id % 20 = 0",
			"SELECT count(*) FROM (TABLE first UNION ALL TABLE second) r WHERE id % 20 = 0 OR payload IS NULL",
		},
		recipes: [2]string{"stage+insert", "stage+on-conflict"},
	},
	{
		name: "update", stream: "write_mode: update", prefill: keyed, have: wholeTable,
		want: [2]string{
			old + " UNION ALL SELECT * FROM first WHERE id <= 1000",
			oldRest + " UNION ALL SELECT * FROM second WHERE id BETWEEN -10 AND 1000 UNION ALL SELECT * FROM first f WHERE id <= 1000 AND NOT EXISTS (SELECT FROM second s WHERE s.id = f.id)",
		},
		recipes: [2]string{"stage+update", "stage+update"},
	},
	{
		name: "delete", stream: "write_mode: delete", prefill: keyed, have: wholeTable,
		want:    [2]string{old, oldRest},
		recipes: [2]string{"stage+delete", "stage+delete"},
	},
}

// scenarioNamed finds a scenario.
func scenarioNamed(name string) scenario {
	for _, s := range scenarios {
		if s.name == name {
			return s
		}
	}
	panic("there is no scenario " + name)
}
