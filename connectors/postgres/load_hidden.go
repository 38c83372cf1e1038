package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
)

// orderColumn of a hidden staging table keeps the read order, which places of rows that
// several sessions copied do not tell.
const orderColumn = "_leat_order"

// mark says whose a hidden table is. It is the table's comment, written in the
// transaction that makes the table, so that no crash leaves one without the other.
type mark struct {
	Installation string `json:"installation"`
	Stream       string `json:"stream"`
	Run          string `json:"run"`
	Fence        int64  `json:"fence"`
}

func (l *load) mark(it *item) mark {
	return mark{Installation: l.id.Installation, Stream: it.target.StateKey, Run: l.id.Run, Fence: it.state.Fence}
}

// name is the table's name, which proves that a comment belongs to it.
func (m mark) name() string {
	return "_leat_" + sqlload.Hash(24, m.Installation, m.Stream, m.Run, strconv.FormatInt(m.Fence, 10))
}

// comment is the statement that writes the mark.
func (m mark) comment(table connectors.Table) (string, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("encode the mark of a hidden table: %w", err)
	}
	// COMMENT takes no parameters; the mark holds no NUL, since it is JSON.
	return "COMMENT ON TABLE " + quoteTable(table) + " IS '" + strings.ReplaceAll(string(text), "'", "''") + "'", nil
}

// planLoad builds the plan of a target, with a hidden table where several writers were
// asked for and fit.
func (l *load) planLoad(ctx context.Context, it *item) (*sqlload.Plan, error) {
	d := l.d
	d.schema = it.stream.Table.Schema
	if it.target.Writers < 2 {
		return sqlload.Build(d, it.match.spec)
	}
	why, err := l.oneWriter(ctx, it)
	if err != nil {
		return nil, err
	}
	if why == "" {
		hiding := d
		hiding.hidden = true
		plan, err := sqlload.Build(hiding, l.hiddenSpec(it))
		if err != nil || plan.OneWriter == "" {
			return plan, err
		}
		why = plan.OneWriter
	}
	it.how = fmt.Sprintf("one writer instead of %d, since %s", it.target.Writers, why)
	return sqlload.Build(d, it.match.spec)
}

// oneWriter says what stands against parallel writers; "" when nothing does.
func (l *load) oneWriter(ctx context.Context, it *item) (string, error) {
	schema := it.stream.Table.Schema
	switch {
	case len(l.items) > 1:
		return "all tables of the flow are stored in one transaction", nil
	case it.parts < 2:
		return "the source was read in one part", nil
	case it.target.RejectLimit != 0:
		return "rejected rows are kept apart", nil
	case it.target.Layout == connectors.LayoutRaw:
		return "the raw layout has one column order", nil
	case it.have != nil && it.have.RowSecurity:
		return "the table has row security", nil
	case it.have != nil && slices.Contains(it.have.lacks, "SELECT"):
		return "this user may not read the table", nil
	case slices.ContainsFunc(it.match.spec.Fields, func(f sqlload.Field) bool { return f.Column == orderColumn }):
		return "a column is called " + orderColumn, nil
	case len(it.match.spec.Fields) >= maxColumns:
		return fmt.Sprintf("the order of the rows needs a column, and a table has at most %d", maxColumns), nil
	}
	row, err := l.s.one(ctx, "SELECT has_schema_privilege($1, 'CREATE')", schema)
	if err != nil || row[0].Bool() {
		return "", err
	}
	return fmt.Sprintf("user %q may not make tables in the schema %q", l.s.attempt.User, schema), nil
}

// hiddenSpec is the target's spec with a hidden table.
func (l *load) hiddenSpec(it *item) sqlload.Spec {
	spec := it.match.spec
	table := connectors.Table{Schema: it.stream.Table.Schema, Name: l.mark(it).name()}
	unmark := "COMMENT ON TABLE " + quoteTable(table) + " IS NULL"
	spec.Staging = table.Name
	spec.Hidden = &sqlload.Hidden{Table: table, Become: []string{unmark, "ALTER TABLE " + quoteTable(table) + " RENAME TO " + pgwire.Quote(it.stream.Table.Name)}}
	return spec
}

// hide makes the hidden table and starts its writers. The target keeps its shape from
// here on, as it does under a COPY in the applying transaction.
func (l *load) hide(ctx context.Context, it *item, plan *sqlload.Plan) error {
	if it.have != nil {
		if _, err := l.s.Exec(ctx, "LOCK TABLE "+it.have.Rows(quoteTable(it.stream.Table))+" IN ACCESS SHARE MODE"); err != nil {
			return err
		}
	}
	l.writers = &writers{load: l, it: it, table: plan.Spec.Hidden.Table}
	if err := l.writers.connect(ctx, min(it.target.Writers, it.parts)); err != nil {
		return err
	}
	first := l.writers.all[0].s
	if err := first.inTransaction(ctx, func(ctx context.Context) error { return l.makeHidden(ctx, first, it, plan) }); err != nil {
		return err
	}
	crashpoint.Reach("load.hidden_made")
	it.how = fmt.Sprintf("%d writers at once", len(l.writers.all))
	return nil
}

// makeHidden makes the table under the state row's lock: a load that was overtaken makes
// none that the newer one's janitor has not seen.
func (l *load) makeHidden(ctx context.Context, s *session, it *item, plan *sqlload.Plan) error {
	if err := l.stores[it.stream.Table.Schema].Require(ctx, s, it.stream, it.state.Fence); err != nil {
		return err
	}
	comment, err := l.mark(it).comment(plan.Spec.Hidden.Table)
	if err != nil {
		return err
	}
	return s.asRole(ctx, func() error {
		if err := plan.RunHidden(ctx, s); err != nil {
			return err
		}
		return s.command(ctx, comment)
	})
}
