package faults_test

import (
	"time"
)

// fault is one way to disturb a run that stands at a step.
type fault struct {
	name string
	// kills says that the process ends at the step; the others stop it there.
	kills bool
	// needs say what the site must have.
	needs needs
	// strike happens while the process stands still.
	strike func(a *site)
	// after happens when the process goes on.
	after func(a *site)
	// retaken says that another process takes the run over while this one stands still.
	retaken bool
	// change is what somebody does to the target while the process stands still; nil for nothing.
	change *change
}

var (
	killed   = fault{name: "process killed", kills: true}
	zombie   = fault{name: "process paused beyond its lease", retaken: true, strike: func(a *site) { a.endLease() }}
	noTarget = fault{name: "sessions at the target ended", strike: func(a *site) { a.endSessions(a.target, "leat") }}
	noSource = fault{name: "sessions at the source ended", strike: func(a *site) { a.endSessions(a.world.source, a.flow) }}

	targetReset  = fault{name: "link to the target reset", needs: needs{links: true}, strike: func(a *site) { a.to.cut() }}
	sourceReset  = fault{name: "link to the source reset", needs: needs{links: true}, strike: func(a *site) { a.from.cut() }}
	targetSilent = fault{
		name: "link to the target silent, then dead", needs: needs{links: true},
		strike: func(a *site) { a.to.ailBoth(silent, `"timeout": 0`) },
		after:  func(a *site) { time.Sleep(time.Second); a.to.heal() },
	}
	sourceSilent = fault{
		name: "link to the source silent, then dead", needs: needs{links: true},
		strike: func(a *site) { a.from.ailBoth(silent, `"timeout": 0`) },
		after:  func(a *site) { time.Sleep(time.Second); a.from.heal() },
	}
	noMemory    = fault{name: "sessions at the store ended", needs: needs{server: true}, strike: func(a *site) { a.endSessions(a.memory, "") }}
	memoryReset = fault{name: "link to the store reset", needs: needs{server: true}, strike: func(a *site) { a.aside.cut() }}
	memoryAway  = fault{
		name: "link to the store silent, then dead", needs: needs{server: true},
		strike: func(a *site) { a.aside.ailBoth(silent, `"timeout": 0`) },
		after:  func(a *site) { time.Sleep(time.Second); a.aside.heal() },
	}
	// answerLost lets what the program says reach the target, but no answer come back.
	answerLost = fault{
		name: "answers of the target lost", needs: needs{links: true},
		strike: func(a *site) { a.to.ail(silent, "downstream", `"timeout": 0`) },
		after:  func(a *site) { time.Sleep(time.Second); a.to.heal() },
	}
)

// cut resets the connections of the link and lets new ones through.
func (l *link) cut() {
	l.t.Helper()
	l.ailBoth(reset, `"timeout": 0`)
	time.Sleep(50 * time.Millisecond) // the proxy cuts in goroutines of its own
	l.heal()
}

// endSessions ends the sessions of a database whose name holds a word.
func (a *site) endSessions(database, word string) {
	a.t.Helper()
	var ended int
	err := a.conn.QueryRow(a.t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = $1 AND application_name LIKE '%' || $2 || '%'`, database, word).Scan(&ended)
	if err != nil {
		a.t.Fatalf("end the sessions: %v", err)
	}
}
