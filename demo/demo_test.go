package demo_test

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strconv"
	"testing"
	"time"

	"leat/demo"
)

func TestDataIsWhatThePackageSays(t *testing.T) {
	t.Parallel()
	records, err := csv.NewReader(bytes.NewReader(demo.CSV())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	header, rows := records[0], records[1:]
	want := []string{"location", "date", "precipitation", "temp_max", "temp_min", "wind", "weather"}
	if !slices.Equal(header, want) {
		t.Fatalf("header = %v, want %v", header, want)
	}
	if len(rows) != demo.Rows {
		t.Errorf("rows = %d, want %d", len(rows), demo.Rows)
	}
	keys := map[string]bool{}
	for i, row := range rows {
		key := ""
		for _, column := range demo.Key() {
			key += row[slices.Index(header, column)] + "|"
		}
		if keys[key] {
			t.Errorf("row %d repeats the key %s", i+1, key)
		}
		keys[key] = true
		checkTypes(t, i+1, row)
	}
}

// checkTypes proves that every row has a date and four decimals.
func checkTypes(t *testing.T, line int, row []string) {
	t.Helper()
	if _, err := time.Parse(time.DateOnly, row[1]); err != nil {
		t.Errorf("row %d: %v", line, err)
	}
	for _, value := range row[2:6] {
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			t.Errorf("row %d: %v", line, err)
		}
	}
}
