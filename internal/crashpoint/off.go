//go:build !crashpoints

package crashpoint

// Reach marks a step.
func Reach(string) {}
