package storage_test

import (
	"os"
	"testing"

	"leat/internal/testdb"
)

// TestMain lets the test program also be the second process of a test.
func TestMain(m *testing.M) {
	if dir := os.Getenv(workerDirectory); dir != "" {
		os.Exit(work(dir))
	}
	testdb.Main(m)
}
