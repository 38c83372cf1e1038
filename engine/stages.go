package engine

import (
	"slices"

	"leat/authorizers"
	"leat/connectors"
	"leat/dial"
)

// arrange puts the reported stages and the ones that were not reached into the order
// in which a check goes through them. failure is the error of the whole check.
func (l *stageList) arrange(expected []string, failure error) []authorizers.CheckStage {
	l.mu.Lock()
	defer l.mu.Unlock()
	reported := l.withFailure(expected, failure)
	failed := lastFailed(reported, failure)
	stages := make([]authorizers.CheckStage, 0, len(reported)+len(expected))
	for i, s := range reported {
		stages = append(stages, shown(s, failure, i == failed))
	}
	if failure == nil {
		return stages
	}
	return append(stages, notReached(expected, reported)...)
}

// lastFailed is the index of the stage that stopped the check, -1 when none did.
func lastFailed(reported []dial.Stage, failure error) int {
	if failure == nil {
		return -1
	}
	for i, s := range slices.Backward(reported) {
		if s.Err != nil {
			return i
		}
	}
	return -1
}

// withFailure returns the reported stages, the settings first, and makes sure that a
// failed check has a failed stage.
func (l *stageList) withFailure(expected []string, failure error) []dial.Stage {
	reported := slices.Clone(l.stages)
	told := slices.ContainsFunc(l.stages, func(s dial.Stage) bool { return s.Err != nil })
	blameless := failure == nil || told || failedStage(failure) != StageSettings
	if !slices.ContainsFunc(reported, named(StageSettings)) && blameless {
		reported = slices.Insert(reported, 0, dial.Stage{Name: StageSettings})
	}
	if failure == nil {
		if len(l.stages) == 0 && slices.Contains(expected, StageOpen) {
			reported = append(reported, dial.Stage{Name: StageOpen})
		}
		return reported
	}
	if told {
		return reported
	}
	return append(reported, dial.Stage{Name: blamed(expected, reported, failure), Err: failure})
}

// blamed names the stage of an error that no stage reported: the one that its kind
// speaks of, else the first that did not take place.
func blamed(expected []string, reported []dial.Stage, failure error) string {
	name := failedStage(failure)
	if name != "" && !slices.ContainsFunc(reported, named(name)) && (name == StageSettings || slices.Contains(expected, name)) {
		return name
	}
	next := 0
	for i, name := range expected {
		if slices.ContainsFunc(reported, named(name)) {
			next = i + 1
		}
	}
	if next < len(expected) {
		return expected[next]
	}
	return StageOpen
}

// failedStage is the stage that an error of a kind belongs to; empty when any may be.
func failedStage(failure error) string {
	switch connectors.AsError(failure).Kind {
	case connectors.Config:
		return StageSettings
	case connectors.Auth:
		return stageAuth
	case connectors.NotFound, connectors.Permission:
		return stageDatabase
	default:
		return ""
	}
}

// shown is a stage for the page. The failed one tells what the whole check found.
func shown(s dial.Stage, failure error, failed bool) authorizers.CheckStage {
	stage := authorizers.CheckStage{
		Name: s.Name, Status: authorizers.StageOK, Detail: s.Detail,
		Duration: s.Duration, Milliseconds: s.Duration.Milliseconds(),
	}
	switch {
	case failed:
		stage.Status = authorizers.StageFailed
		stage.Message, stage.Fix = explain(failure)
	case s.Err != nil:
		stage.Status = authorizers.StageWarning
		stage.Message, stage.Fix = explain(s.Err)
	}
	return stage
}

// notReached lists the expected stages behind the last one that took place.
func notReached(expected []string, reported []dial.Stage) []authorizers.CheckStage {
	last := -1
	for i, name := range expected {
		if slices.ContainsFunc(reported, named(name)) {
			last = i
		}
	}
	var stages []authorizers.CheckStage
	for _, name := range expected[last+1:] {
		stages = append(stages, authorizers.CheckStage{Name: name, Status: authorizers.StageNotReached})
	}
	return stages
}

func named(name string) func(dial.Stage) bool {
	return func(s dial.Stage) bool { return s.Name == name }
}
