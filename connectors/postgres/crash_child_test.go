//go:build crashpoints

package postgres

import (
	"os"
	"testing"

	"leat/connectors"
)

// TestCrashChild is what TestCrashAnywhere kills: it runs one flow of the environment.
func TestCrashChild(t *testing.T) {
	c := open(t, os.Getenv("LEAT_TEST_URL"))
	crashFlow(c, os.Getenv("LEAT_TEST_TABLE"), connectors.WriteMode(os.Getenv("LEAT_TEST_MODE"))).must(t)
}
