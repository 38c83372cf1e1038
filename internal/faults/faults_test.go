package faults_test

import (
	"testing"

	"leat/internal/testdb"
)

func TestFaults(t *testing.T) {
	binary := buildProgram(t)
	w := newWorld(t, binary, testdb.Postgres(t), big, small, blocky)
	t.Run("parallel writers die", func(t *testing.T) { writersDie(t, w) })
	t.Run("rows of others come meanwhile", func(t *testing.T) { othersCome(t, w) })
	for name, test := range map[string]func(*testing.T, *world){
		"cells": disturbCells, "bad links change nothing": badLinks, "a lost answer to COMMIT is looked up": lostAnswer,
		"a silent source ends the run": silentSource, "the database crashes": databaseCrashes,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, w)
		})
	}
}
