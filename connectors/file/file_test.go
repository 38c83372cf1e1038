package file_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"leat/connectors"
	"leat/connectors/connectortest"
	"leat/connectors/file"
	"leat/files"
	"leat/record"
)

// folder is a folder with files and a connection that reads them.
type folder struct {
	path       string
	roots      *files.Roots
	connection connectors.Connection
}

func newFolder(t testing.TB) folder {
	t.Helper()
	path := t.TempDir()
	roots, err := files.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = roots.Close() })
	connection, err := file.New().Open(t.Context(), nil, connectors.Env{Files: roots})
	if err != nil {
		t.Fatal(err)
	}
	return folder{path: path, roots: roots, connection: connection}
}

func (f folder) write(t testing.TB, name string, content []byte) connectors.Dataset {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.path, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return connectors.Dataset{Name: name}
}

func (f folder) describe(t testing.TB, dataset connectors.Dataset) (connectors.Description, error) {
	t.Helper()
	return f.connection.(connectors.Discoverer).Describe(t.Context(), dataset)
}

// table is what a read gave: columns as "name type", rows as texts, rejects as texts.
type table struct {
	Columns, Rows, Rejects []string
}

func (f folder) read(t testing.TB, selection connectors.Selection) (table, error) {
	t.Helper()
	read, err := f.connection.(connectors.Extractor).Read(t.Context(), []connectors.Selection{selection}, connectors.Want{})
	if err != nil {
		return table{}, err
	}
	defer read.Close()
	var got table
	for {
		event, err := read.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got.take(t, event)
	}
}

func (g *table) take(t testing.TB, event connectors.Event) {
	t.Helper()
	if event.Schema != nil {
		for _, column := range event.Schema.Columns {
			g.Columns = append(g.Columns, column.Name+" "+record.TypeName(column.Type))
		}
	}
	if event.Batch == nil {
		return
	}
	defer event.Batch.Release()
	rows, rejects, err := event.Batch.Arrow()
	if err != nil {
		t.Fatal(err)
	}
	if event.Batch.Rows() != int(rows.NumRows())+len(rejects) {
		t.Errorf("%d rows are %d kept and %d rejected", event.Batch.Rows(), rows.NumRows(), len(rejects))
	}
	for i := range int(rows.NumRows()) {
		values := make([]string, rows.NumCols())
		for c, column := range rows.Columns() {
			values[c] = column.ValueStr(i)
		}
		g.Rows = append(g.Rows, strings.Join(values, "|"))
	}
	for _, reject := range rejects {
		g.Rejects = append(g.Rejects, fmt.Sprintf("%s: %s", reject.Column, reject.Reason))
	}
}

func TestSuite(t *testing.T) {
	f := newFolder(t)
	connectortest.Run(t, connectortest.Harness{
		Connector: file.New(), Env: connectors.Env{Files: f.roots},
		Seed: func(t *testing.T, name string, rows []connectortest.Row) connectors.Dataset {
			var text strings.Builder
			text.WriteString("id,name,amount,at\n")
			for _, row := range rows {
				name := `"` + strings.ReplaceAll(row.Name, `"`, `""`) + `"`
				if row.NoName {
					name = ""
				}
				sign, amount := "", row.Amount
				if amount < 0 {
					sign, amount = "-", -amount
				}
				fmt.Fprintf(&text, "%d,%s,%s%d.%02d,%s\n", row.ID, name, sign, amount/100, amount%100, row.At.Format("2006-01-02 15:04:05.000000"))
			}
			return f.write(t, name+".csv", []byte(text.String()))
		},
	})
}

func TestTypes(t *testing.T) {
	f := newFolder(t)
	dataset := f.write(t, "types.csv", []byte(strings.Join([]string{
		"i,big,d,e,f,b,day,at,zoned,id,zip,phone,mixed,none,long,spaced,yn",
		"1,9223372036854775808,0.1,1e5,1.5,true,2026-02-28,2026-02-28 01:02:03,2026-02-28T01:02:03Z,6f9619ff-8b86-d011-b42d-00cf4fc964ff,007,+420777,1,,1.5,x ,Y",
		"-5,-1,12.345,-2.5E-3,12345678901234567890.5,FALSE,2024-02-29,2026-02-28T01:02,2026-02-28 01:02:03.123456+02:00,6F9619FF-8B86-D011-B42D-00CF4FC964FF,12345,777,x,,0.12345678901234567890123456789012345678, 2,N",
		`0, 7 ,"",NULL,,,"",,,,,"","",,,,`,
	}, "\r\n")))
	dataset.Options = map[string]string{"null": "NULL"}
	got, err := f.read(t, connectors.Selection{Dataset: dataset})
	if err != nil {
		t.Fatal(err)
	}
	want := table{
		Columns: []string{
			"i int64", "big decimal(38,0)", "d decimal(18,3)", "e float64", "f decimal(38,1)", "b bool", "day date", "at timestamp",
			"zoned timestamptz", "id uuid", "zip text", "phone text", "mixed text", "none text", "long text", "spaced text", "yn text",
		},
		Rows: []string{
			"1|9223372036854775808|0.1|100000|1.5|true|2026-02-28|2026-02-28T01:02:03|2026-02-28T01:02:03Z|6f9619ff-8b86-d011-b42d-00cf4fc964ff|007|+420777|1|(null)|1.5|x |Y",
			"-5|-1|12.345|-0.0025|12345678901234567890.5|false|2024-02-29|2026-02-28T01:02:00|2026-02-27T23:02:03.123456Z|6f9619ff-8b86-d011-b42d-00cf4fc964ff|12345|777|x|(null)|0.12345678901234567890123456789012345678| 2|N",
			"0|7|(null)|(null)|(null)|(null)|(null)|(null)|(null)|(null)|(null)|||(null)|(null)|(null)|(null)",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// TestFloatsAreExact takes a column for floats only when the shortest decimal of each float
// is the text's number.
func TestFloatsAreExact(t *testing.T) {
	f := newFolder(t)
	tests := []struct {
		name, values, types string
		want                table
	}{
		{"beyond 53 bits", "1e3\n9007199254740993", "", table{Columns: []string{"v text"}, Rows: []string{"1e3", "9007199254740993"}}},
		{"within 53 bits", "1e3\n9007199254740992", "", table{Columns: []string{"v float64"}, Rows: []string{"1000", "9.007199254740992e+15"}}},
		{"underflow", "1e-400\n1e3", "", table{Columns: []string{"v text"}, Rows: []string{"1e-400", "1e3"}}},
		{"overflow", "1e400\n1e3", "", table{Columns: []string{"v text"}, Rows: []string{"1e400", "1e3"}}},
		{"half of the least float", "3e-324\n5e-324", "", table{Columns: []string{"v text"}, Rows: []string{"3e-324", "5e-324"}}},
		{"the least float", "5e-324\n0.00e9", "", table{Columns: []string{"v float64"}, Rows: []string{"5e-324", "0"}}},
		{"17 digits of a float", "0.30000000000000004\n1e0", "", table{Columns: []string{"v float64"}, Rows: []string{"0.30000000000000004", "1"}}},
		{"17 digits of no float", "0.30000000000000001\n1e0", "", table{Columns: []string{"v text"}, Rows: []string{"0.30000000000000001", "1e0"}}},
		{"written at length", "-123.4500e-2\n1.50E+02\n0e0", "", table{Columns: []string{"v float64"}, Rows: []string{"-1.2345", "150", "0"}}},
		{"asked for", "0.30000000000000001\n1e-400\n2", "float64", table{
			Columns: []string{"v float64"}, Rows: []string{"0.3", "2"}, Rejects: []string{"v: row 2 (line 3) is not a valid float64"},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dataset := f.write(t, "x.csv", []byte("v\n"+test.values+"\n"))
			if test.types != "" {
				dataset.Types = map[string]string{"v": test.types}
			}
			got, err := f.read(t, connectors.Selection{Dataset: dataset})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("table (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLateContradictionIsSeen(t *testing.T) {
	f := newFolder(t)
	dataset := f.write(t, "late.csv", []byte("a\n"+strings.Repeat("1\n", 200_000)+"x\n"))
	got, err := f.read(t, connectors.Selection{Dataset: dataset})
	if err != nil || got.Columns[0] != "a text" || len(got.Rows) != 200_001 {
		t.Errorf("%v, %d rows, %v", got.Columns, len(got.Rows), err)
	}
}

func TestDialects(t *testing.T) {
	f := newFolder(t)
	tests := []struct {
		name, content string
		options       map[string]string
		want          table
	}{
		{"semicolon", "a;b\n1,5;x\n2,5;y\n", nil, table{Columns: []string{"a text", "b text"}, Rows: []string{"1,5|x", "2,5|y"}}},
		{"tab", "a\tb\n1\tx,y\n", nil, table{Columns: []string{"a int64", "b text"}, Rows: []string{"1|x,y"}}},
		{"pipe", "a|b|c\n1|2|3\n", nil, table{Columns: []string{"a int64", "b int64", "c int64"}, Rows: []string{"1|2|3"}}},
		{"one column", "name\nx\ny\n", nil, table{Columns: []string{"name text"}, Rows: []string{"x", "y"}}},
		{"no header", "1,x\n2,y\n", nil, table{Columns: []string{"column1 int64", "column2 text"}, Rows: []string{"1|x", "2|y"}}},
		{"header said no", "a,b\nc,d\n", map[string]string{"header": "no"}, table{Columns: []string{"column1 text", "column2 text"}, Rows: []string{"a|b", "c|d"}}},
		{"header said yes", "1,2\n3,4\n", map[string]string{"header": "yes"}, table{Columns: []string{"1 int64", "2 int64"}, Rows: []string{"3|4"}}},
		{"old mac", "a,b\r1,2\r3,4\r", nil, table{Columns: []string{"a int64", "b int64"}, Rows: []string{"1|2", "3|4"}}},
		{"blank lines", "\na,b\r\n\r\n1,2\n\n\n3,4", nil, table{Columns: []string{"a int64", "b int64"}, Rows: []string{"1|2", "3|4"}}},
		{"quotes", "a,b\n\"x\"\"y\",\"line1\r\nline2, z\"\n5\" pipe,\"\"\n", nil, table{Columns: []string{"a text", "b text"}, Rows: []string{"x\"y|line1\r\nline2, z", "5\" pipe|"}}},
		{"single quotes", "a,b\n'x,1',2\n", map[string]string{"quote": "'"}, table{Columns: []string{"a text", "b int64"}, Rows: []string{"x,1|2"}}},
		{"no quotes", "a,b\n\"x,2\n", map[string]string{"quote": "none"}, table{Columns: []string{"a text", "b int64"}, Rows: []string{`"x|2`}}},
		{"backslash", `a,b` + "\n" + `"x\"y\\z\n",2` + "\n", map[string]string{"escape": `\`}, table{Columns: []string{"a text", "b int64"}, Rows: []string{`x"y\z\n|2`}}},
		{"skip rows", "report of today\n\na,b\n1,2\n", map[string]string{"skip_rows": "1"}, table{Columns: []string{"a int64", "b int64"}, Rows: []string{"1|2"}}},
		{"null text", "a,b\n\\N,1\n\"\\N\",2\n", map[string]string{"null": `\N`}, table{Columns: []string{"a text", "b int64"}, Rows: []string{"(null)|1", `\N|2`}}},
		{"empty header names", "a,,a,a_2\n1,2,3,4\n", nil, table{Columns: []string{"a int64", "column2 int64", "a_2 int64", "a_2_2 int64"}, Rows: []string{"1|2|3|4"}}},
		{"only a header", "a,b\n", nil, table{Columns: []string{"a text", "b text"}}},
		{"last value empty", "a,b\n1,\n2,", nil, table{Columns: []string{"a int64", "b text"}, Rows: []string{"1|(null)", "2|(null)"}}},
		{"BOM", "\ufeffa,b\n1,2\n", nil, table{Columns: []string{"a int64", "b int64"}, Rows: []string{"1|2"}}},
		{"BOM and quote", "\ufeff\"a\",b\n1,2\n", nil, table{Columns: []string{"a int64", "b int64"}, Rows: []string{"1|2"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dataset := f.write(t, "x.csv", []byte(test.content))
			dataset.Options = test.options
			got, err := f.read(t, connectors.Selection{Dataset: dataset})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("table (-want +got):\n%s", diff)
			}
		})
	}
}

func packed(t testing.TB, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestEncodings(t *testing.T) {
	f := newFolder(t)
	text := "jméno,n\nŽluťoučký kůň,1\n"
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	utf16be, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	cp1250, err := charmap.Windows1250.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	latin2, err := charmap.ISO8859_2.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ content, encoding, found string }{
		"utf-8":                {text, "", "utf-8"},
		"utf-16":               {utf16, "", "utf-16le"},
		"utf-16 big":           {utf16be, "", "utf-16be"},
		"windows-1250":         {cp1250, "windows-1250", "windows-1250"},
		"iso-8859-2":           {latin2, "ISO-8859-2", "iso-8859-2"},
		"gzip":                 {string(packed(t, []byte(text))), "", "utf-8"},
		"gzip with BOM":        {string(packed(t, []byte("\ufeff"+text))), "", "utf-8"},
		"gzip, several in one": {string(packed(t, []byte(text[:10]))) + string(packed(t, []byte(text[10:]))), "", "utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			dataset := f.write(t, "x.csv", []byte(test.content))
			dataset.Options = map[string]string{"encoding": test.encoding}
			got, err := f.read(t, connectors.Selection{Dataset: dataset})
			want := table{Columns: []string{"jméno text", "n int64"}, Rows: []string{"Žluťoučký kůň|1"}}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			description, err := f.describe(t, dataset)
			if err != nil || description.Options["encoding"] != test.found {
				t.Errorf("found %q, %v", description.Options["encoding"], err)
			}
		})
	}
}

func TestRejects(t *testing.T) {
	f := newFolder(t)
	// A NUL in the head would make it a binary file, so it stands behind.
	content := []byte("a,b,c\n1,x,2\n2,\"two\nlines\",3\n3,y\n4,z,5,6\nfive,z,7\n8,\xff,9\n" + strings.Repeat("1,ok,2\n", 60_000) + "9,n\x00ul,1\n")
	dataset := f.write(t, "bad.csv", content)
	dataset.Types = map[string]string{"a": "int32"}
	dataset.Options = map[string]string{"encoding": "utf-8", "header": "yes"}
	got, err := f.read(t, connectors.Selection{Dataset: dataset})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		": row 3 (line 5) has 2 values instead of 3",
		": row 4 (line 6) has 4 values instead of 3",
		"a: row 5 (line 7) is not a valid int32",
		"b: row 6 (line 8) is not valid text in the encoding of the file",
		"b: row 60007 (line 60009) is not valid text in the encoding of the file",
	}
	if diff := cmp.Diff(want, got.Rejects); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
	if len(got.Rows) != 60_002 || got.Rows[1] != "2|two\nlines|3" {
		t.Errorf("%d rows kept, second %q", len(got.Rows), got.Rows[1])
	}
}

func TestManyRejectsShareTheirReason(t *testing.T) {
	f := newFolder(t)
	dataset := f.write(t, "many.csv", []byte("a\n"+strings.Repeat("x\n", 1_000)))
	dataset.Types = map[string]string{"a": "date"}
	got, err := f.read(t, connectors.Selection{Dataset: dataset})
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]bool{}
	for _, reject := range got.Rejects {
		reasons[reject] = true
	}
	if len(got.Rejects) != 1_000 || len(reasons) != 101 || !reasons["a: is not a valid date"] {
		t.Errorf("%d rejects with %d reasons", len(got.Rejects), len(reasons))
	}
}

func TestRefusals(t *testing.T) {
	f := newFolder(t)
	bomb := packed(t, bytes.Repeat([]byte("a,b,c\n"), 60<<20))
	whole := packed(t, []byte("a,b\n"+strings.Repeat("1,2\n", 100_000)))
	damaged := bytes.Clone(whole)
	damaged[len(damaged)-6] ^= 0xff
	for name, test := range map[string]struct {
		content []byte
		options map[string]string
		kind    connectors.Kind
		says    string
	}{
		"binary":          {append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 200)...), nil, connectors.Data, "binary data"},
		"no shared width": {[]byte("a\nb,c\nd,e,f\ng,h,i,j\nk,l,m,n,o\n"), nil, connectors.Data, "different numbers of values"},
		"empty":           {nil, nil, connectors.Data, "empty"},
		"lying gzip":      {[]byte("a,b\n1,2\n"), map[string]string{"compression": "gzip"}, connectors.Data, "not compressed"},
		"cut gzip":        {whole[:len(whole)/2], nil, connectors.Data, "ends too early"},
		"damaged gzip":    {damaged, nil, connectors.Data, "damaged"},
		"bomb":            {bomb, nil, connectors.Data, "unpacks to more than"},
		"open quote":      {[]byte("a,b\n1,2\n3,\"x\n" + strings.Repeat("4,5\n", 10)), nil, connectors.Data, "line 3"},
		"after quote":     {[]byte("a,b\n1,2\n3,\"x\"y\n"), nil, connectors.Data, "line 3"},
		"long row":        {append([]byte("a,b\n1,\""), bytes.Repeat([]byte("x"), 65<<20)...), nil, connectors.Data, "longer than Leat's limit of 64 MiB"},
		"delimiter":       {[]byte("a,b\n"), map[string]string{"delimiter": "ab"}, connectors.Config, "delimiter"},
		"encoding":        {[]byte("a,b\n"), map[string]string{"encoding": "klingon"}, connectors.Config, "encoding"},
		"unknown option":  {[]byte("a,b\n"), map[string]string{"delim": ","}, connectors.Config, `"delim"`},
		"skip":            {[]byte("a,b\n"), map[string]string{"skip_rows": "-1"}, connectors.Config, "skip_rows"},
	} {
		t.Run(name, func(t *testing.T) {
			dataset := f.write(t, "x.csv", test.content)
			dataset.Options = test.options
			_, err := f.read(t, connectors.Selection{Dataset: dataset})
			if !connectors.Is(err, test.kind) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want kind %s and %q", err, test.kind, test.says)
			}
		})
	}
	dataset := f.write(t, "x.csv", []byte("a,b\n1,2\n"))
	dataset.Types = map[string]string{"z": "int32"}
	if _, err := f.describe(t, dataset); !connectors.Is(err, connectors.NotFound) {
		t.Errorf("a type for an unknown column: %v", err)
	}
	dataset.Types = map[string]string{"a": "number"}
	if _, err := f.describe(t, dataset); !connectors.Is(err, connectors.Config) {
		t.Errorf("an unknown type: %v", err)
	}
	if _, err := f.describe(t, connectors.Dataset{Name: "../x.csv"}); !connectors.Is(err, connectors.Config) {
		t.Errorf("a path that leaves the folder: %v", err)
	}
}

func TestChangedWhileRead(t *testing.T) {
	f := newFolder(t)
	dataset := f.write(t, "grows.csv", []byte("a\n"+strings.Repeat("1\n", 100_000)))
	read, err := f.connection.(connectors.Extractor).Read(t.Context(), []connectors.Selection{{Dataset: dataset}}, connectors.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if _, err := read.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.write(t, "grows.csv", []byte("a\n1\n"))
	for err == nil {
		_, err = read.Next(t.Context())
	}
	if !connectors.Is(err, connectors.Data) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestDescribe(t *testing.T) {
	f := newFolder(t)
	got, err := f.describe(t, f.write(t, "x.csv", []byte("a;;a\n1;2;3\n4;5\n\xe8;1;2\n")))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"delimiter": ";", "header": "yes", "encoding": "windows-1252", "compression": "none"}
	if diff := cmp.Diff(want, got.Options); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	if got.EstimatedRows != 3 || len(got.Warnings) != 4 {
		t.Errorf("%d rows, warnings %q", got.EstimatedRows, got.Warnings)
	}
}

// TestLargeFileIsSampledThroughout puts the contradiction behind the part that is read
// whole.
func TestLargeFileIsSampledThroughout(t *testing.T) {
	f := newFolder(t)
	var text bytes.Buffer
	text.WriteString("a,b\n")
	for i := range 2 << 20 {
		fmt.Fprintf(&text, "%d,%030d\n", i, i)
	}
	for i := range 2 << 20 {
		fmt.Fprintf(&text, "%d.5,%030d\n", i, i)
	}
	dataset := f.write(t, "large.csv", text.Bytes())
	got, err := f.describe(t, dataset)
	if err != nil {
		t.Fatal(err)
	}
	if name := record.TypeName(got.Schema.Columns[0].Type); name != "decimal(18,1)" {
		t.Errorf("column a is %s", name)
	}
	if n := got.EstimatedRows; n < 3_800_000 || n > 4_600_000 {
		t.Errorf("estimated %d rows", n)
	}
}

func BenchmarkRead(b *testing.B) {
	f := newFolder(b)
	var text bytes.Buffer
	text.WriteString("id,name,amount,at,flag\n")
	const rows = 1_000_000
	for i := range rows {
		fmt.Fprintf(&text, "%d,customer %d,%d.%02d,2026-01-02 03:04:%02d,true\n", i, i%1000, i, i%100, i%60)
	}
	dataset := f.write(b, "bench.csv", text.Bytes())
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		read, err := f.connection.(connectors.Extractor).Read(context.Background(), []connectors.Selection{{Dataset: dataset}}, connectors.Want{})
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			var event connectors.Event
			if event, err = read.Next(context.Background()); event.Batch != nil {
				event.Batch.Release()
			}
		}
		_ = read.Close()
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}
