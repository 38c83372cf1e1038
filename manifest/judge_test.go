package manifest_test

import (
	"strings"
	"testing"

	"leat/manifest"
)

// second is the stream of the sample that reads a pattern.
const second = "write_mode: truncate_insert"

func TestAppendingEverythingNeedsConsent(t *testing.T) {
	text := strings.Replace(sample, second, "write_mode: insert", 1)
	err := refusal(t, text)
	if err == nil || !strings.Contains(err.Error(), "streams[1].append_all") || !strings.Contains(err.Error(), "append_all: true") {
		t.Fatalf("without consent: %v", err)
	}
	for _, agreed := range []string{
		strings.Replace(sample, second, "write_mode: insert\n        append_all: true", 1),
		strings.Replace(text, `    schedule: {cron: "*/15 * * * *", time_zone: Europe/Prague}`+"\n", "", 1),
	} {
		if err := refusal(t, agreed); err != nil {
			t.Errorf("with consent, or by hand: %v", err)
		}
	}
}

func TestRulesOfStreamsAreRefused(t *testing.T) {
	for want, change := range map[string]string{
		"streams[1].table: ":            "table: analytics.{table}=>table: analytics.all",
		"streams[0].write_mode: ":       "write_mode: upsert=>write_mode: truncate_insert",
		"streams[0].takeover: names":    "unique_columns: [id]=>takeover: [orders]",
		"streams[0].takeover: is not":   "unique_columns: [id]=>takeover: maybe",
		"streams[0].keyless: has a":     "unique_columns: [id]=>keyless: skip",
		"streams[1].keyless: is not":    second + "=>" + second + "\n        keyless: upsert",
		"streams[0].narrowing: is not":  "unique_columns: [id]=>narrowing: round",
		"streams[0].triggers: is not":   "unique_columns: [id]=>triggers: ignore",
		"streams[0].duplicates: is not": "unique_columns: [id]=>duplicates: keep",
		"streams[0].compare_without: ":  "unique_columns: [id]=>compare_without: [a, a]",
	} {
		before, after, _ := strings.Cut(change, "=>")
		text := strings.Replace(sample, before, after, 1)
		if err := refusal(t, text); text == sample || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", change, err)
		}
	}
}

func TestWordsOfStreamsSurviveAnExport(t *testing.T) {
	s := store(t)
	text := strings.Replace(sample, "unique_columns: [id]", "unique_columns: [id]\n        takeover: ask\n        narrowing: refuse\n        triggers: refuse\n        duplicates: newest\n        compare_without: [updated_at]", 1)
	text = strings.Replace(text, second, second+"\n        takeover: [a, b]\n        keyless: skip", 1)
	apply(t, s, text, false)
	first := export(t, s)
	for _, word := range []string{"takeover: ask", "narrowing: refuse", "triggers: refuse", "duplicates: newest", "compare_without: [updated_at]", "keyless: skip"} {
		if !strings.Contains(first, word) {
			t.Errorf("the export lacks %q:\n%s", word, first)
		}
	}
	if changes, _ := apply(t, s, first, false); len(changes) > 0 {
		t.Errorf("the export changes %v", changes)
	}
	for _, answer := range []string{"true", "false"} {
		document, err := manifest.Parse([]manifest.File{{Name: "leat.yaml", Content: []byte(strings.Replace(text, "takeover: ask", "takeover: "+answer, 1))}})
		if got := document.Flows[0].Streams[0].Takeover.Answer; err != nil || (got == "true") != (answer == "true") {
			t.Errorf("takeover: %s became %q, %v", answer, got, err)
		}
	}
}
