package sqlload

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"leat/connectors"
)

// Session runs SQL on the connection of the applying transaction. Arguments are bound
// as text to $1, $2 and so on. Errors are *connectors.Error already.
type Session interface {
	// Exec returns the number of rows touched.
	Exec(ctx context.Context, sql string, args ...string) (int64, error)
	// Query returns all rows as text.
	Query(ctx context.Context, sql string, args ...string) ([]Row, error)
}

// cataloguer is a session in which statements see what the search path of the user names,
// but for those about the catalogue.
type cataloguer interface {
	Catalogue(ctx context.Context, sql string, args ...string) ([]Row, error)
}

// query runs a statement that returns rows.
func (s Statement) query(ctx context.Context, session Session, args []string) ([]Row, error) {
	if apart, ok := session.(cataloguer); ok && s.Catalogue {
		return apart.Catalogue(ctx, s.SQL, args...)
	}
	return session.Query(ctx, s.SQL, args...)
}

// Row is one row of a small result, as text.
type Row []Value

// Value is one value; Null ones have no text.
type Value struct {
	Text string
	Null bool
}

// Int returns the value as an integer; NULL is 0.
func (v Value) Int() (int64, error) {
	if v.Null {
		return 0, nil
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read a count: %w", err)
	}
	return n, nil
}

// Bool returns the value as a truth; NULL is false.
func (v Value) Bool() bool { return v.Text == "t" || v.Text == "true" }

// Input is what a load knows when its last row has been copied.
type Input struct {
	// Copied is the number of rows the system says it copied.
	Copied int64
	// Sent is the number of rows the load sent.
	Sent int64
	// Rejected is the number of rows that were kept out before.
	Rejected int64
	// Bytes is the volume sent.
	Bytes int64
	Close connectors.Close
	// LastGood is the number of rows of the last whole read that was applied; -1 when
	// there is none.
	LastGood int64
}

// figures are the numbers that a plan's statements gave, by name.
type figures map[string]int64

// RunSetup runs the statements that come before the copy.
func (p *Plan) RunSetup(ctx context.Context, session Session) error {
	seen := figures{}
	err := p.run(ctx, session, p.Setup, Input{}, seen)
	if found, asked := seen[foundRows]; asked && found == 0 {
		p.owned = true
	}
	return err
}

// Apply runs the rest of the plan and returns what became of every row. The caller
// stores the state and commits afterwards, or rolls back on an error.
func (p *Plan) Apply(ctx context.Context, session Session, in Input) (connectors.Report, error) {
	if err := p.checkSent(in); err != nil {
		return connectors.Report{}, err
	}
	seen := figures{}
	if err := p.run(ctx, session, p.Steps, in, seen); err != nil {
		return connectors.Report{}, err
	}
	if err := p.guardSize(in, seen["previous"]); err != nil {
		return connectors.Report{}, err
	}
	counts, err := p.balance(in, seen)
	if err != nil {
		return connectors.Report{}, err
	}
	if err := p.run(ctx, session, slices.Concat(p.Checks, p.After), in, seen); err != nil {
		return connectors.Report{}, err
	}
	report := connectors.Report{Counts: counts, Recipe: p.Recipe, Reason: p.Reason}
	report.Warnings = slices.Concat(p.takenOver, p.repeatedWarning(seen), p.olderWarning(seen), p.alteredWarning(seen))
	if seen[different] > 0 {
		report.Recipe, report.Reason = insteadOfSwap, "the table was changed while its successor was made: "+p.words
	}
	return report, nil
}

// Try runs the steps only, to find out whether the database takes the rows. The caller
// undoes them. Whose rows they replace was asked before, and is not asked on trial, when
// rows of the load itself may stand in the table.
func (p *Plan) Try(ctx context.Context, session Session) error {
	steps := slices.DeleteFunc(slices.Clone(p.Steps), func(s Statement) bool { return s.Owner })
	return p.run(ctx, session, steps, Input{}, figures{})
}

func (p *Plan) run(ctx context.Context, session Session, statements []Statement, in Input, seen figures) error {
	for _, s := range statements {
		if s.skipped(in, seen) {
			continue
		}
		if err := p.runOne(ctx, session, s, in, seen); err != nil {
			return err
		}
		if err := p.check(s, in, seen); err != nil {
			return err
		}
	}
	return nil
}

// skipped says that the statement does not run.
func (s Statement) skipped(in Input, seen figures) bool {
	return s.If != "" && seen[s.If] == 0 || s.Unless != "" && seen[s.Unless] != 0 || s.Whole && !in.Close.Whole
}

func (p *Plan) runOne(ctx context.Context, session Session, s Statement, in Input, seen figures) error {
	if s.Owner {
		return p.checkOwner(ctx, session)
	}
	args := s.Args
	if s.Snapshot {
		args = []string{in.Close.Snapshot.UTC().Format(time.RFC3339Nano)}
	}
	if s.Writes {
		return s.runWritten(ctx, session, args)
	}
	if len(s.Figures) == 0 {
		rows, err := session.Exec(ctx, s.SQL, args...)
		if s.Name != "" {
			seen[s.Name] = rows
		}
		return err
	}
	result, err := s.query(ctx, session, args)
	if err != nil {
		return err
	}
	if s.Words && len(result) == 1 {
		last := len(result[0]) - 1
		p.words, result[0] = result[0][last].Text, result[0][:last]
	}
	return seen.take(s.Figures, result)
}

// runWritten executes the statements that a query returns.
func (s Statement) runWritten(ctx context.Context, session Session, args []string) error {
	rows, err := s.query(ctx, session, args)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := session.Exec(ctx, row[0].Text); err != nil {
			return err
		}
	}
	return nil
}

// take stores the one row of a probe.
func (f figures) take(names []string, result []Row) error {
	if len(result) != 1 || len(result[0]) != len(names) {
		return fmt.Errorf("read the figures %s: the answer has another shape", strings.Join(names, ", "))
	}
	for i, name := range names {
		n, err := result[0][i].Int()
		if err != nil {
			return err
		}
		f[name] = n
	}
	return nil
}

// check compares a statement's effect with what was foretold.
func (p *Plan) check(s Statement, in Input, seen figures) error {
	if s.Again {
		return p.checkAgain(in, seen)
	}
	if s.Zero && seen[s.Name] != 0 {
		return p.interference(s, seen)
	}
	if nulls := seen["nulls"]; nulls > 0 {
		return &connectors.Error{
			Kind:    connectors.Data,
			Message: fmt.Sprintf("%d rows for %s have NULL in the unique columns %s", nulls, p.Spec.Table, strings.Join(p.Spec.Unique, ", ")),
			Fix:     "Leave those rows out at the source, or choose unique columns that are never NULL.",
		}
	}
	if err := p.checkRepeated(seen); err != nil || len(s.Expect) == 0 {
		return err
	}
	var want int64
	for _, name := range s.Expect {
		want += seen[name]
	}
	if seen[s.Name] != want {
		if s.Name == "cascaded" {
			return p.cascade(seen[s.Name] - want)
		}
		if s.Name == "standing" {
			return p.moved(want, seen[s.Name])
		}
		if s.Name == unmatched {
			return p.lost(seen[s.Name] - want)
		}
		return p.miscount(s, want, seen[s.Name])
	}
	return nil
}

// interference is the error of rows that stayed although they had to go, or were there.
func (p *Plan) interference(s Statement, seen figures) error {
	switch s.Name {
	case "doubled":
		return p.repeated(seen["doubled"])
	case different, unsafe:
		return p.changed()
	case unmatched:
		return p.lost(seen[unmatched])
	case "occupied":
		return &connectors.Error{
			Kind: connectors.Conflict, Retryable: true,
			Message: fmt.Sprintf("somebody else wrote into %s while this load began", p.Spec.Table), Fix: "Run it again.",
		}
	}
	return p.blame("some rows that had to be deleted stayed")
}

func (p *Plan) miscount(s Statement, want, got int64) error {
	return p.blame(fmt.Sprintf("%d rows should have been %s, but %d were", want, s.Name, got))
}

// blame names the triggers and rules that can drop rows.
func (p *Plan) blame(what string) error {
	message := fmt.Sprintf("The counts of the load into %s do not add up: %s", p.Spec.Table, what)
	suspects := p.suspects()
	if suspects == "" {
		return &connectors.Error{Kind: connectors.Internal, Message: message}
	}
	return &connectors.Error{
		Kind: connectors.Data, Message: message,
		Fix: "These can drop or redirect rows: " + suspects + ". Disable them for this table, or load into another one.",
	}
}
