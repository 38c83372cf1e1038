package postgres

import (
	"context"
	"encoding/binary"
	"slices"

	"leat/connectors/sqlload"
	"leat/record"
	"leat/record/pgbinary"
)

// sifts says that rows may be rejected, so that one that COPY refuses must not end the
// load: a letter that the database's encoding lacks, an escape that jsonb cannot hold.
func (it *item) sifts() bool { return it.target.RejectLimit != 0 }

// sieve copies the tuples of one batch where rows may be rejected. COPY takes all of them
// or none, and its failure ends the transaction, so each batch is a COPY of its own behind
// a savepoint; a batch that the server refuses is halved until single rows remain.
type sieve struct {
	l      *load
	it     *item
	tuples []byte
	// ends are the ends of the tuples; made when the server refuses some.
	ends    []int
	refused []sqlload.Rejected
}

// sift copies the tuples of one batch but for the rows that it returns, in order. Their
// places count the tuples.
func (l *load) sift(ctx context.Context, it *item, tuples []byte) ([]sqlload.Rejected, error) {
	v := &sieve{l: l, it: it, tuples: tuples}
	refused, err := v.try(ctx, tuples)
	if err != nil || refused == nil {
		return nil, err
	}
	if v.ends, err = tupleEnds(tuples); err != nil {
		return nil, err
	}
	return v.refused, v.halve(ctx, 0, len(v.ends), *refused)
}

// halve finds the rows that the server refuses in a range that it refused as a whole.
func (v *sieve) halve(ctx context.Context, from, to int, whole record.Reject) error {
	if to-from == 1 {
		whole.Row = from
		v.refused = append(v.refused, sqlload.Rejected{Reject: whole, Document: v.it.lane.looseRow(v.slice(from, to))})
		return nil
	}
	middle := (from + to) / 2
	for _, half := range [][2]int{{from, middle}, {middle, to}} {
		refused, err := v.try(ctx, v.slice(half[0], half[1]))
		if err != nil {
			return err
		}
		if refused == nil {
			continue
		}
		if err := v.halve(ctx, half[0], half[1], *refused); err != nil {
			return err
		}
	}
	return nil
}

// slice returns the tuples of a range.
func (v *sieve) slice(from, to int) []byte { return tuplesOf(v.tuples, v.ends, from, to) }

// tuplesOf returns a range of tuples that end at the given places.
func tuplesOf(tuples []byte, ends []int, from, to int) []byte {
	start := 0
	if from > 0 {
		start = ends[from-1]
	}
	return tuples[start:ends[to-1]]
}

// try copies tuples. Those that the server refuses leave no trace.
func (v *sieve) try(ctx context.Context, tuples []byte) (*record.Reject, error) {
	s := v.l.s
	if err := s.command(ctx, "SAVEPOINT leat_copy; "+searchPathOfRole); err != nil { // the rollback gives the path back
		return nil, err
	}
	rows, err := v.copy(ctx, tuples)
	if err == nil {
		v.it.copied += rows
		return nil, s.command(ctx, "RELEASE SAVEPOINT leat_copy; "+searchPathOfOurs)
	}
	if err = v.l.writeError(ctx, v.it, err); !rowError(err) {
		return nil, err
	}
	reason := reasonOf(err)
	return &reason, s.command(ctx, "ROLLBACK TO SAVEPOINT leat_copy; RELEASE SAVEPOINT leat_copy")
}

func (v *sieve) copy(ctx context.Context, tuples []byte) (int64, error) {
	stream, err := startCopy(ctx, v.l.s, v.it.copySQL())
	if err != nil {
		return 0, err
	}
	defer stream.abort() // harmless after its end
	limit := v.it.batchLimit()
	if err := stream.write(ctx, tuples, limit); err != nil {
		return 0, err
	}
	return stream.finish(ctx, limit, v.l.checking(v.it))
}

// tupleEnds are the places where each tuple ends.
func tupleEnds(tuples []byte) ([]int, error) {
	var ends []int
	for at := 0; at < len(tuples); {
		size, err := tupleSize(tuples[at:])
		if err != nil {
			return nil, err
		}
		at += size
		ends = append(ends, at)
	}
	return ends, nil
}

// tupleSize is the size of the first tuple.
func tupleSize(tuples []byte) (int, error) {
	if len(tuples) < 2 {
		return 0, errTuple
	}
	at := 2
	for range binary.BigEndian.Uint16(tuples) {
		size, err := fieldSize(tuples[at:])
		if err != nil {
			return 0, err
		}
		at += size
	}
	return at, nil
}

// looseRow writes a tuple that was made for the target as a JSON object for people to look
// at.
func (l *lane) looseRow(tuple []byte) string {
	if l.json {
		return looseDocument(tuple)
	}
	fields := make([]pgbinary.Field, len(l.goals))
	for i, goal := range l.goals {
		fields[i] = pgbinary.Field{Name: goal.Name, OID: goal.OID, Typmod: goal.Typmod}
		if goal.Enum { // whose binary form is its label
			fields[i].OID = pgbinary.OIDText
		}
	}
	return looseTuple(fields, tuple[2:])
}

// looseDocument is the document of a tuple of the raw layout, which is its last field
// behind jsonb's version.
func looseDocument(tuple []byte) string {
	fields, last := tuple[2:], []byte(nil)
	for len(fields) > 0 {
		size, err := fieldSize(fields)
		if err != nil {
			return ""
		}
		last, fields = fields[4:size], fields[size:]
	}
	return string(last[min(1, len(last)):])
}

// rising are the rows of rejects in order.
func rising(found []sqlload.Rejected) []record.Reject {
	rows := make([]record.Reject, len(found))
	for i, r := range found {
		rows[i] = r.Reject
	}
	slices.SortFunc(rows, func(a, b record.Reject) int { return a.Row - b.Row })
	return rows
}
