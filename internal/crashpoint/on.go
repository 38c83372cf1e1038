//go:build crashpoints

package crashpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// passes counts how often the named step was reached.
var passes atomic.Int64

// Reach kills or stops the process when LEAT_CRASHPOINT names the step and its pass.
func Reach(step string) {
	words := strings.Split(os.Getenv("LEAT_CRASHPOINT"), ":")
	if words[0] != step || passes.Add(1) != wanted(words[1:]) {
		return
	}
	if len(words) > 1 && words[1] == "pause" {
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(pauseSettles)
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way; nothing may happen after the step
}

// pauseSettles is the time in which the stop reaches the thread that asked for it.
const pauseSettles = 50 * time.Millisecond

// wanted is the pass to act at: the number at the end, else the first.
func wanted(words []string) int64 {
	if len(words) == 0 || words[len(words)-1] == "pause" {
		return 1
	}
	n, err := strconv.ParseInt(words[len(words)-1], 10, 64)
	if err != nil || n < 1 {
		panic(fmt.Sprintf("LEAT_CRASHPOINT ends in %q, want pause or the number of a pass", words[len(words)-1]))
	}
	return n
}
