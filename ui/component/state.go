// Package component is the kit of parts that the pages are made of: buttons,
// fields, tables, badges, banners, run bars and the like, each a templ function of
// plain values. No part carries inline style or script, so that pages work under a
// strict content security policy.
package component

import "strings"

// A Tone is one of the six colour families of states: ok, run, warn, bad, act, off.
// Every tone has its own icon shape, so colour is never the only carrier.
type Tone string

const (
	ToneOK   Tone = "ok"
	ToneRun  Tone = "run"
	ToneWarn Tone = "warn"
	ToneBad  Tone = "bad"
	ToneAct  Tone = "act"
	ToneOff  Tone = "off"
)

// A State is how a state of a run or a flow is shown.
type State struct {
	Word string
	Tone Tone
	Icon string
}

// states is the whole vocabulary. The keys are the words that domains use.
var states = map[string]State{
	"queued":       {"Queued", ToneOff, "circle"},
	"running":      {"Running", ToneRun, "ring"},
	"waiting":      {"Retry due", ToneWarn, "triangle"},
	"succeeded":    {"Succeeded", ToneOK, "check"},
	"partial":      {"Partial", ToneWarn, "triangle"},
	"failed":       {"Failed", ToneBad, "octagon"},
	"verifying":    {"Verifying", ToneRun, "ring"},
	"cancelled":    {"Cancelled", ToneOff, "dash"},
	"skipped":      {"Skipped", ToneOff, "skip"},
	"live":         {"Live", ToneOK, "check"},
	"reconnecting": {"Reconnecting", ToneWarn, "triangle"},
	"broken":       {"Broken", ToneBad, "octagon"},
	"paused":       {"Paused", ToneOff, "pause"},
	"late":         {"Late", ToneWarn, "triangle"},
	"stale":        {"Stale", ToneBad, "octagon"},
	"incomplete":   {"Incomplete", ToneAct, "diamond"},
	"needs action": {"Needs action", ToneAct, "diamond"},
	"passed":       {"Passed", ToneOK, "check"},
	"warning":      {"Warning", ToneWarn, "triangle"},
	"not reached":  {"Not reached", ToneOff, "circle"},
	"never":        {"Never run", ToneOff, "circle"},
}

// aliases are other spellings of the same states.
var aliases = map[string]string{
	"unknown": "verifying", "outcome unknown": "verifying", "outcome_unknown": "verifying",
	"waiting to retry": "waiting", "waiting_to_retry": "waiting", "retry": "waiting", "retrying": "waiting",
	"canceled": "cancelled", "needs_action": "needs action", "not_reached": "not reached", "ok": "passed", "": "never",
}

// StateOf returns how to show a state; an unknown word is shown as it is.
func StateOf(name string) State {
	key := strings.ToLower(name)
	if known, ok := aliases[key]; ok {
		key = known
	}
	if s, ok := states[key]; ok {
		return s
	}
	return State{Word: name, Tone: ToneOff, Icon: "circle"}
}
