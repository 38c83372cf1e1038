package postgres

import (
	"context"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"leat/connectors"
	"leat/record"
)

// strict is a target that refuses some rows of the shop.
const strict = shop + `; CREATE TABLE dwh.t (id int PRIMARY KEY, name text NOT NULL CHECK (name <> 'n7'), at timestamp, UNIQUE (name));
	UPDATE t SET name = NULL WHERE id = 3; UPDATE t SET name = 'n1' WHERE id = 9`

func TestBadRowFailsTheRun(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, strict)
	for _, mode := range []connectors.WriteMode{connectors.Insert, connectors.Upsert, connectors.TruncateInsert} {
		_, err := into(c, "t", mode, "id").move(t)
		wantRefusal(t, err, connectors.Data, `constraint "t_name_check"`)
		wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(0)")
	}
}

func TestRejectsAreKept(t *testing.T) {
	t.Parallel()
	for _, mode := range []connectors.WriteMode{connectors.Insert, connectors.Upsert, connectors.TruncateInsert, connectors.InsertIgnore, connectors.DeleteInsert} {
		t.Run(string(mode), func(t *testing.T) {
			c, admin := newDatabase(t, strict)
			f := into(c, "t", mode, "id")
			f.target.RejectLimit = 3
			r := f.must(t)
			if r.Written != 7 || r.Rejected != 3 || len(r.RejectReasons) != 3 {
				t.Errorf("%+v", r)
			}
			wantRows(t, admin, "SELECT id FROM dwh.t", "(1)\n(10)\n(2)\n(4)\n(5)\n(6)\n(8)")
			wantRows(t, admin, "SELECT row_data ->> 'id', column_name, run FROM dwh.t__rejects",
				"(3,name,"+f.id().Run+")\n(7,,"+f.id().Run+")\n(9,,"+f.id().Run+")")
			f = into(c, "t", mode, "id")
			f.target.RejectLimit, f.run = 2, 5
			execute(t, admin, "DELETE FROM dwh.t")
			_, err := f.move(t)
			wantRefusal(t, err, connectors.Data, "more than 2 rows")
			wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(0)")
			wantRows(t, admin, "SELECT count(*) FROM dwh.t__rejects", "(3)")
		})
	}
}

func TestNullKeysAreRejected(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.InsertIgnore, "id").query("SELECT NULL::int AS id, 'a' AS name UNION ALL SELECT 1, 'b'")
	f.target.RejectLimit = -1
	if r := f.must(t); r.Written != 1 || r.Rejected != 1 {
		t.Errorf("%+v", r)
	}
	wantRows(t, admin, "SELECT row_data, reason FROM dwh.t__rejects", `("{""id"":null,""name"":""a""}","a unique column is NULL")`)
}

// Rows that cannot be encoded never reach the server; many of them are kept as well.
func TestUnencodableRows(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh")
	schema := record.Schema{Columns: []record.Column{{Name: "id", Type: record.Int64}, {Name: "v", Type: record.Text, Nullable: true}}}
	f := into(c, "t", connectors.Insert)
	f.target.Schema, f.target.SourceKind, f.run = schema, "other", 1
	for _, limit := range []int64{0, -1} {
		f.target.RejectLimit = limit
		load, err := c.Begin(t.Context(), f.id(), []connectors.Target{f.target})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = load.Abort(context.WithoutCancel(t.Context())) }()
		if err := load.Announce(t.Context(), 0, schema); err != nil {
			t.Fatal(err)
		}
		err = load.Write(t.Context(), 0, 0, nulTexts(schema, 1500))
		if limit == 0 {
			wantRefusal(t, err, connectors.Data, `column "v"`, "NUL")
			_ = load.Abort(t.Context())
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		reports, err := load.Commit(t.Context(), []connectors.Close{{RowsRead: 1500, Whole: true}})
		if err != nil || reports[0].Rejected != 750 || reports[0].Written != 750 {
			t.Fatalf("%+v, %v", reports, err)
		}
	}
	wantRows(t, admin, "SELECT count(*), count(DISTINCT row_data ->> 'id') FROM dwh.t__rejects", "(750,750)")
	wantRows(t, admin, "SELECT count(*), min(v) FROM dwh.t", "(750,fine)")
}

// nulTexts makes rows of which every second has a NUL character.
func nulTexts(schema record.Schema, n int) record.Batch {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema.Arrow())
	defer builder.Release()
	for i := range n {
		builder.Field(0).(*array.Int64Builder).Append(int64(i))
		builder.Field(1).(*array.StringBuilder).Append([]string{"fine", "a\x00b"}[i%2])
	}
	return record.FromArrow(builder.NewRecordBatch())
}

// numbers makes one batch of int8 values.
func numbers(schema record.Schema, values ...int64) record.Batch {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema.Arrow())
	defer builder.Release()
	for _, value := range values {
		builder.Field(0).(*array.Int64Builder).Append(value)
	}
	return record.FromArrow(builder.NewRecordBatch())
}

// numbers32 makes one batch of int4 values.
func numbers32(schema record.Schema, values ...int32) record.Batch {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema.Arrow())
	defer builder.Release()
	for _, value := range values {
		builder.Field(0).(*array.Int32Builder).Append(value)
	}
	return record.FromArrow(builder.NewRecordBatch())
}
