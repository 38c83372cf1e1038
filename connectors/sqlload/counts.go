package sqlload

import (
	"fmt"

	"leat/connectors"
)

// checkSent compares the rows read, the rows sent and the rows the system took.
func (p *Plan) checkSent(in Input) error {
	if in.Sent+in.Rejected != in.Close.RowsRead {
		return &connectors.Error{
			Kind:    connectors.Internal,
			Message: fmt.Sprintf("%d rows were read for %s, but %d reached the load", in.Close.RowsRead, p.Spec.Table, in.Sent+in.Rejected),
		}
	}
	if in.Copied != in.Sent {
		return p.blame(fmt.Sprintf("%d rows were sent, but %d were stored", in.Sent, in.Copied))
	}
	return nil
}

// balance turns figures into counts and proves that they add up.
func (p *Plan) balance(in Input, seen figures) (connectors.Counts, error) {
	if staged, ok := seen["staged"]; ok && staged != in.Copied {
		return connectors.Counts{}, p.blame(fmt.Sprintf("%d rows were copied, but %d are there", in.Copied, staged))
	}
	counts := p.count(in, seen)
	counts.Read, counts.Rejected, counts.Bytes = in.Close.RowsRead, in.Rejected, in.Bytes
	if !counts.Balanced() || counts.Written < 0 || counts.Unchanged < 0 || counts.Skipped < 0 {
		return counts, p.blame(fmt.Sprintf("%d rows were read, but %d written, %d unchanged, %d duplicate, %d skipped and %d rejected",
			counts.Read, counts.Written, counts.Unchanged, counts.Duplicate, counts.Skipped, counts.Rejected))
	}
	if p.Spec.Target.Mode == connectors.TruncateInsert && seen["doubled"] > 0 {
		return counts, p.repeated(seen["doubled"])
	}
	return counts, nil
}

func (p *Plan) repeated(rows int64) error {
	return &connectors.Error{
		Kind:    connectors.Data,
		Message: fmt.Sprintf("%d rows read for %s repeat the key of another row, which its unique index does not allow", rows, p.Spec.Table),
		Fix:     "Remove the doubles at the source, or choose other unique columns.",
	}
}

// count says what became of the copied rows.
func (p *Plan) count(in Input, seen figures) connectors.Counts {
	keys := in.Copied - seen["doubled"] - seen["older"]
	c := connectors.Counts{Duplicate: seen["doubled"] + seen["older"]}
	if p.Direct {
		c.Written, c.Changed = keys, keys+seen["deleted"] // where a swap was given up
		if p.Spec.Target.Mode == connectors.DeleteInsert {
			c.Duplicate, c.Written, c.Changed = 0, in.Copied, in.Copied
		}
		return c
	}
	inserted, updated := seen["inserted"], seen["updated"]
	switch p.Spec.Target.Mode {
	case connectors.Insert:
		c.Written, c.Duplicate, c.Changed = inserted, in.Copied-inserted, inserted
	case connectors.InsertIgnore:
		c.Written, c.Skipped, c.Changed = inserted, keys-inserted, inserted
	case connectors.Upsert:
		p.countUpsert(&c, keys, seen)
	case connectors.Update:
		c.Written, c.Skipped, c.Changed = seen["differing"], seen["missing"], updated
		c.Unchanged = keys - c.Written - c.Skipped
	case connectors.Delete:
		c.Skipped, c.Written, c.Changed = seen["missing"], keys-seen["missing"], seen["deleted"]
	case connectors.DeleteInsert:
		c.Duplicate, c.Written, c.Changed = 0, inserted, inserted+seen["deleted"]
	case connectors.TruncateInsert:
		p.countReplace(&c, keys, seen)
	case connectors.History:
		c.Written, c.Unchanged = inserted, keys-inserted
		c.Changed = inserted + seen["closed"] + seen["absent"]
	}
	return c
}

// countUpsert has two sources: the count of ON CONFLICT, or the probe and its effects.
func (p *Plan) countUpsert(c *connectors.Counts, keys int64, seen figures) {
	if upserted, ok := seen["upserted"]; ok {
		c.Written, c.Changed = upserted, upserted
	} else {
		c.Written, c.Changed = seen["missing"]+seen["differing"], seen["updated"]+seen["inserted"]
	}
	c.Unchanged = keys - c.Written
}

// countReplace knows merge, which leaves equal rows alone, and delete with insert.
func (p *Plan) countReplace(c *connectors.Counts, keys int64, seen figures) {
	if _, merged := seen["doubled"]; merged {
		p.countUpsert(c, keys, seen)
		c.Changed += seen["deleted"]
		return
	}
	c.Written, c.Changed = seen["inserted"], seen["inserted"]+seen["deleted"]
}

// guardSize refuses a whole read that is empty or much smaller than what it replaces.
func (p *Plan) guardSize(in Input, previous int64) error {
	ratio := p.Spec.Target.MinRowsRatio
	if ratio < 0 || !in.Close.Whole || !ReplacesWhole(p.Spec.Target.Mode) {
		return nil
	}
	last := max(previous, in.LastGood)
	if in.Close.RowsRead == 0 && last > 0 {
		return tooFew(fmt.Sprintf("The source gave no rows, but %s has rows or had some at the last good run", p.Spec.Table))
	}
	if in.LastGood >= 0 {
		last = in.LastGood
	}
	if ratio > 0 && float64(in.Close.RowsRead) < ratio*float64(last) {
		return tooFew(fmt.Sprintf("The source gave %d rows for %s, but the last good run had %d", in.Close.RowsRead, p.Spec.Table, last))
	}
	return nil
}

func tooFew(message string) error {
	return &connectors.Error{
		Kind: connectors.Data, Message: message,
		Fix: "If that is right, set min_rows_ratio: -1 for one run, or lower it.",
	}
}
