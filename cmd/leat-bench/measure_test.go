package main

import (
	"slices"
	"testing"
)

// Whoever runs second finds caches warm and the disk busy: each side has to be first as
// often as the other one, and so has the script against itself.
func TestEachSideIsFirstInEverySecondPair(t *testing.T) {
	t.Parallel()
	const pairs = 6
	leatFirst, handFirst := 0, 0
	for pair := 1; pair <= pairs; pair++ {
		ran := order(pair)
		place := func(side int) int { return slices.Index(ran[:], side) }
		if place(leatSide) < 0 || place(handSide) < 0 || place(againSide) < 0 {
			t.Fatalf("pair %d runs the sides %v, want all of them", pair, ran)
		}
		if place(leatSide) < place(handSide) {
			leatFirst++
		}
		if place(handSide) < place(againSide) {
			handFirst++
		}
	}
	if leatFirst != pairs/2 || handFirst != pairs/2 {
		t.Errorf("leat came before the script in %d pairs and the script before itself in %d, want %d of %d", leatFirst, handFirst, pairs/2, pairs)
	}
}
