package component

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A RunBar is one run in the row of bars: its state and how long it took.
type RunBar struct {
	State    string
	Duration time.Duration
}

// A bar as it is drawn, in pixels.
type bar struct {
	x, y, height string
	class        string
	mark         string
}

const (
	barsHeight = 20
	barStep    = 5
	barWidth   = 4
)

// layOut places up to 30 bars, newest at the right. Height grows with the logarithm
// of the duration, so that a run of two hours and one of two seconds both show.
func layOut(runs []RunBar, slots int) []bar {
	if len(runs) > slots {
		runs = runs[len(runs)-slots:]
	}
	longest := 1.0
	for _, r := range runs {
		longest = math.Max(longest, math.Log1p(r.Duration.Seconds()))
	}
	var out []bar
	for i := range slots - len(runs) {
		out = append(out, bar{x: strconv.Itoa(i * barStep), y: "18", height: "2", class: "f-none"})
	}
	for i, r := range runs {
		s := StateOf(r.State)
		h := 6 + int(math.Round(14*math.Log1p(r.Duration.Seconds())/longest))
		b := bar{x: strconv.Itoa((slots - len(runs) + i) * barStep), class: "f-" + string(s.Tone)}
		switch s.Icon {
		case "skip", "dash", "circle":
			h, b.mark = 6, "hollow"
		case "octagon":
			b.mark = "notch"
		case "triangle":
			b.mark = "cut"
		}
		b.y, b.height = strconv.Itoa(barsHeight-h), strconv.Itoa(h)
		out = append(out, b)
	}
	return out
}

// Summary says in words what the bars show: "30 runs: 28 succeeded, 1 failed".
func Summary(runs []RunBar) string {
	if len(runs) == 0 {
		return "No runs yet"
	}
	counts := map[string]int{}
	var order []string
	for _, r := range runs {
		word := strings.ToLower(StateOf(r.State).Word)
		if counts[word] == 0 {
			order = append(order, word)
		}
		counts[word]++
	}
	parts := make([]string, len(order))
	for i, word := range order {
		parts[i] = fmt.Sprintf("%d %s", counts[word], word)
	}
	return fmt.Sprintf("%s: %s", Plural(len(runs), "run", "runs"), strings.Join(parts, ", "))
}
