package faults_test

import "slices"

// duckRecipes are the ways into a DuckDB file that differ from those into PostgreSQL.
var duckRecipes = map[string][2]string{
	replaceNew:          {"create+copy", "stage+delete+insert"},
	"upsert":            {"create+copy", "stage+update+insert"},
	"insert and ignore": {"create+copy", "stage+insert"},
}

// duckRejects brings a time that DuckDB cannot hold. A NULL in the key, which PostgreSQL
// keeps apart as well, fails a load into DuckDB.
var duckRejects = scenario{
	name: withRejects, stream: "write_mode: insert, rejects: 100000", have: wholeTable,
	columns: "id, grp, note, amount, payload, CASE WHEN id % 20 <> 0 THEN updated_at ELSE 'infinity' END AS updated_at",
	want:    [2]string{firstKept, firstKept + " UNION ALL SELECT * FROM second WHERE id % 20 <> 0"},
	rejects: [2]string{"SELECT count(*) FROM first WHERE id % 20 = 0", "SELECT count(*) FROM (TABLE first UNION ALL TABLE second) r WHERE id % 20 = 0"},
	recipes: [2]string{"create+copy", "copy"},
}

// intoDuckDB are the scenarios with a DuckDB file as the target: all of them but the swap
// and the merge, because DuckDB deletes and inserts.
func intoDuckDB() []scenario {
	var all []scenario
	for _, s := range append(slices.Clone(scenarios), duckRejects) {
		if s.recipes[0] == "swap" || s.recipes[0] == "stage+merge" || s.name == withRejects && s.columns != duckRejects.columns {
			continue
		}
		if recipes, other := duckRecipes[s.name]; other {
			s.recipes = recipes
		}
		s.name, s.into = "into DuckDB: "+s.name, duckdb
		all = append(all, s)
	}
	return all
}

// otherSources are loads from a DuckDB file and from a CSV file into PostgreSQL.
func otherSources() []scenario {
	var all []scenario
	for _, from := range []system{duckdb, csv} {
		for _, name := range []string{"insert straight in", replaceNew} {
			s := scenarioNamed(name)
			s.name, s.from = "from "+string(from)+": "+s.name, from
			all = append(all, s)
		}
	}
	return all
}
