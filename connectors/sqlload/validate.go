package sqlload

import (
	"fmt"
	"slices"
	"strings"

	"leat/connectors"
)

// validate refuses specs that cannot be loaded right, whatever the system.
func (s Spec) validate() error {
	if !slices.Contains(connectors.WriteModes(), s.Target.Mode) {
		return refuse("the write mode %q is unknown", "Use one of insert, insert_ignore, truncate_insert, upsert, update, delete, delete_insert and history.", s.Target.Mode)
	}
	if len(s.Fields) == 0 {
		return refuse("no column of the source goes into the table %s", "Select at least one column that the table has.", s.Table)
	}
	if s.Target.Mode == connectors.Insert && s.Target.FullRefresh && s.Existing != nil && (s.Existing.Filled || s.Existing.Unseen) {
		return refuse("a full refresh would append all rows to %s again, which has rows", "Empty the table first, or use truncate_insert or upsert.", s.Table)
	}
	if breach := s.Target.Breach(); breach != nil {
		return breach.Refusal()
	}
	if s.Target.Mode.NeedsKey() {
		if err := s.validateKey(); err != nil {
			return err
		}
	}
	if !s.mayRemove() {
		return s.refuseForeign(s.Existing.Ownership, s.Existing.Ownership.Rows)
	}
	return s.validateInsert()
}

func (s Spec) validateKey() error {
	for i, column := range s.Unique {
		if s.field(column).Source == "" {
			return refuse("the unique column %q of %s does not come from the source", "Select it, or name other unique columns.", column, s.Table)
		}
		if slices.Contains(s.Unique[:i], column) {
			return refuse("the unique column %q of %s is named twice", "Name it once.", column, s.Table)
		}
	}
	if s.Target.Mode == connectors.History {
		if err := s.validateHistory(); err != nil {
			return err
		}
	}
	return s.validateDuplicates()
}

// validateWidth refuses a table that the system cannot make.
func (s Spec) validateWidth(limit int) error {
	columns := len(s.Fields)
	if s.Target.Mode == connectors.History {
		columns += len([]string{ValidFrom, ValidTo})
	}
	if limit == 0 || s.Existing != nil || columns <= limit {
		return nil
	}
	return refuse("%s would have %d columns, and a table of this system has at most %d", "Select fewer columns of the source.", s.Table, columns, limit)
}

// validateHistory keeps the names of the version columns free.
func (s Spec) validateHistory() error {
	for _, name := range []string{ValidFrom, ValidTo} {
		if s.field(name).Source != "" {
			return refuse("the source has a column %q, which history needs for itself in %s", "Leave it out, or rename it in a query.", name, s.Table)
		}
		if _, ok := s.Existing.Column(name); s.Existing != nil && !ok {
			return refuse("the table %s has no column %q, so it cannot hold a history", "ALTER TABLE %[1]s ADD COLUMN %[2]q timestamptz, or load into another table.", s.Table, name)
		}
	}
	return nil
}

// validateInsert refuses an incremental insert that could append a row twice.
func (s Spec) validateInsert() error {
	if s.Target.Mode != connectors.Insert || !s.incremental() {
		return nil
	}
	if s.Target.Cursor == connectors.CursorXmin && !s.brings(connectors.CursorXmin) {
		return refuse("an insert into %s cannot be read by xmin, which brings some rows again and tells nothing of them", "Use upsert, or choose a column as cursor.", s.Table)
	}
	if s.Target.Overlap == connectors.OverlapNone {
		return nil
	}
	if s.Existing != nil && s.Existing.Unseen {
		return refuse("an incremental insert into %s must look for rows that are there already, and this user may not read all rows of it",
			"GRANT SELECT ON %[1]s to the user that loads it, or BYPASSRLS where row security hides rows; or set overlap: none.", s.Table)
	}
	if s.Target.Layout == connectors.LayoutRaw {
		return nil
	}
	for _, column := range append(slices.Clone(s.Unique), s.Cursor) {
		if s.field(column).Source == "" {
			return refuse("the column %q, which tells new rows from known ones, does not reach %s", "Select it and add it to the table, or use upsert.", column, s.Table)
		}
	}
	return nil
}

// refuse makes a Config error; format and fix share the arguments, which fix uses by
// index only.
func refuse(format, fix string, args ...any) *connectors.Error {
	if strings.Contains(fix, "%[") {
		fix = fmt.Sprintf(fix, args...)
	}
	return &connectors.Error{Kind: connectors.Config, Message: fmt.Sprintf(format, args...), Fix: fix}
}
