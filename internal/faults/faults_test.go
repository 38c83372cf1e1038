package faults_test

import (
	"testing"

	"leat/internal/testdb"
)

func TestFaults(t *testing.T) {
	binary := buildProgram(t)
	w := newWorld(t, binary, testdb.Postgres(t), big, small, blocky)
	t.Run("cells", func(t *testing.T) { disturbCells(t, w) })
	t.Run("parallel writers die", func(t *testing.T) { writersDie(t, w) })
	t.Run("rows of others come meanwhile", func(t *testing.T) { othersCome(t, w) })
	t.Run("bad links change nothing", func(t *testing.T) { badLinks(t, w) })
	t.Run("a lost answer to COMMIT is looked up", func(t *testing.T) { lostAnswer(t, w) })
	t.Run("a silent source ends the run", func(t *testing.T) { silentSource(t, w) })
	t.Run("the database crashes", func(t *testing.T) { databaseCrashes(t, binary) })
}
