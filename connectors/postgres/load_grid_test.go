package postgres

import (
	"fmt"
	"strings"
	"testing"

	"leat/connectors"
	"leat/internal/cells"
)

// grid says for every write mode, and for every recipe of truncate_insert, as the table's
// owner and as a role with the grants of the seed page, what becomes of a load into a
// filled table of each shape: ok, or the word of a refusal. The second run reads the same
// rows again.
const grid = `
role   mode                           plain  kept     gone     kept-cascade  gone-cascade  policies  trigger  partial  deferrable  dependants  parent
owner  insert                         once   once     once     once          once          once      trigger  once     once        once        once
seed   insert                         once   once     once     once          once          once      trigger  once     once        once        once
owner  insert_ignore                  ok     ok       ok       ok            ok            ok        trigger  ok       ok          ok          ok
seed   insert_ignore                  ok     ok       ok       ok            ok            policy    trigger  ok       ok          ok          ok
owner  truncate_insert/auto           ok     ok       refers   ok            cascade       ok        trigger  ok       ok          ok          ok
seed   truncate_insert/auto           ok     ok       refers   ok            cascade       policy    trigger  ok       ok          ok          ok
owner  truncate_insert/merge          ok     ok       refers   ok            cascade       ok        trigger  no-key   no-key      ok          ok
seed   truncate_insert/merge          ok     ok       refers   ok            cascade       policy    trigger  no-key   no-key      ok          ok
owner  truncate_insert/delete_insert  ok     refers   refers   cascade       cascade       ok        trigger  ok       ok          ok          ok
seed   truncate_insert/delete_insert  ok     refers   refers   cascade       cascade       policy    trigger  ok       ok          ok          ok
owner  truncate_insert/swap           ok     no-swap  no-swap  no-swap       no-swap       no-swap   no-swap  ok       ok          no-swap     no-swap
seed   truncate_insert/swap           no-swap no-swap no-swap  no-swap       no-swap       policy    no-swap  no-swap  no-swap     no-swap     no-swap
owner  upsert                         ok     ok       ok       ok            ok            ok        trigger  ok       ok          ok          ok
seed   upsert                         ok     ok       ok       ok            ok            policy    trigger  ok       ok          ok          ok
owner  update                         ok     ok       ok       ok            ok            ok        trigger  ok       ok          ok          ok
seed   update                         ok     ok       ok       ok            ok            policy    trigger  ok       ok          ok          ok
owner  delete                         ok     refers   ok       cascade       ok            ok        trigger  ok       ok          ok          ok
seed   delete                         ok     refers   ok       cascade       ok            policy    trigger  ok       ok          ok          ok
owner  delete_insert                  ok     refers   ok       cascade       ok            ok        trigger  ok       ok          ok          ok
seed   delete_insert                  ok     refers   ok       cascade       ok            policy    trigger  ok       ok          ok          ok
owner  history                        ok     ok       ok       ok            ok            ok        trigger  ok       ok          ok          ok
seed   history                        ok     ok       ok       ok            ok            policy    trigger  ok       ok          ok          ok
`

// gridRefusals are the kind and the words of the refusals.
var gridRefusals = map[string]struct {
	kind  connectors.Kind
	words []string
}{
	"once":    {connectors.Data, []string{"unique", "t_key"}},
	"refers":  {connectors.Data, []string{"child", "upsert"}},
	"cascade": {connectors.Data, []string{`"child_t_fkey"`, "child", "upsert"}},
	"policy":  {connectors.Permission, []string{"row security", "BYPASSRLS"}},
	"trigger": {connectors.Data, []string{`trigger "picky"`, "Disable"}},
	"no-key":  {connectors.Config, []string{"no unique index", "Make a unique index"}},
	"no-swap": {connectors.Config, []string{"swapping", "replace: auto"}},
}

// TestGrid visits cells of the grid, and fails when the grid lacks one.
func TestGrid(t *testing.T) {
	t.Parallel()
	w := newGridWorld(t)
	lines := strings.Split(strings.TrimSpace(grid), "\n")
	shapes := strings.Fields(lines[0])[2:]
	known, visited := map[string]int{}, 0
	for row, line := range lines[1:] {
		fields := strings.Fields(line)
		role, mode := fields[0], fields[1]
		for i, outcome := range fields[2:] {
			known[role+"/"+mode+"/"+shapes[i]]++
			if !cells.Visited(6, row+i) {
				continue
			}
			cell := gridCell{world: w, schema: fmt.Sprintf("cell_%d", visited), role: role, shape: shapes[i], outcome: outcome}
			name, replace, _ := strings.Cut(mode, "/")
			cell.mode, cell.replace = connectors.WriteMode(name), connectors.Replace(replace)
			t.Run(role+"/"+mode+"/"+shapes[i], cell.test)
			visited++
		}
	}
	wantGridComplete(t, known, shapes)
	t.Logf("%d of %d cells, two runs each", visited, len(known))
}

// wantGridComplete compares the cells with what the connector declares.
func wantGridComplete(t *testing.T, known map[string]int, shapes []string) {
	t.Helper()
	cells := 0
	for _, role := range []string{"owner", "seed"} {
		for _, mode := range gridModes() {
			for _, shape := range shapes {
				cells++
				if name := role + "/" + mode + "/" + shape; known[name] != 1 {
					t.Errorf("the cell %s stands in the grid %d times", name, known[name])
				}
			}
		}
	}
	if len(known) != cells || cells != 2*11*11 {
		t.Errorf("the grid has %d cells, want %d", len(known), cells)
	}
}

// gridModes lists the write modes, and truncate_insert once per recipe.
func gridModes() []string {
	var modes []string
	for _, mode := range New().Descriptor().Capabilities.WriteModes {
		if mode != connectors.TruncateInsert {
			modes = append(modes, string(mode))
			continue
		}
		for _, replace := range []connectors.Replace{connectors.ReplaceAuto, connectors.ReplaceMerge, connectors.ReplaceDeleteInsert, connectors.ReplaceSwap} {
			modes = append(modes, string(mode)+"/"+string(replace))
		}
	}
	return modes
}
