package engine

import (
	"testing"

	"leat/authorizers"
	"leat/connectors"
	"leat/dial"
)

func TestADamagedFileFailsBehindItsSettings(t *testing.T) {
	damaged := &connectors.Error{Kind: connectors.Config, Message: "The file is not a database"}
	var l stageList
	l.add(dial.Stage{Name: StageOpen, Err: damaged})
	got := l.arrange([]string{StageSettings, StageOpen}, damaged)
	if names(got) != names([]authorizers.CheckStage{{Name: StageSettings, Status: authorizers.StageOK}, {Name: StageOpen, Status: authorizers.StageFailed}}) {
		t.Errorf("the stages are %s", names(got))
	}
}
