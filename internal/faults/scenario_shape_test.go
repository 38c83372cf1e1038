package faults_test

import (
	"slices"
	"strings"
)

// takeovers replace rows of others, with the consent of the stream, where the scenarios of
// truncate_insert by a recipe do not.
var takeovers = []scenario{
	{
		name: "take over and replace", have: wholeTable, prefill: filled, before: filledRows,
		stream: "write_mode: truncate_insert, takeover: true", later: "write_mode: truncate_insert",
		want:    [2]string{"TABLE first", "TABLE second"},
		recipes: [2]string{"swap", "swap"},
	},
	{
		name: "take over and replace by group", have: wholeTable, prefill: filled + "UPDATE analytics.target SET grp = -1000 WHERE id <= 0;",
		stream: "write_mode: delete_insert, unique_columns: [grp], takeover: true", later: "write_mode: delete_insert, unique_columns: [grp]",
		before: inOtherGroup(filledRows),
		want: [2]string{
			inOtherGroup(old) + " UNION ALL TABLE first",
			inOtherGroup(old) + " UNION ALL TABLE second UNION ALL SELECT * FROM first f WHERE NOT EXISTS (SELECT FROM second s WHERE s.grp = f.grp)",
		},
		recipes: [2]string{"stage+delete+insert", "stage+delete+insert"},
	},
	{
		name: "take over as a history", have: openVersions, prefill: filled + versioned,
		stream: "write_mode: history, takeover: true", later: "write_mode: history", before: filledRows,
		want:    [2]string{"TABLE first", "TABLE second"},
		recipes: [2]string{"stage+versions", "stage+versions"},
	},
}

// versioned gives the target the columns of a history.
const versioned = "ALTER TABLE analytics.target ADD valid_from timestamptz NOT NULL DEFAULT '2020-01-01', ADD valid_to timestamptz;"

// inOtherGroup puts the rows that no run brings into a group that no run brings either.
func inOtherGroup(query string) string {
	return "SELECT id, CASE WHEN id <= 0 THEN -1000 ELSE grp END AS grp, note, amount, payload, updated_at FROM (" + query + ") g"
}

// parentRecipes are the ways into a table from which others inherit, where they differ
// from those into a table that the first run makes.
var parentRecipes = map[string][2]string{
	"insert straight in":                  {"copy", "copy"},
	"insert of new rows":                  {"stage+insert", "stage+insert"},
	replaceNew:                            {"copy", "stage+delete+insert"},
	"upsert":                              {"stage+on-conflict", "stage+on-conflict"},
	"upsert of new rows without an index": {"stage+update+insert", "stage+update+insert"},
	"delete and insert by group":          {"stage+delete+insert", "stage+delete+insert"},
	"insert and ignore":                   {"stage+insert", "stage+insert"},
	withRejects:                           {"stage+insert", "stage+insert"},
}

// intoParents are the scenarios with a target from which another table inherits; that one
// holds rows of the same keys. A swap is none of them, because it is refused.
func intoParents() []scenario {
	const child = `CREATE TABLE analytics.child () INHERITS (analytics.target);
		INSERT INTO analytics.child SELECT n, 0, 'child', 0, '{}', '2020-01-01 00:00:00+00' FROM generate_series(-5, 2000) s(n);`
	var all []scenario
	for _, s := range slices.Concat(scenarios, takeovers) {
		if s.recipes[0] == "swap" {
			continue
		}
		if recipes, other := parentRecipes[s.name]; other {
			s.recipes = recipes
		}
		if s.prefill == "" {
			s.prefill = "CREATE TABLE analytics.target " + tableColumns + ";"
			if s.name == "upsert" {
				s.prefill += "ALTER TABLE analytics.target ADD PRIMARY KEY (id);"
			}
			if s.name == "history" {
				s.prefill += versioned
			}
		}
		s.name, s.prefill, s.beside = "into a parent: "+s.name, s.prefill+child, "child"
		s.have = strings.ReplaceAll(s.have, "analytics.target", "ONLY analytics.target")
		all = append(all, s)
	}
	return all
}

// halfOpen appends new rows without an overlap. Some have no cursor or an endless one, so
// that every read brings them.
var halfOpen = scenario{
	name: "insert without an overlap", stream: "write_mode: insert", dataset: "cursor: updated_at, overlap: none, nulls: include, ",
	columns: unordered,
	have:    legible(wholeTable),
	want: [2]string{
		legible(halfRead + "SELECT f.* FROM f, ends WHERE f.updated_at < f_end OR " + endless),
		legible(halfRead + `SELECT f.* FROM f, ends WHERE f.updated_at < f_end OR ` + endless + `
			UNION ALL SELECT f.* FROM s AS f, ends WHERE f.updated_at >= f_end AND f.updated_at < s_end
			UNION ALL SELECT f.* FROM s AS f WHERE (` + endless + `) AND NOT EXISTS (SELECT FROM first o WHERE o.id = f.id)`),
	},
	recipes: [2]string{"create+copy", "stage+insert"},
}

const (
	// unordered are the columns of rows of which some have no cursor or an endless one.
	unordered = "id, grp, note, amount, payload, CASE abs(id) % 20 WHEN 0 THEN NULL WHEN 1 THEN timestamptz 'infinity' ELSE updated_at END AS updated_at"
	endless   = "f.updated_at IS NULL OR f.updated_at = 'infinity'"
	// halfRead begins queries over both tables as the flow reads them, f and s, and their
	// newest cursors, which wait.
	halfRead = "WITH f AS (SELECT " + unordered + " FROM first), s AS (SELECT " + unordered + ` FROM second),
		ends AS (SELECT (SELECT max(updated_at) FROM f WHERE updated_at < 'infinity') AS f_end, (SELECT max(updated_at) FROM s WHERE updated_at < 'infinity') AS s_end) `
)

// legible puts times that every system can count in the place of those that it cannot.
func legible(query string) string {
	return `SELECT id, grp, note, amount, payload, CASE WHEN updated_at IS NULL THEN timestamptz '1970-01-01 00:00:00+00'
		WHEN updated_at = 'infinity' THEN timestamptz '1999-01-01 00:00:00+00' ELSE updated_at END AS updated_at FROM (` + query + ") l"
}
