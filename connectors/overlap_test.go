package connectors_test

import (
	"strings"
	"testing"
	"time"

	"leat/connectors"
)

func TestOverlaps(t *testing.T) {
	for text, want := range map[string]connectors.Overlap{
		"": {}, "0": {}, "0s": {}, "none": {None: true}, "100": {Number: "100"}, "1.5": {Number: "1.5"},
		"30s": {Duration: 30 * time.Second}, "5m": {Duration: 5 * time.Minute}, "500ms": {Duration: 500 * time.Millisecond}, "7us": {Duration: 7 * time.Microsecond},
		"1d": {Duration: 24 * time.Hour}, "2w": {Duration: 14 * 24 * time.Hour}, "1d12h30m": {Duration: 36*time.Hour + 30*time.Minute},
		"1.5d": {Duration: 36 * time.Hour}, "1w1d": {Duration: 8 * 24 * time.Hour}, "15000w": {Duration: 15000 * 7 * 24 * time.Hour},
	} {
		if got, err := connectors.ParseOverlap(text); err != nil || got != want {
			t.Errorf("%q is %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"-5m", "5 m", "1y", "d", "1d-1h", "NONE", "1e3", "+5m", "99999999w", "15000w15000w", "1d ", "١d"} {
		if got, err := connectors.ParseOverlap(text); err == nil || !strings.Contains(err.Error(), "1d or 2w") {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
}
