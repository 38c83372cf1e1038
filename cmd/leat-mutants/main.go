// Command leat-mutants breaks the safety code, one line at a time, and demands that the tests
// notice. The work tree is never touched: a mutant is a file that `go test -overlay`
// sees instead of the real one. The table is exact old and new text, so a change of the
// source that moves a mutant makes this program, and its test, fail.
//
// It prints which test killed each mutant and exits 1 when one survives.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run tries the mutants whose names hold one of the words, or all of them, in the module
// of the current folder.
func run(ctx context.Context, words []string, out, complaints io.Writer) int {
	root, err := moduleRoot(ctx)
	if err != nil {
		fmt.Fprintln(complaints, "mutants:", err)
		return 1
	}
	t := trial{root: root}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "MUTANT\tFATE\tBY")
	survivors := 0
	for _, m := range chosen(words) {
		found, err := t.try(ctx, m)
		if err != nil {
			fmt.Fprintf(complaints, "mutants: %s: %v\n", m.name, err)
			return 1
		}
		if !found.killed {
			survivors++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", m.name, found.fate(), found.by)
		_ = table.Flush() // a closed stdout has no reader to tell
	}
	fmt.Fprintf(out, "%d of %d mutants survived\n", survivors, len(chosen(words)))
	if survivors > 0 {
		return 1
	}
	return 0
}

// chosen are the mutants whose names hold one of the words; all without words.
func chosen(words []string) []mutant {
	if len(words) == 0 {
		return mutants
	}
	var out []mutant
	for _, m := range mutants {
		for _, word := range words {
			if strings.Contains(m.name, word) {
				out = append(out, m)
				break
			}
		}
	}
	return out
}
