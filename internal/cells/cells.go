// Package cells chooses what the usual tests visit of a table of tests that crosses two or
// more things, such as write modes and shapes of targets, and whose cells are too many for
// every change. A list is not such a table: each of its entries is the only one of its kind.
package cells

import "os"

// Visited says whether the cell of a number is visited: one of every n, or all of them when
// LEAT_TEST_CELLS is "all". In a table of rows and columns their sum is a number that gives
// each row and each column some cells, as long as both have at least n.
func Visited(n, number int) bool { return All() || number%n == 0 }

// All says that every cell is visited.
func All() bool { return os.Getenv("LEAT_TEST_CELLS") == "all" }
