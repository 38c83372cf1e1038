// Package cells chooses what the usual tests visit of a table of tests, whose cells differ
// in one of two or three things only and are too many for every change.
package cells

import "os"

// Visited says whether the cell of a number is visited: one of every n, or all of them when
// LEAT_TEST_CELLS is "all". In a table of rows and columns the sum of both is a number that
// gives each row and each column some cells.
func Visited(n, number int) bool { return All() || number%n == 0 }

// All says that every cell is visited.
func All() bool { return os.Getenv("LEAT_TEST_CELLS") == "all" }
