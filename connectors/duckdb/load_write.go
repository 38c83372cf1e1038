package duckdb

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
	"leat/record"
)

// Write takes over the batch and appends its rows.
func (l *load) Write(ctx context.Context, target, part int, batch record.Batch) error {
	defer batch.Release()
	l.mu.Lock()
	defer l.mu.Unlock()
	it := l.items[target]
	if l.ended || !it.announced {
		return &connectors.Error{Kind: connectors.Internal, Message: fmt.Sprintf("rows for %s came before their schema or after the end", it.target.Table)}
	}
	rows, rejects, err := batch.Arrow()
	if err != nil {
		return fmt.Errorf("decode rows for %s: %w", it.stream.Table, err)
	}
	if int(rows.NumCols()) != len(it.schema.Columns) {
		return &connectors.Error{Kind: connectors.Internal, Message: fmt.Sprintf("a batch for %s has %d columns, %d were announced", it.stream.Table, rows.NumCols(), len(it.schema.Columns))}
	}
	if err := l.prepare(ctx, it); err != nil {
		return err
	}
	checked, err := it.narrow(rows)
	if err != nil {
		return fmt.Errorf("check rows for %s: %w", it.stream.Table, err)
	}
	defer checked.release()
	found := append(sqlload.Undecoded(rejects), sqlload.Among(checked.rejects, rejects)...)
	if err := l.reject(ctx, it, sqlload.Placed(found, it.places.Next(part, batch.Rows()), part, len(it.places))); err != nil {
		return err
	}
	it.bytes += int64(batch.Bytes())
	return l.append(ctx, it, checked)
}

// prepare builds the plan, makes the tables that it needs and opens the appender.
func (l *load) prepare(ctx context.Context, it *item) error {
	if it.plan != nil {
		return nil
	}
	plan, err := sqlload.Build(dialect{}, it.match.Spec)
	if err != nil {
		return err
	}
	it.narrowers = narrowers(it.match, it.schema, it.target.SourceKind)
	if err := plan.RunSetup(ctx, l.s.about("prepare the load of "+it.stream.Table.String())); err != nil {
		return err
	}
	catalog, schema, table := "temp", defaultSchema, it.match.Spec.Staging
	if plan.Direct {
		catalog, schema, table = "", it.stream.Table.Schema, it.stream.Table.Name
	}
	appender, err := l.handle.conn.Appender(catalog, schema, table, it.arrowSchema())
	if err != nil {
		return mapError(err, "open "+it.stream.Table.String()+" for rows")
	}
	it.plan, it.appender = plan, appender
	crashpoint.Reach("load.copy_open")
	return nil
}

// arrowSchema is what is appended: the kept columns under the target's names, and then
// those that Leat fills.
func (it *item) arrowSchema() *arrow.Schema {
	fields := make([]arrow.Field, len(it.match.Spec.Fields))
	for i, field := range it.match.Spec.Fields {
		fields[i] = arrow.Field{Name: field.Column, Nullable: true}
		switch {
		case i < len(it.match.Kept):
			fields[i].Type = it.schema.Columns[it.match.Kept[i]].Type
		case field.Column == sqlload.LoadedAt:
			fields[i].Type = record.TimestampTZ
		default:
			fields[i].Type = record.Text
		}
	}
	for _, n := range it.narrowers {
		fields[n.kept].Type = n.makes
	}
	return arrow.NewSchema(fields, nil)
}

// append adds the rows, with the columns in the target's order.
func (l *load) append(ctx context.Context, it *item, checked narrowed) error {
	rows := checked.rows
	schema := it.arrowSchema()
	columns := make([]arrow.Array, schema.NumFields())
	for i, field := range schema.Fields() {
		if column, ok := checked.columns[i]; ok {
			columns[i] = column
			continue
		}
		if i < len(it.match.Kept) {
			columns[i] = rows.Column(it.match.Kept[i])
			continue
		}
		filled := l.constant(field, int(rows.NumRows()))
		defer filled.Release()
		columns[i] = filled
	}
	batch := array.NewRecordBatch(schema, columns, rows.NumRows())
	defer batch.Release()
	if err := it.appender.Append(ctx, batch); err != nil {
		return mapError(err, "append rows to "+it.stream.Table.String())
	}
	it.sent += rows.NumRows()
	crashpoint.Reach("load.batch_written")
	return nil
}

// constant is a column that Leat fills.
func (l *load) constant(field arrow.Field, rows int) arrow.Array {
	builder := array.NewBuilder(memory.DefaultAllocator, field.Type)
	defer builder.Release()
	now := arrow.Timestamp(time.Now().UnixMicro())
	for range rows {
		switch b := builder.(type) {
		case *array.TimestampBuilder:
			b.Append(now)
		case *array.StringBuilder:
			b.Append(l.id.Run)
		}
	}
	return builder.NewArray()
}
