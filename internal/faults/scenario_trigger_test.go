package faults_test

// triggered are loads into tables whose triggers change what is stored. The first one sets
// the time of each update, which is left out of the comparison; the second one changes
// every text, so that each run writes each row again.
var triggered = []scenario{
	{
		name: "upsert under a trigger that sets the time", stream: "write_mode: upsert, compare_without: [updated_at]", prefill: keyed + touching,
		have:    timeless(wholeTable),
		want:    [2]string{timeless(old + " UNION ALL TABLE first"), timeless(upserted)},
		counts:  [2]string{allWritten + "first", newWritten},
		recipes: [2]string{"stage+update+insert", "stage+update+insert"},
	},
	{
		name: "update under a trigger that sets the time", stream: "write_mode: update, compare_without: [updated_at]", prefill: keyed + touching,
		have: timeless(wholeTable),
		want: [2]string{timeless(scenarioNamed("update").want[0]), timeless(scenarioNamed("update").want[1])},
		counts: [2]string{
			"SELECT concat_ws('/', count(*), 1000, 0, count(*) - 1000) FROM first",
			`SELECT concat_ws('/', count(*), count(*) FILTER (WHERE there AND f.id IS NULL), count(*) FILTER (WHERE there AND f.id IS NOT NULL), count(*) FILTER (WHERE NOT there))
				FROM (SELECT *, id BETWEEN -10 AND 1000 AS there FROM second) s LEFT JOIN first f ON f.id = s.id AND f.note = s.note`,
		},
		recipes: [2]string{"stage+update", "stage+update"},
	},
	{
		name: "merge under a trigger that sets the time", prefill: keyed + touching,
		stream: "write_mode: truncate_insert, takeover: true, replace: merge, compare_without: [updated_at]",
		later:  "write_mode: truncate_insert, replace: merge, compare_without: [updated_at]", before: filledRows,
		have:    timeless(wholeTable),
		want:    [2]string{timeless("TABLE first"), timeless("TABLE second")},
		counts:  [2]string{allWritten + "first", newWritten},
		recipes: [2]string{"stage+merge", "stage+merge"},
	},
	{
		name: "history under a trigger that sets the time", stream: "write_mode: history, takeover: true", later: "write_mode: history", before: filledRows,
		prefill: filled + versioned + touching, have: openVersions,
		want:    [2]string{"TABLE first", "TABLE second"},
		counts:  [2]string{allWritten + "first", newWritten},
		recipes: [2]string{"stage+versions", "stage+versions"},
	},
	{
		name: "upsert under a trigger that changes texts", stream: "write_mode: upsert", prefill: keyed + shouting, have: wholeTable,
		want:    [2]string{old + " UNION ALL " + loud("TABLE first"), oldRest + " UNION ALL " + loud("TABLE second UNION ALL "+firstRest)},
		counts:  [2]string{allWritten + "first", allWritten + "second"},
		recipes: [2]string{"stage+update+insert", "stage+update+insert"},
	},
}

const (
	touching = `CREATE FUNCTION analytics.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.updated_at := now(); RETURN NEW; END';
		CREATE TRIGGER touch BEFORE UPDATE ON analytics.target FOR EACH ROW EXECUTE FUNCTION analytics.touch();`
	shouting = `CREATE FUNCTION analytics.shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := upper(NEW.note); RETURN NEW; END';
		CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON analytics.target FOR EACH ROW EXECUTE FUNCTION analytics.shout();`
	firstRest = "SELECT * FROM first f WHERE NOT EXISTS (SELECT FROM second s WHERE s.id = f.id)"
	upserted  = oldRest + " UNION ALL TABLE second UNION ALL " + firstRest
	// allWritten and newWritten count every row of a table as written, and those of the
	// second one that the first did not have.
	allWritten = "SELECT concat_ws('/', count(*), count(*), 0, 0) FROM "
	newWritten = "SELECT concat_ws('/', count(*), count(*) - count(f.id), count(f.id), 0) FROM second s LEFT JOIN first f ON f.id = s.id AND f.note = s.note"
)

// timeless leaves out what a trigger sets.
func timeless(query string) string {
	return "SELECT id, grp, note, amount, payload, timestamptz '2020-01-01 00:00:00+00' AS updated_at FROM (" + query + ") t"
}

// loud is what a trigger makes of texts.
func loud(query string) string {
	return "SELECT id, grp, upper(note), amount, payload, updated_at FROM (" + query + ") l"
}
