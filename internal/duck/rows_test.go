package duck_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"leat/internal/duck"
	"leat/record"
)

// allTypes has one column of each type that travels.
func allTypes() *arrow.Schema {
	types := []arrow.DataType{
		record.Bool, record.Int16, record.Int32, record.Int64, record.Float32, record.Float64,
		record.Decimal(4, 2), record.Decimal(9, 0), record.Decimal(18, 6), record.Decimal(38, 10),
		record.Text, record.Binary, record.Date, record.Time, record.Timestamp, record.TimestampTZ,
		record.UUID(), record.JSON(),
	}
	fields := make([]arrow.Field, len(types))
	for i, t := range types {
		fields[i] = arrow.Field{Name: fmt.Sprintf("c%d", i), Type: t, Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

// fill appends row i to every builder; every seventh value of a column is NULL.
func fill(t testing.TB, b array.Builder, i int) {
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(i%3 == 0)
	case *array.Int16Builder:
		b.Append(int16(i*37 - 32768))
	case *array.Int32Builder:
		b.Append(int32(i*104_729 + math.MinInt32))
	case *array.Int64Builder:
		b.Append(int64(i)*1_299_709_000_003 + math.MinInt64)
	case *array.Float32Builder:
		b.Append(float32(i) / 3)
	case *array.Float64Builder:
		b.Append(float64(i) / 7)
	case *array.Decimal128Builder:
		fillDecimal(b, i)
	case *array.StringBuilder:
		b.Append(strings.Repeat("ž\x00", i%20) + fmt.Sprint(i))
	case *array.BinaryBuilder:
		b.Append([]byte(strings.Repeat("\xff\x00", i%15)))
	case *array.Date32Builder:
		b.Append(arrow.Date32(i*31 - 700_000))
	case *array.Time64Builder:
		b.Append(arrow.Time64(int64(i) * 17_000_001 % 86_400_000_000))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(int64(i)*86_399_999_999 - 62_135_596_800_000_000))
	default:
		fillExtension(t, b, i)
	}
}

func fillDecimal(b *array.Decimal128Builder, i int) {
	precision := b.Type().(*arrow.Decimal128Type).Precision
	if precision == 38 {
		b.Append(decimal128.New(int64(i)*7_919, uint64(i)*2_654_435_761).Negate())
		return
	}
	b.Append(decimal128.FromI64(int64(i%9_999) - 4_999))
}

func fillExtension(t testing.TB, b array.Builder, i int) {
	extension, ok := b.(interface{ StorageBuilder() array.Builder })
	if !ok {
		t.Fatalf("no values for %T", b)
	}
	switch storage := extension.StorageBuilder().(type) {
	case *array.FixedSizeBinaryBuilder:
		id := [16]byte{byte(i), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, byte(i >> 8), byte(i)}
		storage.Append(id[:])
	case *array.StringBuilder:
		storage.Append(fmt.Sprintf(`{"i": %d, "t": "čaj"}`, i))
	}
}

func makeRows(t testing.TB, schema *arrow.Schema, rows int) arrow.RecordBatch {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	for i := range rows {
		for c := range schema.Fields() {
			if i%7 == c%7 {
				builder.Field(c).AppendNull()
				continue
			}
			fill(t, builder.Field(c), i)
		}
	}
	return builder.NewRecordBatch()
}

func createTable(t testing.TB, conn *duck.Conn, name string, schema *arrow.Schema) {
	t.Helper()
	columns := make([]string, schema.NumFields())
	for i, field := range schema.Fields() {
		sqlType, err := duck.SQLType(field.Type)
		if err != nil {
			t.Fatal(err)
		}
		columns[i] = duck.Quote(field.Name) + " " + sqlType
	}
	mustExec(t, conn, "CREATE TABLE "+duck.Quote(name)+" ("+strings.Join(columns, ", ")+")")
}

func appendRows(t testing.TB, conn *duck.Conn, table string, rows ...arrow.RecordBatch) {
	t.Helper()
	appender, err := conn.Appender("", "main", table, rows[0].Schema())
	if err != nil {
		t.Fatalf("appender: %v", err)
	}
	defer appender.Close()
	for _, batch := range rows {
		if err := appender.Append(t.Context(), batch); err != nil {
			t.Fatalf("append: %v", err)
		}
	}
	if err := appender.Flush(t.Context()); err != nil {
		t.Fatalf("flush: %v", err)
	}
}

// readAll reads a query to its proven end as one batch per Next.
func readAll(ctx context.Context, conn *duck.Conn, query string, limits duck.Limits) ([]record.Batch, error) {
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []record.Batch
	for {
		batch, err := rows.Next(ctx, limits)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, batch)
	}
}

func texts(t testing.TB, batches []record.Batch) []string {
	var out []string
	for _, batch := range batches {
		rows, rejects, err := batch.Arrow()
		if err != nil || len(rejects) > 0 {
			t.Fatalf("decode: %v, %v", err, rejects)
		}
		out = append(out, rowTexts(rows)...)
	}
	return out
}

func rowTexts(rows arrow.RecordBatch) []string {
	out := make([]string, rows.NumRows())
	for i := range out {
		for _, column := range rows.Columns() {
			out[i] += column.ValueStr(i) + "|"
		}
	}
	return out
}

func TestRoundTripIsExact(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{})
	schema := allTypes()
	createTable(t, conn, "all types", schema)
	want := makeRows(t, schema, 5_000)
	tail := want.NewSlice(4_321, 5_000) // offsets inside a batch
	appendRows(t, conn, "all types", want, tail)
	batches, err := readAll(t.Context(), conn, `SELECT * FROM "all types"`, duck.Limits{Rows: 777, Bytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append(rowTexts(want), rowTexts(tail)...), texts(t, batches)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	got, _, _ := batches[0].Arrow()
	for i, field := range schema.Fields() {
		if !arrow.TypeEqual(field.Type, got.Schema().Field(i).Type) {
			t.Errorf("%s came back as %s", field.Type, got.Schema().Field(i).Type)
		}
	}
}

// TestStoredTextAgrees compares with DuckDB's own texts, so that a mistake made both
// ways is seen.
func TestStoredTextAgrees(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{})
	got, err := conn.Values(t.Context(), `SELECT x::VARCHAR = y FROM (VALUES (1))`+
		`, (SELECT '0a0b0c0d-0001-0203-0405-060708090a0b'::UUID AS x, '0a0b0c0d-0001-0203-0405-060708090a0b' AS y)`)
	if err != nil || got[0][0] != true {
		t.Fatalf("got %v, %v", got, err)
	}
	batches, err := readAll(t.Context(), conn, `SELECT '0a0b0c0d-0001-0203-0405-060708090a0b'::UUID, -1.5::DECIMAL(4,2), `+
		`12345678901234567890.123456789::DECIMAL(38,9), DATE '2024-02-29', TIMESTAMP '1969-12-31 23:59:59.999999', `+
		`TIMESTAMPTZ '2026-01-02 03:04:05+02', TIME '23:59:59.000001', '{"a":1}'::JSON, '\xAA'::BLOB, true, NULL::INTEGER`,
		duck.Limits{Rows: 10, Bytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`0a0b0c0d-0001-0203-0405-060708090a0b|-1.5|12345678901234567890.123456789|2024-02-29|` +
		`1969-12-31T23:59:59.999999|2026-01-02T01:04:05Z|23:59:59.000001|{"a":1}|qg==|true|(null)|`}
	if diff := cmp.Diff(want, texts(t, batches)); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestNotRepresentableValuesAreRejects(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{})
	batches, err := readAll(t.Context(), conn, `SELECT i, CASE i WHEN 2 THEN TIMESTAMP 'infinity' ELSE TIMESTAMP '2026-01-01' END AS at, `+
		`CASE i WHEN 4 THEN DATE '-infinity' END AS d, CASE i WHEN 0 THEN 170141183460469231731687303715884105727::HUGEINT ELSE 5 END AS h, `+
		`CASE i WHEN 5 THEN TIME '24:00:00' WHEN 2 THEN TIME '24:00:00' END AS t FROM range(7) r(i) ORDER BY i`,
		duck.Limits{Rows: 100, Bytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	rows, rejects, err := batches[0].Arrow()
	if err != nil {
		t.Fatal(err)
	}
	want := []record.Reject{
		{Row: 0, Column: "h", Reason: record.NotRepresentable(record.Decimal(38, 0))},
		{Row: 2, Column: "at", Reason: record.NotRepresentable(record.Timestamp)},
		{Row: 4, Column: "d", Reason: record.NotRepresentable(record.Date)},
		{Row: 5, Column: "t", Reason: record.NotRepresentable(record.Time)},
	}
	if diff := cmp.Diff(want, rejects); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
	if batches[0].Rows() != 7 || rows.NumRows() != 3 {
		t.Errorf("%d rows with %d kept, want 7 with 3", batches[0].Rows(), rows.NumRows())
	}
	if got := rows.Column(0).String(); got != "[1 3 6]" {
		t.Errorf("kept rows %s", got)
	}
}

func TestErrorInTheMiddleIsNoEnd(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{Threads: 1})
	_, err := readAll(t.Context(), conn,
		"SELECT CAST(CASE WHEN i = 900000 THEN 'x' ELSE i::VARCHAR END AS BIGINT) AS a FROM range(1000000) r(i)",
		duck.Limits{Rows: 10_000, Bytes: 1 << 20})
	if kindOf(err) != duck.Conversion {
		t.Errorf("got %v, want a conversion error", err)
	}
}

func TestCancelInTheMiddleIsNoEnd(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := conn.Query(ctx, "SELECT i FROM range(100000000) r(i)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if _, err := rows.Next(ctx, duck.Limits{Rows: 5_000, Bytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := rows.Next(ctx, duck.Limits{Rows: 100_000_000, Bytes: 1 << 30}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancelled read", err)
	}
}

func TestWideRowsMakeSmallBatches(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{})
	batches, err := readAll(t.Context(), conn, "SELECT i, repeat('x', 100000) AS s FROM range(500) r(i)", duck.Limits{Rows: 10_000, Bytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, batch := range batches {
		total += batch.Rows()
		if batch.Bytes() > 4<<20 {
			t.Errorf("a batch has %d bytes", batch.Bytes())
		}
	}
	if total != 500 {
		t.Errorf("%d rows, want 500", total)
	}
}

func TestDescribeCastsWhatDoesNotTravel(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{})
	query := `SELECT 1::TINYINT a, 255::UTINYINT b, 65535::USMALLINT c, 4294967295::UINTEGER d, 18446744073709551615::UBIGINT e, ` +
		`'x'::ENUM('x','y') f, [1,2] g, {'k': 1} h, MAP {'a': 1} i, INTERVAL '1 month 2 days' j, '101'::BIT k, ` +
		`TIMETZ '10:00:00+02' l, TIMESTAMP_NS '2026-01-01 00:00:00.123456789' m, TIMESTAMP_MS '2026-01-01 00:00:00.123' n, NULL o, 'quote"' AS "q""q"`
	columns, err := conn.Describe(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	batches, err := readAll(t.Context(), conn, "SELECT "+duck.SelectList(columns)+" FROM ("+query+")", duck.Limits{Rows: 10, Bytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`1|255|65535|4294967295|18446744073709551615|x|[1, 2]|{'k': 1}|{a=1}|1 month 2 days|101|10:00:00+02|` +
		`2026-01-01 00:00:00.123456789|2026-01-01T00:00:00.123|(null)|quote"|`}
	if diff := cmp.Diff(want, texts(t, batches)); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	rows, _, _ := batches[0].Arrow()
	for i, column := range columns {
		if !arrow.TypeEqual(column.Type, rows.Column(i).DataType()) {
			t.Errorf("%s is described as %s and travels as %s", column.Native, column.Type, rows.Column(i).DataType())
		}
	}
}

func TestAppendRefusals(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{})
	mustExec(t, conn, "CREATE TABLE t (c DECIMAL(4,2), s VARCHAR)")
	schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: record.Decimal(4, 2)}, {Name: "s", Type: record.Text}}, nil)
	for name, add := range map[string]func(*array.RecordBuilder){
		"too wide": func(b *array.RecordBuilder) {
			b.Field(0).(*array.Decimal128Builder).Append(decimal128.FromI64(10_000))
			b.Field(1).AppendNull()
		},
		"not UTF-8": func(b *array.RecordBuilder) {
			b.Field(0).AppendNull()
			b.Field(1).(*array.StringBuilder).Append("\xff")
		},
	} {
		builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		add(builder)
		appender, err := conn.Appender("", "main", "t", schema)
		if err != nil {
			t.Fatal(err)
		}
		if err := appender.Append(t.Context(), builder.NewRecordBatch()); err == nil {
			t.Errorf("%s: was not refused", name)
		}
		appender.Close()
	}
	if _, err := conn.Appender("", "main", "missing", schema); kindOf(err) != duck.Missing {
		t.Errorf("missing table: %v", err)
	}
	other := arrow.NewSchema([]arrow.Field{{Name: "nope", Type: record.Text}}, nil)
	if _, err := conn.Appender("", "main", "t", other); err == nil {
		t.Error("a missing column was not refused")
	}
}

func TestAppendIsPartOfTheTransaction(t *testing.T) {
	conn := openConn(t, duck.Memory, duck.Options{})
	mustExec(t, conn, "CREATE TABLE t (a BIGINT DEFAULT 7, b BIGINT)")
	mustExec(t, conn, "BEGIN")
	schema := arrow.NewSchema([]arrow.Field{{Name: "b", Type: record.Int64}}, nil)
	appendRows(t, conn, "t", makeRows(t, schema, 300_000))
	got, err := conn.Values(t.Context(), "SELECT count(*), min(a) FROM t")
	if err != nil || got[0][0] != int64(300_000) || got[0][1] != int64(7) {
		t.Errorf("inside the transaction: %v, %v", got, err)
	}
	mustExec(t, conn, "ROLLBACK")
	got, err = conn.Values(t.Context(), "SELECT count(*) FROM t")
	if err != nil || got[0][0] != int64(0) {
		t.Errorf("after rollback: %v, %v", got, err)
	}
}

func BenchmarkAppend(b *testing.B) {
	conn := openConn(b, duck.Memory, duck.Options{})
	schema, rows := benchRows(b)
	createTable(b, conn, "t", schema)
	b.ResetTimer()
	for range b.N {
		appender, err := conn.Appender("", "main", "t", schema)
		if err != nil {
			b.Fatal(err)
		}
		for range 20 {
			if err := appender.Append(b.Context(), rows); err != nil {
				b.Fatal(err)
			}
		}
		if err := appender.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
		appender.Close()
		mustExec(b, conn, "TRUNCATE t")
	}
	b.ReportMetric(float64(b.N)*20*float64(rows.NumRows())/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkRead(b *testing.B) {
	conn := openConn(b, duck.Memory, duck.Options{})
	schema, rows := benchRows(b)
	createTable(b, conn, "t", schema)
	for range 20 {
		appendRows(b, conn, "t", rows)
	}
	b.ResetTimer()
	for range b.N {
		batches, err := readAll(b.Context(), conn, "SELECT * FROM t", duck.Limits{Rows: 16_384, Bytes: 8 << 20})
		if err != nil {
			b.Fatal(err)
		}
		for _, batch := range batches {
			batch.Release()
		}
	}
	b.ReportMetric(float64(b.N)*20*float64(rows.NumRows())/b.Elapsed().Seconds(), "rows/s")
}

// benchRows are 50,000 rows of nine mixed columns.
func benchRows(b *testing.B) (*arrow.Schema, arrow.RecordBatch) {
	types := []arrow.DataType{
		record.Int64, record.Text, record.Text, record.Text, record.Decimal(12, 2), record.Int32, record.Bool, record.TimestampTZ, record.Date,
	}
	fields := make([]arrow.Field, len(types))
	for i, t := range types {
		fields[i] = arrow.Field{Name: fmt.Sprintf("c%d", i), Type: t, Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	return schema, makeRows(b, schema, 50_000)
}
