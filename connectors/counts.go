package connectors

// Plus adds two counts.
func (c Counts) Plus(other Counts) Counts {
	return Counts{
		Read: c.Read + other.Read, Written: c.Written + other.Written, Unchanged: c.Unchanged + other.Unchanged,
		Duplicate: c.Duplicate + other.Duplicate, Skipped: c.Skipped + other.Skipped, Rejected: c.Rejected + other.Rejected,
		Changed: c.Changed + other.Changed, Bytes: c.Bytes + other.Bytes,
	}
}
