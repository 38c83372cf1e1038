package component

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A RunBar is one run in the row of bars: its state and how long it took.
type RunBar struct {
	State    string
	Duration time.Duration
}

// A barPath is all bars that look alike, as one path: fifty rows of thirty elements
// would be most of a page. Classes with b- are thick lines, those with f- shapes.
type barPath struct{ class, d string }

// The bars in pixels.
const (
	barsHeight = 20
	barStep    = 5
)

// barPaths draws up to slots bars, newest at the right. Height grows with the logarithm
// of the duration, so that a run of two hours and one of two seconds both show. State
// shows in colour and in shape: failed runs carry a notch, partial ones a cut corner,
// skipped and cancelled ones are hollow.
func barPaths(runs []RunBar, slots int) []barPath {
	if len(runs) > slots {
		runs = runs[len(runs)-slots:]
	}
	longest := 1.0
	for _, r := range runs {
		longest = math.Max(longest, math.Log1p(r.Duration.Seconds()))
	}
	var paths []barPath
	for i := range slots - len(runs) {
		paths = draw(paths, "b-none", "M%d 18v2", i*barStep+2)
	}
	for i, r := range runs {
		x := (slots - len(runs) + i) * barStep
		y := barsHeight - 6 - int(math.Round(14*math.Log1p(r.Duration.Seconds())/longest))
		s := StateOf(r.State)
		switch s.Icon {
		case "skip", "dash", "circle":
			paths = draw(paths, "b-hollow", "M%d.5 14.5h3v5h-3z", x)
		case "octagon":
			paths = draw(paths, "b-"+string(s.Tone), "M%d %dV15m0 2v3", x+2, y)
		case "triangle":
			paths = draw(paths, "f-"+string(s.Tone), "M%d %dl4 4V20h-4z", x, y)
		default:
			paths = draw(paths, "b-"+string(s.Tone), "M%d %dV20", x+2, y)
		}
	}
	return paths
}

// draw adds a shape to the path of its class.
func draw(paths []barPath, class, shape string, numbers ...any) []barPath {
	i := slices.IndexFunc(paths, func(p barPath) bool { return p.class == class })
	if i < 0 {
		i, paths = len(paths), append(paths, barPath{class: class})
	}
	paths[i].d += fmt.Sprintf(shape, numbers...)
	return paths
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
