package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/record"
)

// applyPlan applies a target's plan. Where rejects are allowed it first tries the whole,
// and only when the database refuses a row it searches for the bad ones: ranges of the
// staging table are applied under savepoints and halved until single rows remain.
func (l *load) applyPlan(ctx context.Context, s *session, it *item, end connectors.Close) (connectors.Report, error) {
	if it.target.RejectLimit == 0 {
		return l.applyOnce(ctx, s, it, end)
	}
	if err := l.rejectNullKeys(ctx, s, it); err != nil {
		return connectors.Report{}, err
	}
	if err := s.command(ctx, "SAVEPOINT leat_apply"); err != nil {
		return connectors.Report{}, err
	}
	report, err := l.applyOnce(ctx, s, it, end)
	if !rowError(err) {
		return report, err
	}
	if err := s.command(ctx, "ROLLBACK TO SAVEPOINT leat_apply"); err != nil {
		return connectors.Report{}, err
	}
	if err := l.search(ctx, s, it); err != nil {
		return connectors.Report{}, err
	}
	return l.applyOnce(ctx, s, it, end)
}

func (l *load) applyOnce(ctx context.Context, s *session, it *item, end connectors.Close) (connectors.Report, error) {
	report, err := it.plan.Apply(ctx, s, it.input(end))
	report.RejectReasons = it.rejects.Reasons
	return report, err
}

// input is what the plan must know of the rows that were copied.
func (it *item) input(end connectors.Close) sqlload.Input {
	return sqlload.Input{Copied: it.copied, Sent: it.sent, Rejected: it.rejects.Count, Bytes: it.bytes, Close: end, LastGood: it.lastGood}
}

// rowError tells errors that one row may cause: its values, a constraint, a trigger.
func rowError(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (strings.HasPrefix(server.Code, "22") || strings.HasPrefix(server.Code, "23") || strings.HasPrefix(server.Code, "P0"))
}

// rejectNullKeys takes rows with NULL in the unique columns out of the staging table.
func (l *load) rejectNullKeys(ctx context.Context, s *session, it *item) error {
	if !it.plan.ByKey() {
		return nil
	}
	nulls := make([]string, len(it.plan.Spec.Unique))
	for i, column := range it.plan.Spec.Unique {
		nulls[i] = "s." + l.d.Quote(column) + " IS NULL"
	}
	condition := strings.Join(nulls, " OR ")
	return l.take(ctx, s, it, condition, record.Reject{Column: strings.Join(it.plan.Spec.Unique, ", "), Reason: "a unique column is NULL"})
}

// take moves the staged rows of a condition to the rejects.
func (l *load) take(ctx context.Context, s *session, it *item, condition string, reason record.Reject) error {
	rows, err := s.Query(ctx, "DELETE FROM "+it.plan.CopyInto+" AS s WHERE "+condition+" RETURNING pg_catalog.row_to_json(s.*)") // s alone could be a column
	if err != nil {
		return err
	}
	found := make([]sqlload.Rejected, len(rows))
	for i, row := range rows {
		found[i] = sqlload.Rejected{Reject: reason, Document: row[0].Text}
	}
	it.sent -= int64(len(rows))
	it.copied -= int64(len(rows))
	if err := l.reject(ctx, it, found); err != nil {
		return err
	}
	return s.command(ctx, searchPathOfRole)
}

// searcher applies ranges of the staging table on trial.
type searcher struct {
	l     *load
	s     *session
	it    *item
	trial *sqlload.Plan
	table string
	bad   map[string]record.Reject // by ctid
}

// search finds the rows that the database refuses and takes them out. Good ranges stay
// applied while it goes on, so that rows which contradict each other are found as well;
// at the end everything is undone.
func (l *load) search(ctx context.Context, s *session, it *item) error {
	f := &searcher{l: l, s: s, it: it, bad: map[string]record.Reject{}}
	if err := f.prepare(ctx); err != nil {
		return err
	}
	row, err := s.one(ctx, "SELECT pg_catalog.pg_relation_size(CAST($1 AS pg_catalog.regclass)) / pg_catalog.current_setting('block_size')::bigint", it.plan.CopyInto)
	if err != nil {
		return err
	}
	blocks, err := row[0].Int()
	if err != nil {
		return err
	}
	if err := f.blocks(ctx, 0, blocks); err != nil {
		return err
	}
	if err := s.command(ctx, "ROLLBACK TO SAVEPOINT leat_apply"); err != nil {
		return err
	}
	for ctid, reason := range f.bad {
		if err := l.take(ctx, s, it, "s.ctid OPERATOR(pg_catalog.=) '"+ctid+"'", reason); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the trial's own staging table and does what a trial must not repeat:
// drift, and the deletion of all old rows.
func (f *searcher) prepare(ctx context.Context) error {
	spec := f.it.plan.Spec
	spec.Staging += "_try"
	for _, ddl := range spec.Drift {
		if _, err := f.s.Exec(ctx, ddl); err != nil {
			return err
		}
	}
	spec.Drift = nil
	if spec.Target.Mode == connectors.TruncateInsert {
		spec.Target.Mode = connectors.Insert
		if strings.Contains(f.it.plan.Recipe, "merge") {
			spec.Target.Mode = connectors.Upsert
		} else if _, err := f.s.Exec(ctx, "DELETE FROM "+spec.Existing.Rows(quoteTable(spec.Table))); err != nil {
			return err
		}
	}
	trial, err := sqlload.Build(f.dialect(), spec)
	if err != nil {
		return err
	}
	f.trial, f.table = trial, trial.CopyInto
	_, err = f.s.Exec(ctx, trial.Setup[len(trial.Setup)-1].SQL)
	return err
}

func (f *searcher) dialect() dialect {
	d := f.l.d
	d.schema = f.it.stream.Table.Schema
	return d
}

// blocks tries the rows of a range of blocks.
func (f *searcher) blocks(ctx context.Context, from, to int64) error {
	if from >= to {
		return nil
	}
	condition := fmt.Sprintf("s.ctid OPERATOR(pg_catalog.>=) '(%d,0)' AND s.ctid OPERATOR(pg_catalog.<) '(%d,0)'", from, to)
	failed, err := f.try(ctx, condition)
	if err != nil || failed == nil {
		return err
	}
	if to-from > 1 {
		middle := (from + to) / 2
		if err := f.blocks(ctx, from, middle); err != nil {
			return err
		}
		return f.blocks(ctx, middle, to)
	}
	rows, err := f.s.Query(ctx, "SELECT s.ctid FROM "+f.it.plan.CopyInto+" s WHERE "+condition+" ORDER BY s.ctid")
	if err != nil {
		return err
	}
	ctids := make([]string, len(rows))
	for i, row := range rows {
		ctids[i] = row[0].Text
	}
	return f.rows(ctx, ctids)
}

// rows tries the rows of one block.
func (f *searcher) rows(ctx context.Context, ctids []string) error {
	if len(ctids) == 0 {
		return nil
	}
	failed, err := f.try(ctx, "s.ctid OPERATOR(pg_catalog.=) ANY ('{"+`"`+strings.Join(ctids, `","`)+`"`+"}'::pg_catalog.tid[])")
	if err != nil || failed == nil {
		return err
	}
	if len(ctids) == 1 {
		f.bad[ctids[0]] = *failed
		if limit := f.it.target.RejectLimit; limit >= 0 && f.it.rejects.Count+int64(len(f.bad)) > limit {
			return sqlload.TooManyRejects(f.it.stream, sqlload.Rejected{Reject: *failed})
		}
		return nil
	}
	middle := len(ctids) / 2
	if err := f.rows(ctx, ctids[:middle]); err != nil {
		return err
	}
	return f.rows(ctx, ctids[middle:])
}

// try applies the staged rows of a condition. Rows that are refused leave no trace.
func (f *searcher) try(ctx context.Context, condition string) (*record.Reject, error) {
	if err := f.s.command(ctx, "SAVEPOINT leat_try"); err != nil {
		return nil, err
	}
	_, err := f.s.Exec(ctx, "INSERT INTO "+f.table+" SELECT s.* FROM "+f.it.plan.CopyInto+" s WHERE "+condition+" ORDER BY s.ctid")
	if err == nil {
		err = f.trial.Try(ctx, f.s)
	}
	if err == nil {
		_, err = f.s.Exec(ctx, "DELETE FROM "+f.table)
	}
	if err == nil {
		return nil, f.s.command(ctx, "RELEASE SAVEPOINT leat_try")
	}
	if !rowError(err) {
		return nil, err
	}
	reason := reasonOf(err)
	return &reason, f.s.command(ctx, "ROLLBACK TO SAVEPOINT leat_try; RELEASE SAVEPOINT leat_try")
}

// reasonOf turns a mapped error into a reject; its message holds no value.
func reasonOf(err error) record.Reject {
	reject := record.Reject{Reason: connectors.AsError(err).Message}
	if _, after, ok := strings.Cut(reject.Reason, ": "); ok {
		reject.Reason = after
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		reject.Column = server.ColumnName
	}
	return reject
}
