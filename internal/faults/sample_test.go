//go:build !faults

package faults_test

import "testing"

// disturbCells takes the cells that would hurt most; make faults runs them all.
func disturbCells(t *testing.T, w *world) {
	sample := []cell{
		{scenario: scenarioNamed("insert straight in"), size: big, step: "load.batch_written:3", fault: killed},
		{scenario: scenarioNamed("insert straight in"), size: small, step: "load.before_commit", fault: answerLost},
		{scenario: scenarioNamed("insert straight in"), size: small, step: "load.before_commit", fault: zombie},
		{scenario: scenarioNamed("insert of new rows"), size: small, step: "load.before_commit", fault: killed},
		{scenario: scenarioNamed("upsert"), size: small, step: "load.committed", fault: killed},
		{scenario: scenarioNamed("replace a new table, then its rows"), size: small, step: "load.committed", fault: zombie},
		{scenario: scenarioNamed("replace by merge"), size: small, step: "load.batch_written", fault: noTarget},
		{scenario: scenarioNamed("upsert"), size: small, step: "load.committed", fault: memoryReset},
		{scenario: scenarioNamed("history"), size: small, step: "read.complete", fault: targetReset},
		{scenario: takeovers[0], size: small, step: "load.before_commit", fault: killed},
		{scenario: takeovers[0], size: small, step: "load.copied", fault: changed(changes[0])},
		{scenario: takeovers[1], size: small, step: "load.committed", fault: killed},
		{scenario: parentNamed(replaceNew), size: small, step: "load.applied", fault: killed},
		{scenario: triggered[0], size: small, step: "load.applied", fault: zombie},
		{scenario: halfOpen, size: small, step: "load.state_written", fault: killed},
		{scenario: duckNamed("insert straight in"), size: big, step: "load.batch_written:3", fault: killed},
		{scenario: duckNamed("upsert"), size: small, step: "load.committed", fault: killed},
		{scenario: duckNamed(replaceNew), size: small, step: "load.state_written", fault: killed},
		{scenario: duckNamed("history"), size: big, step: "load.copy_open", fault: sourceReset},
		{scenario: otherSources()[0], size: big, step: "read.batch", fault: killed},
		{scenario: inParts[0], size: blocky, step: "load.batch_written:3", fault: noPart},
	}
	for _, c := range sample {
		t.Run(c.scenario.name+", "+c.fault.name+" at "+c.step, func(t *testing.T) {
			t.Parallel()
			if reached := disturb(t, w, c); len(reached) != 2 {
				t.Errorf("%d of 2 runs came to the step", len(reached))
			}
		})
	}
}
