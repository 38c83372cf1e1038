package main

import (
	"strings"
	"testing"
)

// TestAKeyThatIsNoneIsTold upserts by a column that several rows share.
func TestAKeyThatIsNoneIsTold(t *testing.T) {
	t.Parallel()
	c := newCase(t, "CREATE TABLE public.rows (id int, note text); INSERT INTO public.rows SELECT n, 'secret' || n % 10 FROM generate_series(1, 100) n",
		"", "", "write_mode: upsert, unique_columns: [note]")
	preview := c.leat.try("preview", "f")
	if preview.code != exitDone || !strings.Contains(preview.stdout, `for example note = "secret`) {
		t.Errorf("exit %d, the preview shows no example\n%s%s", preview.code, preview.stdout, preview.stderr)
	}
	s := c.run()
	told := strings.Join(s.Warnings, " ")
	if s.Written != 10 || s.Duplicate != 90 || !strings.Contains(told, "90 rows") || !strings.Contains(told, "note") || strings.Contains(told, "secret") {
		t.Errorf("%+v, warnings %q", s.Counts, told)
	}
	c.configure("", "write_mode: upsert, unique_columns: [note], duplicates: refuse")
	c.fails("90 rows", "(note)", "duplicates: warn")
}
