package connectors

import "fmt"

// Breach is a rule that a target breaks, whatever stands in the destination. Each rule is
// written here once, for whoever judges a flow, runs it, or loads a table.
type Breach struct {
	// Setting is what mends it, as configuration files call it.
	Setting string
	// Message and Fix are those of an Error.
	Message, Fix string
}

// Refusal is the breach as an error; nil stays nil.
func (b *Breach) Refusal() *Error {
	if b == nil {
		return nil
	}
	return &Error{Kind: Config, Message: b.Message, Fix: b.Fix}
}

// KeyBreach is for a write mode that works by unique columns when there are none. Nobody
// may ask before the key of the source is known.
func (t Target) KeyBreach() *Breach {
	if !t.Mode.NeedsKey() || len(t.Unique) > 0 {
		return nil
	}
	return &Breach{
		Setting: "unique_columns", Message: fmt.Sprintf("%s into %s needs unique columns, and what is read has no key", t.Mode, t.Table),
		Fix: "Name the columns that make a row one of a kind, or use insert or truncate_insert.",
	}
}

// ReplaceBreach is for a read of new rows that would replace all rows.
func (t Target) ReplaceBreach() *Breach {
	if t.Cursor == "" || t.Mode != TruncateInsert {
		return nil
	}
	return &Breach{
		Setting: "write_mode", Fix: "Use upsert, or take the cursor out of the source.",
		Message: fmt.Sprintf("truncate_insert into %s needs whole reads, but the source is read incrementally by %s, so the rows read before would go", t.Table, t.Cursor),
	}
}

// DoublingBreach is for an incremental insert that could not tell known rows from new
// ones. The raw layout compares whole rows, and a half-open read brings none twice.
func (t Target) DoublingBreach() *Breach {
	if t.Mode != Insert || t.Cursor == "" || len(t.Unique) > 0 || t.Overlap == OverlapNone || t.Layout == LayoutRaw {
		return nil
	}
	return &Breach{
		Setting: "unique_columns", Message: fmt.Sprintf("an incremental insert into %s without a key would store the newest rows twice", t.Table),
		Fix: "Name unique columns, use upsert, or set overlap: none for the dataset.",
	}
}

// NewestBreach is for duplicates that a cursor is to decide where there is none.
func (t Target) NewestBreach() *Breach {
	if t.Duplicates != DuplicatesNewest || t.Cursor != "" {
		return nil
	}
	return &Breach{
		Setting: "duplicates", Message: fmt.Sprintf("duplicates: newest for %s needs a cursor, which says what is newer", t.Table),
		Fix: "Give the dataset a cursor, or use duplicates: warn.",
	}
}

// Breach is the first rule that the target breaks, nil when it breaks none.
func (t Target) Breach() *Breach {
	for _, rule := range []func() *Breach{t.KeyBreach, t.ReplaceBreach, t.DoublingBreach, t.NewestBreach} {
		if breach := rule(); breach != nil {
			return breach
		}
	}
	return nil
}
