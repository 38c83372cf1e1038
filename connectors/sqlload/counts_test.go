package sqlload

import (
	"strings"
	"testing"

	"leat/connectors"
)

func TestRowsThatTheServerDroppedAreNamed(t *testing.T) {
	in := Input{Copied: 5, Sent: 6, Close: connectors.Close{RowsRead: 6}, LastGood: -1}
	_, err := upsertPlan(t, `trigger "x"`).Apply(t.Context(), &script{answers: good()}, in)
	if err == nil || !strings.Contains(err.Error(), "6 rows were sent, but 5 were stored") || !strings.Contains(err.Error(), `trigger "x"`) {
		t.Errorf("error = %v, want one that tells what is missing and who may have dropped it", err)
	}
}
