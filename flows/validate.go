package flows

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"leat/connectors"
)

// MaxParallelism is the most streams of a flow, or parts of a table, at once.
const MaxParallelism = 64

// Validate checks the source against what its system can do. The error is
// connectors.Problems; dataset i has the fields "datasets[i].…".
func (s Source) Validate(can connectors.Capabilities) error {
	problems := connectors.Problems{}
	checkName(problems, s.Name)
	if s.AuthorizerID == "" {
		problems.Add("authorizer", "is missing: choose one")
	}
	if !can.Reads {
		problems.Add("authorizer", "leads to a system that is not read: choose another one")
	}
	if len(s.Datasets) == 0 {
		problems.Add("datasets", "are missing: choose at least one")
	}
	seen := map[string]bool{}
	for i, dataset := range s.Datasets {
		at := fmt.Sprintf("datasets[%d].", i)
		if seen[dataset.Name] {
			problems.Add(at+"name", "is there twice: give each dataset its own name")
		}
		seen[dataset.Name] = true
		dataset.check(problems, at, can)
	}
	return problems.OrNil()
}

// Validate checks the destination against what its system can do.
func (d Destination) Validate(can connectors.Capabilities) error {
	problems := connectors.Problems{}
	checkName(problems, d.Name)
	if d.AuthorizerID == "" {
		problems.Add("authorizer", "is missing: choose one")
	}
	if !can.Loads {
		problems.Add("authorizer", "leads to a system that is not loaded: choose another one")
	}
	if problem := schemaProblem(d.DefaultSchema, can); problem != "" {
		problems.Add("default_schema", problem)
	}
	return problems.OrNil()
}

// Validate checks the flow against what its destination's system can do. The error is
// connectors.Problems; the schedule has the fields "schedule.…" and stream i the fields
// "streams[i].…".
func (f Flow) Validate(can connectors.Capabilities) error {
	problems := connectors.Problems{}
	checkName(problems, f.Name)
	if f.DestinationID == "" {
		problems.Add("destination", "is missing: choose one")
	}
	include(problems, "schedule.", f.Schedule.Validate())
	f.Options.check(problems, can)
	if len(f.Streams) == 0 {
		problems.Add("streams", "are missing: add at least one")
	}
	tables, keys := map[string]string{}, map[string]bool{}
	for i, stream := range f.Streams {
		at := fmt.Sprintf("streams[%d].", i)
		switch other, twice := tables[can.Fold(stream.Table)]; {
		case twice && other == stream.Table:
			problems.Add(at+"table", "is loaded by another stream of the flow: choose another table")
		case twice:
			problems.Add(at+"table", fmt.Sprintf("is the table %s of another stream, since the destination ignores case: choose another table", other))
		}
		if keys[stream.StateKey] {
			problems.Add(at+"state_key", "belongs to another stream of the flow: give each stream its own")
		}
		tables[can.Fold(stream.Table)], keys[stream.StateKey] = stream.Table, true
		stream.check(problems, at, can)
	}
	return problems.OrNil()
}

func (o FlowOptions) check(problems connectors.Problems, can connectors.Capabilities) {
	if o.AtomicFlow && can.Atomicity != connectors.AtomicFlow {
		problems.Add("atomic", "asks for all streams in one commit, which the destination cannot do: leave it out")
	}
	checkCount(problems, "parallelism", o.Parallelism, MaxParallelism)
	checkDuration(problems, "lock_timeout", o.LockTimeout)
	checkDuration(problems, "statement_timeout", o.StatementTimeout)
	checkDuration(problems, "batch_timeout", o.BatchTimeout)
}

func checkName(problems connectors.Problems, name string) {
	if problem := connectors.NameProblem(name); problem != "" {
		problems.Add("name", problem)
	}
}

// include adds the problems of a part under a prefix.
func include(problems connectors.Problems, prefix string, err error) {
	if part, ok := err.(connectors.Problems); ok { //nolint:errorlint // Validate returns Problems as they are
		for field, sentence := range part {
			problems.Add(prefix+field, sentence)
		}
	}
}

func checkCount(problems connectors.Problems, field string, count, limit int) {
	if count < 0 || count > limit {
		problems.Add(field, fmt.Sprintf("is out of range: use 1 to %d, or 0 for the default", limit))
	}
}

func checkDuration(problems connectors.Problems, field, text string) {
	if text == "" {
		return
	}
	if duration, err := time.ParseDuration(text); err != nil || duration <= 0 {
		problems.Add(field, "is not a duration: write one such as 30s or 5m")
	}
}

// checkColumns refuses empty and doubled names.
func checkColumns(problems connectors.Problems, field string, columns []string) {
	for i, column := range columns {
		switch {
		case column == "":
			problems.Add(field, "holds an empty name: take it out")
		case slices.Contains(columns[:i], column):
			problems.Add(field, "holds "+strconv.Quote(column)+" twice: name each column once")
		}
	}
}
