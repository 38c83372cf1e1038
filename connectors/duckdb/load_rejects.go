package duckdb

import (
	"context"
	"strings"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
	"leat/internal/duck"
	"leat/record"
)

// reject keeps rows that cannot be stored apart, beside the target and in the applying
// transaction, or fails the load at the first one too many.
func (l *load) reject(ctx context.Context, it *item, found []sqlload.Rejected) error {
	for _, r := range found {
		if err := it.rejects.Add(it.stream, r); err != nil {
			return err
		}
	}
	if len(found) == 0 {
		return nil
	}
	name := sqlload.RejectsTable(dialect{}, it.stream.Table)
	s := l.s.about("keep the rejected rows in " + name.Name)
	if !it.keeps {
		if _, err := s.Exec(ctx, sqlload.CreateRejects(dialect{}, name)); err != nil {
			return err
		}
		it.keeps = true
	}
	if err := sqlload.InsertRejects(ctx, s, dialect{}, name, l.id.Run, found); err != nil {
		return err
	}
	crashpoint.Reach("load.rejects_kept")
	return nil
}

// rejectUnreadable takes rows out of the staging table whose texts DuckDB cannot read as
// values of their columns: a label that an enum lacks, a text that is no JSON or no UUID.
func (l *load) rejectUnreadable(ctx context.Context, it *item) error {
	s := l.s.about("look for texts that " + it.stream.Table.String() + " cannot hold")
	for _, field := range it.plan.Spec.Fields {
		if !field.Text || it.plan.Direct {
			continue
		}
		column := duck.Quote(field.Column)
		where := " FROM " + it.plan.CopyInto + " WHERE " + column + " IS NOT NULL AND TRY_CAST(" + column + " AS " + field.Type + ") IS NULL"
		rows, err := s.Query(ctx, "SELECT "+document(it.plan.Spec)+where+" ORDER BY rowid"+it.rejects.Room(it.stream))
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			continue
		}
		found := make([]sqlload.Rejected, len(rows))
		for i, row := range rows {
			found[i] = sqlload.Rejected{Reject: record.Reject{Column: field.Column, Reason: "the text cannot be read as " + kindOf(field.Type)}, Document: row[0].Text}
		}
		if err := l.reject(ctx, it, found); err != nil {
			return err
		}
		if _, err := s.Exec(ctx, "DELETE"+where); err != nil {
			return err
		}
		it.sent -= int64(len(rows))
	}
	return nil
}

// kindOf leaves out the labels of an enum.
func kindOf(typeName string) string {
	if strings.HasPrefix(typeName, "ENUM(") {
		return "a label of the column's enum"
	}
	return typeName
}

// document is a staged row as JSON, in SQL.
func document(spec sqlload.Spec) string {
	var parts []string
	for _, field := range spec.Fields {
		if !field.Meta {
			parts = append(parts, duck.Quote(field.Column)+" := "+duck.Quote(field.Column))
		}
	}
	return "CAST(to_json(struct_pack(" + strings.Join(parts, ", ") + ")) AS VARCHAR)"
}

// input is what the load knows when its last row has been appended.
func (it *item) input(copied int64, end connectors.Close) sqlload.Input {
	return sqlload.Input{Copied: copied, Sent: it.sent, Rejected: it.rejects.Count, Bytes: it.bytes, Close: end, LastGood: it.lastGood}
}

// Rejects selects the rejected rows that a run kept beside a table.
func (*connection) Rejects(table connectors.Table, run string) (connectors.Selection, error) {
	return sqlload.SelectRejects(dialect{}, table, run)
}
