// Command leat-bench measures Leat against the best hand-written script for the same work,
// on the same machine, in the same run: it starts a throw-away PostgreSQL server with
// fsync on, runs the two commands in pairs and in turn first, compares the contents of the tables after each,
// and prints every time, the median ratio, the CPU time of both sides and Leat's peak
// memory above an idle run. Single times mean little; the ratio is the figure. The ratio
// of the script against itself (A/A) shows how noisy the machine was.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

// options are the command line.
type options struct {
	rows  int
	pairs int
	only  string
	leat  string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.IntVar(&o.rows, "rows", 5_000_000, "rows of the big table")
	flag.IntVar(&o.pairs, "pairs", 6, "pairs per measurement; even, so that each side is first equally often")
	flag.StringVar(&o.only, "only", "", "comma-separated names of measurements")
	flag.StringVar(&o.leat, "leat", "", "the leat binary (built when empty)")
	half := flag.String("alone", "", "used by the program itself")
	flag.Parse()
	work := func() error { return run(ctx, o) }
	if *half != "" {
		work = func() error { return alone(ctx, *half) }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// run measures everything that was asked for. It fails when a goal is missed.
func run(ctx context.Context, o options) error {
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close(ctx)
	fmt.Println(machine(ctx, b))
	var missed []string
	for _, m := range measurements() {
		if o.only != "" && !strings.Contains(","+o.only+",", ","+m.name+",") {
			continue
		}
		ok, err := b.measure(ctx, m)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if !ok {
			missed = append(missed, m.name)
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("goals missed: %s", strings.Join(missed, ", "))
	}
	return nil
}
