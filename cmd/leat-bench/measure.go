package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// The rows of the changes: half of their ids stand in the first million of the target.
const (
	existingRows = 1_000_000
	changesRows  = 200_000
	changesFrom  = existingRows - changesRows/2
)

// measurement is one comparison of Leat with a script.
type measurement struct {
	name string
	// goal is the largest ratio of the wall times.
	goal float64
	// reset brings the target to the same state before each run.
	reset func(ctx context.Context, b *bench) error
	leat  func(ctx context.Context, b *bench) (usage, error)
	hand  func(ctx context.Context, b *bench) (usage, error)
	// content is the digest of what the run left behind.
	content func(ctx context.Context, b *bench) (string, error)
	// cpu says that Leat must not take more CPU than the script.
	cpu bool
	// ownMemory says that a library in the process takes memory by a limit of its own.
	ownMemory bool
}

// maxMemory is how much a run may take above an idle one, in KiB.
const maxMemory = 64 << 10

// measure runs the pairs, prints the figures and says whether the goals were met.
func (b *bench) measure(ctx context.Context, m measurement) (bool, error) {
	fmt.Printf("\n%s\n", m.name)
	var leat, hand, again []usage
	for i := range b.pairs + 1 { // the first pair warms up and is not counted
		round, err := b.round(ctx, m, order(i))
		if err != nil {
			return false, err
		}
		if i == 0 {
			continue
		}
		leat, hand, again = append(leat, round[leatSide]), append(hand, round[handSide]), append(again, round[againSide])
		fmt.Printf("  pair %d: leat %s, script %s, script again %s\n", i, seconds(round[leatSide].wall), seconds(round[handSide].wall), seconds(round[againSide].wall))
	}
	return b.verdict(m, leat, hand, again), nil
}

// The sides of a round, as indexes of its results.
const (
	leatSide = iota
	handSide
	againSide
	sides
)

// order is the order of the sides in a pair. Every second pair runs them backwards, so
// that neither side always finds the machine as the other one left it.
func order(pair int) [sides]int {
	if pair%2 == 0 {
		return [sides]int{againSide, handSide, leatSide}
	}
	return [sides]int{leatSide, handSide, againSide}
}

// round runs Leat, the script and the script again in that order, and compares what they
// left.
func (b *bench) round(ctx context.Context, m measurement, order [sides]int) ([sides]usage, error) {
	var out [sides]usage
	var digests [sides]string
	run := [sides]func(context.Context, *bench) (usage, error){leatSide: m.leat, handSide: m.hand, againSide: m.hand}
	for _, side := range order {
		if err := m.reset(ctx, b); err != nil {
			return out, fmt.Errorf("reset: %w", err)
		}
		var err error
		if out[side], err = run[side](ctx, b); err != nil {
			return out, err
		}
		if digests[side], err = m.content(ctx, b); err != nil {
			return out, fmt.Errorf("digest: %w", err)
		}
	}
	if digests[leatSide] != digests[handSide] {
		return out, fmt.Errorf("the contents differ: leat left %s, the script %s", digests[leatSide], digests[handSide])
	}
	return out, nil
}

// verdict prints the ratios and compares them with the goals.
func (b *bench) verdict(m measurement, leat, hand, again []usage) bool {
	wall := func(u usage) float64 { return u.wall.Seconds() }
	cpu := func(u usage) float64 { return u.cpu.Seconds() }
	ratio := medianRatio(leat, hand, wall)
	cpuRatio := medianRatio(leat, hand, cpu)
	peak := int64(0)
	for _, u := range leat {
		peak = max(peak, u.peak)
	}
	above := peak - b.idle
	fmt.Printf("  wall: leat / script %.2f (goal ≤ %.2f), script / script %.2f\n", ratio, m.goal, medianRatio(again, hand, wall))
	fmt.Printf("  cpu of the client: leat %.2f s, script %.2f s, ratio %.2f\n", median(leat, cpu), median(hand, cpu), cpuRatio)
	memoryGoal := "goal ≤ 64"
	if m.ownMemory {
		memoryGoal = "a library's own limit"
	}
	fmt.Printf("  peak memory: %.1f MiB, %.1f MiB above an idle run of %.1f MiB (%s)\n", mib(peak), mib(above), mib(b.idle), memoryGoal)
	return ratio <= m.goal && (m.ownMemory || above <= maxMemory) && (!m.cpu || cpuRatio <= 1)
}

// medianRatio is the median of the ratios pair by pair.
func medianRatio(a, b []usage, figure func(usage) float64) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = figure(a[i]) / figure(b[i])
	}
	return middle(ratios)
}

func median(runs []usage, figure func(usage) float64) float64 {
	values := make([]float64, len(runs))
	for i, run := range runs {
		values[i] = figure(run)
	}
	return middle(values)
}

func middle(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	if n%2 == 1 {
		return values[n/2]
	}
	return (values[n/2-1] + values[n/2]) / 2
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func mib(kib int64) float64 { return float64(kib) / 1024 }
